"""Kernels of the arena: streams in an open-addressing table, each a chain of rows from its newest probe back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel

FULL: Final = -2
LATER: Final = -1
"""Answers of `taken` that are no slot: the arena is full; the clock has come to the next sweep."""
ODD: Final = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio: spreads keys that differ in few bits (Knuth, The Art of Computer Programming 3, 6.4)."""


@kernel
def slot_of(key: int, keys: NDArray[np.uint64]) -> int:
    """Where this key stands in the table, or the empty slot where it would.

    keys (C,), C a power of two, 0 for empty.
    """
    mask = np.uint64(len(keys) - 1)
    mixed = np.uint64(key) * np.uint64(ODD)
    place = (mixed ^ (mixed >> np.uint64(32))) & mask
    while keys[place] != np.uint64(0) and keys[place] != np.uint64(key):
        place = (place + np.uint64(1)) & mask
    return np.int64(place)


@kernel
def taken(  # noqa: PLR0917 (kernels take arrays and numbers only)
    key: NDArray[np.uint64],
    time_ns: NDArray[np.int64],
    begin: int,
    clock_ns: int,
    until_ns: int,
    room: int,
    row: int,
    keep: int,
    keys: NDArray[np.uint64],
    count: NDArray[np.int64],
    held: NDArray[np.int32],
    newest: NDArray[np.int32],
    last_ns: NDArray[np.int64],
    due: NDArray[np.int32],
    previous: NDArray[np.int32],
    kept: NDArray[np.bool_],
) -> tuple[int, int, int, int, int]:
    """Put probes into their streams until one has as many as it is due at, or something else must happen first.

    key, time_ns, kept (N,), table (C,), previous (rows,) -> next probe; slot, FULL or LATER; used; room; clock.
    """
    used = row
    for n in range(begin, len(key)):
        if time_ns[n] >= until_ns:
            return n, LATER, used, room, clock_ns
        slot = slot_of(key[n], keys)
        if used == len(previous) or (keys[slot] == np.uint64(0) and room == 0):
            return n, FULL, used, room, clock_ns
        if keys[slot] == np.uint64(0):
            keys[slot] = key[n]
            room -= 1
        clock_ns = max(clock_ns, time_ns[n])
        last_ns[slot] = max(last_ns[slot], time_ns[n])
        count[slot] += 1
        if held[slot] >= keep:
            continue
        kept[n] = True
        previous[used] = newest[slot]
        newest[slot] = used
        used += 1
        held[slot] += 1
        if held[slot] == due[slot]:
            return n + 1, slot, used, room, clock_ns
    return len(key), LATER, used, room, clock_ns


@kernel
def chain(newest: int, held: int, previous: NDArray[np.int32]) -> NDArray[np.int64]:
    """The rows of one stream, oldest first.

    previous (rows,) -> (held,)
    """
    rows = np.empty(held, np.int64)
    row = newest
    for n in range(held - 1, -1, -1):
        rows[n] = row
        row = previous[row]
    return rows


@kernel
def linked(rows: NDArray[np.int64], previous: NDArray[np.int32]) -> None:
    """Make these rows a chain of their own.

    rows (R,) ascending, previous (all rows,)
    """
    before = np.int32(-1)
    for row in rows:
        previous[row] = before
        before = np.int32(row)


@kernel
def forgotten(stream: NDArray[np.uint64], keys: NDArray[np.uint64], leaving: NDArray[np.bool_]) -> None:
    """Give up the rows of the streams that leave.

    stream (rows,), keys and leaving (C,)
    """
    for row in range(len(stream)):
        if stream[row] != np.uint64(0) and leaving[slot_of(stream[row], keys)]:
            stream[row] = np.uint64(0)


@kernel
def rehashed(old: NDArray[np.uint64], alive: NDArray[np.bool_], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each slot that is alive goes in an empty table, -1 for those that are not.

    old, alive (C,), keys (C',) -> (C,)
    """
    to = np.full(len(old), -1, np.int64)
    for slot in range(len(old)):
        if alive[slot]:
            to[slot] = slot_of(old[slot], keys)
            keys[to[slot]] = old[slot]
    return to
