"""Captures and row files into probes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final

import numpy as np

from scangait.capture.batch import Batch, Tally
from scangait.capture.opening import ahead, chunks, expand
from scangait.capture.packets import SHORTEST, is_capture, packets
from scangait.capture.unpack import Damaged
from scangait.errors import CaptureError
from scangait.probes import Probes, concat, in_time_order

__all__ = ["Batch", "Tally", "batches", "load", "read"]

MAGIC_BYTES: Final = 4
ROOM: Final = 2**26
"""Probes for which there is room before any is read, at most: what is not filled takes no memory."""
Sources = str | Path | Iterable[str | Path]


def batches(sources: Sources, *, columns: Mapping[str, str] | None = None) -> Iterator[Batch]:
    """Batches of probes from captures (pcap, pcapng) and row files (CSV, TSV, Parquet, Zeek, Suricata), in order.

    `sources` are files, globs, folders or "-" for standard input; gzip and zstd are undone. `columns` maps our column
    names to those of a row file. Raises CaptureError for what cannot be read.
    """
    for name in expand(sources):
        pieces = chunks(name)
        head = _head(name, pieces)
        whole = itertools.chain([head], pieces)
        if is_capture(head):
            yield from packets(name, whole)
        else:
            from scangait.capture.rows import row_batches

            yield from row_batches(name, head, whole, columns or {})


def _told(parts: Iterable[Batch], tallies: list[Tally]) -> Iterator[Probes]:
    """The probes of each batch, held by nobody else; the tallies are put aside."""
    for part in parts:
        tallies.append(part.tally)
        yield part.probes


def _head(name: str, pieces: Iterator[bytes]) -> bytes:
    """The first bytes, at least four where there are so many."""
    head = b""
    try:
        while len(head) < MAGIC_BYTES and (more := next(pieces, b"")):
            head += more
    except Damaged as damage:
        raise CaptureError(f"{damage} (only {len(head)} bytes came out)") from damage
    if not head:
        raise CaptureError(f"{name}: the file is empty; was anything captured?")
    return head


def load(sources: Sources, *, columns: Mapping[str, str] | None = None) -> Batch:
    """Everything in the sources as one batch, sorted by time; times that went backwards are counted.

    Probes are put together while another thread parses those that come next.
    """
    tallies: list[Tally] = []
    names = expand(sources)
    size = sum(Path(name).stat().st_size for name in names if Path(name).is_file())
    told = _told(ahead(batches(names, columns=columns)), tallies)
    probes = concat((part for part in told if len(part)), min(size // SHORTEST, ROOM))
    tally = reduce(add, tallies, Tally())
    backwards = int(np.sum(probes.time_ns[1:] < probes.time_ns[:-1]))
    return Batch(in_time_order(probes), tally + Tally(out_of_order=backwards))


def read(sources: Sources, *, columns: Mapping[str, str] | None = None) -> Probes:
    """The probes in the sources, sorted by time."""
    return load(sources, columns=columns).probes
