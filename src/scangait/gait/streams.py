"""Streams: which probes are read as one walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Threads
from scangait.kernel import kernel
from scangait.probes import Probes

WORD_BITS: Final = 64
MANY: Final = 2**20
"""Probes from which two threads sort faster than one."""
DIGIT: Final = 11
"""Bits that are sorted by at once: as many heaps as stay in the second-level cache."""
VALUES: Final = 2**DIGIT


@dataclass(frozen=True, slots=True)
class Streams:
    """Probes grouped into walks: `order` (N,) indices into the probes, stream by stream and in time order inside each;
    `ends` (S,) exclusive end of each stream in `order`.
    """

    order: NDArray[np.int64]
    ends: NDArray[np.int64]


def by_source(probes: Probes) -> Streams:
    """One stream per (source, destination port, protocol): how unknown traffic is read."""
    return _grouped(probes, (probes.proto, probes.dport, probes.src))


def by_label(probes: Probes) -> Streams:
    """One stream per (label, destination port): the paper's sub-datasets. Raises ValueError without labels."""
    if probes.label is None:
        raise ValueError("probes have no label column")
    names, codes = np.unique(probes.label, return_inverse=True)
    grouped = _grouped(probes, (probes.dport, codes))
    unlabelled = np.flatnonzero(names == "")
    if not len(unlabelled):
        return grouped
    starts = np.r_[0, grouped.ends[:-1]]
    keep = codes[grouped.order[starts]] != unlabelled[0]
    lengths = (grouped.ends - starts)[keep]
    return Streams(grouped.order[np.repeat(keep, grouped.ends - starts)], np.cumsum(lengths))


def _grouped(probes: Probes, keys: tuple[NDArray[Any], ...]) -> Streams:
    """Sort by the keys, the last most significant, and by time inside; stable, so equal times keep their order.

    Raises ValueError for keys that do not fit into 64 bits together.
    """
    widths = [int(key.max(initial=0)).bit_length() for key in keys]
    bits = sum(widths)
    if bits > WORD_BITS:
        raise ValueError(f"keys of {bits} bits do not fit into {WORD_BITS}")
    words = np.zeros(len(probes), np.uint64)
    for key, width in zip(reversed(keys), reversed(widths), strict=True):  # in place: fresh memory costs more than this
        words <<= np.uint64(width)
        np.bitwise_or(words, key, out=words, casting="unsafe", dtype=np.uint64)
    order = np.arange(len(probes))
    if np.any(probes.time_ns[1:] < probes.time_ns[:-1]):
        order = np.argsort(probes.time_ns, kind="stable")
        words = words[order]
    words, order = _in_halves(words, order, bits) if len(order) > MANY else _sorted(words, order, *_room(order), bits)
    new = np.flatnonzero(words[1:] != words[:-1]) + 1
    return Streams(order, np.append(new, len(order)) if len(order) else new)


def _room(order: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    return np.empty(len(order), np.uint64), np.empty_like(order)


def _in_halves(
    words: NDArray[np.uint64], order: NDArray[np.int64], bits: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The same as `_sorted`, half by half on two threads, and merged."""
    half, (spare, spare_order) = len(order) // 2, _room(order)
    parts = (slice(0, half), slice(half, None))
    low, high = Threads(2).map(lambda own: _sorted(words[own], order[own], spare[own], spare_order[own], bits), parts)
    free = (words, order) if np.shares_memory(low[0], spare) else (spare, spare_order)
    _merge(*low, *high, *free)
    return free


@kernel
def _merge(
    words: NDArray[np.uint64],
    order: NDArray[np.int64],
    later: NDArray[np.uint64],
    later_order: NDArray[np.int64],
    merged: NDArray[np.uint64],
    merged_order: NDArray[np.int64],
) -> None:
    """Words (A,), later (B,), both ascending, and what goes with them -> merged (A + B,), equals in that order."""
    a, b = 0, 0
    for place in range(len(merged)):
        if b == len(later) or (a < len(words) and words[a] <= later[b]):
            merged[place], merged_order[place] = words[a], order[a]
            a += 1
        else:
            merged[place], merged_order[place] = later[b], later_order[b]
            b += 1


@kernel
def _sorted(
    words: NDArray[np.uint64],
    order: NDArray[np.int64],
    spare: NDArray[np.uint64],
    spare_order: NDArray[np.int64],
    bits: int,
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Words (N,) of so many `bits` and what goes with them (N,), sorted digit after digit, which is stable and several
    times as fast as comparing; what is given serves as room, with as much to `spare`.
    """
    last, place = np.uint64(VALUES - 1), np.empty(VALUES + 1, np.int64)
    for low in range(0, bits, DIGIT):
        shift = np.uint64(low)
        for value in range(len(place)):
            place[value] = 0
        for word in words:
            place[np.int64((word >> shift) & last) + 1] += 1
        for value in range(VALUES):
            place[value + 1] += place[value]
        for probe in range(len(words)):
            digit = np.int64((words[probe] >> shift) & last)
            spare[place[digit]], spare_order[place[digit]] = words[probe], order[probe]
            place[digit] += 1
        words, order, spare, spare_order = spare, spare_order, words, order
    return words, order
