"""Labels for learning: the tool of each probe by its header marks, then by a list of sources."""

from __future__ import annotations

import csv
import ipaddress
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scangait.errors import CaptureError
from scangait.evidence.signature import marks
from scangait.probes import Probes


@dataclass(frozen=True, slots=True)
class SourceList:
    """Known scanners: disjoint ranges `first` and `last` (R,) inclusive, ascending, and their `label` (R,)."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    label: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Labels:
    """`label` (N,) of each probe, "" where nobody knows; how many probes each `reason` named; how many are disputed."""

    label: NDArray[np.str_]
    reasons: dict[tuple[str, str], int]
    conflicts: int


def label(probes: Probes, sources: SourceList | None = None) -> Labels:
    """Name the tool of each probe: the mark least likely by accident, else the source list, else its own column.

    A probe with the marks of two tools, or whose source list says otherwise than its marks, is a conflict.
    """
    given = np.full(len(probes), "") if probes.label is None else probes.label
    chosen, reasons, conflict = np.full(len(probes), "", "<U64"), {}, np.zeros(len(probes), np.bool_)
    for mark in sorted(marks(probes), key=lambda mark: mark.signature.accident):
        conflict |= mark.found & (chosen != "") & (chosen != mark.label)
        reasons[mark.label, mark.signature.reason] = _name(chosen, mark.found, mark.label)
    listed = _by_source(probes, sources) if sources else np.full(len(probes), "")
    for others, why in ((listed, "listed source"), (given, "label column")):
        conflict |= (others != "") & (chosen != "") & (chosen != others)
        for name in np.unique(others[others != ""]).tolist():
            reasons[name, why] = _name(chosen, others == name, name)
    counted = {reason: count for reason, count in reasons.items() if count}
    return Labels(chosen, counted, int(conflict.sum()))


def source_list(path: Path) -> SourceList:
    """Read a CSV of `prefix,label` rows. Raises CaptureError for a row that does not parse, with its number."""
    try:
        rows = list(csv.reader(path.read_text().splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise CaptureError(f"{path}: cannot be read ({error}); give a CSV of prefix,label") from error
    ranges = []
    for number, row in enumerate(rows, 1):
        if not row or row[0].startswith("#") or (number == 1 and row[0] == "prefix"):
            continue
        try:
            network, name = ipaddress.IPv4Network(row[0].strip()), row[1].strip().lower()
        except (ValueError, IndexError) as error:
            raise CaptureError(f"{path}: row {number}: {','.join(row)!r} is no prefix,label ({error})") from error
        ranges.append((int(network[0]), int(network[-1]), name))
    ranges.sort()
    for before, after in itertools.pairwise(ranges):
        if after[0] <= before[1]:
            raise CaptureError(f"{path}: prefixes of {before[2]!r} and {after[2]!r} overlap; list each address once")
    first, last, names = zip(*ranges, strict=True) if ranges else ((), (), ())
    return SourceList(np.array(first, np.int64), np.array(last, np.int64), np.array(names, np.str_))


def _by_source(probes: Probes, sources: SourceList) -> NDArray[np.str_]:
    if not len(sources.first):
        return np.full(len(probes), "")
    src = probes.src.astype(np.int64)
    place = np.clip(np.searchsorted(sources.first, src, side="right") - 1, 0, None)
    inside = (src >= sources.first[place]) & (src <= sources.last[place])
    return np.where(inside, sources.label[place], "")


def _name(chosen: NDArray[np.str_], found: NDArray[np.bool_], name: str) -> int:
    """Give the name to the probes that have none yet, in place; how many."""
    fresh = found & (chosen == "")
    chosen[fresh] = name
    return int(fresh.sum())
