"""Addresses: which probes of a sample are the first at theirs, and which come again; one pass each, without sorting."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel

SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: neighbouring addresses land far apart (Knuth, The Art of Computer Programming, 6.4)."""

SPARSE: Final = 64
"""Addresses of a telescope to each probe, above which sorting the probes is faster than looking through it."""


def distinct(place: NDArray[np.integer]) -> int:
    """How many addresses there are among `place` (N,)."""
    return len(first_of_each(place, len(place)))


def first_of_each(place: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Which of the probes at `place` (N,) are the first at their addresses, ascending, `most` at most (K,)."""
    found = np.empty(min(most, len(place)), np.int64)
    return found[: _first_of_each(place.astype(np.int64, copy=False), _table(len(found) + 1), found)]


def ordered(place: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The distinct positions among `place` (N,), ascending (K,), of a telescope of `size` addresses."""
    if size > SPARSE * len(place):
        return np.unique(place)
    seen = np.zeros(size, np.bool_)
    seen[place] = True
    return np.flatnonzero(seen)


def repeated(place: NDArray[np.int64], time_ns: NDArray[np.int64], soon_ns: int) -> tuple[int, int]:
    """How many probes (N,) in time order come to an address again within `soon_ns` of the last, and how many later."""
    soon, later = _repeated(place, time_ns, soon_ns, _table(len(place)))
    return int(soon), int(later)


def in_windows(place: NDArray[np.int64], window: NDArray[np.int64], windows: int) -> NDArray[np.int64]:
    """Distinct addresses (W,) among the probes (N,) of each window 0..windows - 1; `window` (N,) ascends."""
    counts = np.zeros(windows, np.int64)
    _in_windows(place, window, _table(len(place)), counts)
    return counts


def _table(count: int) -> NDArray[np.int32]:
    """Free slots (0), a power of two and at least twice as many as there are probes."""
    return np.zeros(max(16, 1 << (2 * count - 1).bit_length()), np.int32)


@kernel
def _slot(table: NDArray[np.int32], place: NDArray[np.int64], probe: int) -> np.uint64:
    """Where `table` (a power of two,) has the last probe (1 and up) at the address of this one, or has room for it."""
    mask = np.uint64(len(table) - 1)
    slot = (np.uint64(place[probe]) * SPREAD >> np.uint64(32)) & mask
    while table[slot] and place[table[slot] - 1] != place[probe]:
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def _first_of_each(place: NDArray[np.int64], table: NDArray[np.int32], found: NDArray[np.int64]) -> int:
    """Place (N,), free `table` (a power of two,): how many are written into `found` (K,), which may hold fewer."""
    count = 0
    for probe in range(len(place)):
        slot = _slot(table, place, probe)
        if not table[slot]:
            if count == len(found):
                break
            table[slot], found[count] = probe + 1, probe
            count += 1
    return count


@kernel
def _repeated(
    place: NDArray[np.int64], time_ns: NDArray[np.int64], soon_ns: int, table: NDArray[np.int32]
) -> tuple[int, int]:
    """Place (N,), time_ns (N,), free `table` (a power of two,) -> soon, later."""
    soon, later = 0, 0
    for probe in range(len(place)):
        slot = _slot(table, place, probe)
        if table[slot]:
            if time_ns[probe] - time_ns[table[slot] - 1] > soon_ns:
                later += 1
            else:
                soon += 1
        table[slot] = probe + 1
    return soon, later


@kernel
def _in_windows(
    place: NDArray[np.int64], window: NDArray[np.int64], table: NDArray[np.int32], counts: NDArray[np.int64]
) -> None:
    """Place (N,), window (N,), free `table` (a power of two,): added to `counts` (W,)."""
    for probe in range(len(place)):
        slot = _slot(table, place, probe)
        last = table[slot]
        if window[probe] < len(counts) and (not last or window[last - 1] != window[probe]):
            counts[window[probe]] += 1
        table[slot] = probe + 1
