"""The arena: the probes of every stream that is being followed, in columns of a fixed size.

Nothing in it grows. Whoever sends one packet takes one row; when no row is left, what was said least about and is
quiet longest goes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import COLUMNS, Probes, columns
from scangait.recognise.live.table import chain, forgotten, linked, rehashed, slot_of, taken

LEAST_ROWS: Final = 1 << 12
ROW_BYTES: Final = 56
"""All columns of a probe, its stream and the link to the probe before."""
SLOT_BYTES: Final = 40
LOAD: Final = 0.7
"""Share of the table's slots that may be taken."""
LEFT: Final = 0.5
"""Share of the rows and slots that are still taken after making room."""
SLOTS: Final = {"count": np.int64, "held": np.int32, "newest": np.int32, "last_ns": np.int64, "due": np.int32}


def sized(memory: int) -> tuple[int, int]:
    """How many rows and slots (a power of two) fit into so many bytes; the table is there twice while it is renewed."""
    slots = 1 << max(memory // (4 * SLOT_BYTES), LEAST_ROWS).bit_length() - 1
    return max((memory - 2 * SLOT_BYTES * slots) // ROW_BYTES, LEAST_ROWS), slots


def keys_of(probes: Probes) -> NDArray[np.uint64]:
    """The stream (source, port, protocol) of each probe (N,), never 0."""
    source, port = probes.src.astype(np.uint64), probes.dport.astype(np.uint64)
    key: NDArray[np.uint64] = np.uint64(1 << 60) | source << np.uint64(24) | port << np.uint64(8) | probes.proto
    return key


class Arena:
    """`rows` probes at most, of which each stream keeps its first `keep`; `due` is at how many a stream is looked at.

    `used` rows are taken, some perhaps by streams that are gone. A slot is where a stream stands in the table; it moves
    when room is made. `clock_ns` is the newest time seen.
    """

    def __init__(self, rows: int, slots: int, keep: int, due: int) -> None:
        self.keep, self.first_due = keep, due
        self.used, self.clock_ns = 0, 0
        self.columns: dict[str, NDArray[Any]] = {}
        self.previous = np.empty(rows, np.int32)
        self.stream = np.empty(rows, np.uint64)
        self.keys = np.full(slots, 0, np.uint64)
        self.taken_slots = 0
        self.slots: dict[str, NDArray[Any]] = self._fresh()

    def take(
        self, probes: Probes, key: NDArray[np.uint64], begin: int, until_ns: int
    ) -> tuple[int, int, NDArray[np.bool_]]:
        """Put in probes from `begin` on: which comes next, what has to be done before it, and which were kept (N,)."""
        self._columns(probes)
        kept, row = np.zeros(len(probes), np.bool_), self.used
        room = int(LOAD * len(self.keys)) - self.taken_slots
        slots = [self.slots[name] for name in SLOTS]
        end, what, self.used, left, self.clock_ns = taken(
            key, probes.time_ns, begin, self.clock_ns, until_ns, room, row, self.keep, self.keys, *slots,
            self.previous, kept,
        )  # fmt: skip
        self.taken_slots += room - left
        own = np.flatnonzero(kept[begin:end]) + begin
        for name, column in self.columns.items():
            column[row : self.used] = getattr(probes, name)[own]
        self.stream[row : self.used] = key[own]
        return int(end), int(what), kept

    def slot(self, key: int) -> int:
        """Where a stream stands."""
        return int(slot_of(np.uint64(key), self.keys))

    def probes(self, slot: int) -> tuple[NDArray[np.int64], Probes]:
        """The rows that a stream holds and their probes, in time order; those of one instant as they came."""
        rows = chain(self.slots["newest"][slot], self.slots["held"][slot], self.previous)
        rows = rows[np.argsort(self.columns["time_ns"][rows], kind="stable")]
        key = int(self.keys[slot])
        src = np.full(len(rows), key >> 24 & 0xFFFFFFFF, np.uint32)
        dport, proto = np.full(len(rows), key >> 8 & 0xFFFF, np.uint16), np.full(len(rows), key & 0xFF, np.uint8)
        own = {name: column[rows] for name, column in self.columns.items()}
        return rows, Probes(src=src, dport=dport, proto=proto, **own)

    def keep_only(self, slot: int, rows: NDArray[np.int64]) -> None:
        """Forget the probes of a stream but these rows; it is then due as a new one is."""
        own = chain(self.slots["newest"][slot], self.slots["held"][slot], self.previous)
        self.stream[np.setdiff1d(own, rows)] = 0
        rows = np.sort(rows)
        linked(rows, self.previous)
        self.slots["held"][slot] = self.slots["count"][slot] = len(rows)
        self.slots["newest"][slot] = rows[-1] if len(rows) else -1
        self.slots["due"][slot] = max(self.first_due, len(rows) + 1)

    def clear(self) -> None:
        """Forget every stream."""
        self.used = self.taken_slots = 0
        self.keys.fill(0)
        self.slots = self._fresh()

    def make_room(self, evict: Callable[[NDArray[np.int64]], None], important: NDArray[np.int64]) -> int:
        """Let go of what is quiet longest until half is free, unimportant streams first; how many of those went.

        `important` are the slots of streams about which something can be said: `evict` is told of those that have to
        go. Slots move.
        """
        held, last_ns = self.slots["held"], self.slots["last_ns"]
        leaving = held > 0
        leaving[important] = False
        small = np.flatnonzero(leaving)
        excess = held.sum(dtype=np.int64) - LEFT * len(self.previous)
        streams = np.count_nonzero(held) - LEFT * LOAD * len(self.keys)
        own = held[small].sum(dtype=np.int64)
        go = int(np.clip(max(excess / max(own, 1) * len(small), streams), 0, len(small)))
        if go < len(small):
            cut = np.partition(last_ns[small], go)[go]
            before = last_ns[small] < cut
            leaving[small] = before if 2 * before.sum() >= go else last_ns[small] <= cut
        excess -= held[leaving].sum(dtype=np.int64)
        if excess > 0 and go == len(small):
            order = important[np.argsort(last_ns[important], kind="stable")]
            large = order[: int(np.searchsorted(np.cumsum(held[order]), excess)) + 1]
            evict(large)
            leaving[large] = True
        forgotten(self.stream[: self.used], self.keys, leaving)
        gone = int(np.count_nonzero(leaving[small]))
        held[leaving] = 0
        self._compact()
        return gone

    def _compact(self) -> None:
        """Close the gaps between rows, and build the table anew without the streams that hold none."""
        alive = np.flatnonzero(self.stream[: self.used] != 0)
        to = np.full(self.used + 1, -1, np.int32)  # the last entry stands for "none"
        to[alive] = np.arange(len(alive), dtype=np.int32)
        for column in (*self.columns.values(), self.stream):
            column[: len(alive)] = column[alive]
        self.previous[: len(alive)] = to[self.previous[alive]]
        self.used = len(alive)
        keys = np.full_like(self.keys, 0)
        moved = rehashed(self.keys, self.slots["held"] > 0, keys)
        old, self.keys, self.slots = self.slots, keys, self._fresh()
        stay = np.flatnonzero(moved >= 0)
        for name, values in old.items():
            self.slots[name][moved[stay]] = to[values[stay]] if name == "newest" else values[stay]
        self.taken_slots = len(stay)

    def _fresh(self) -> dict[str, NDArray[Any]]:
        # written, not left to np.zeros: memory that is taken page by page would rise and fall with the traffic
        slots: dict[str, NDArray[Any]] = {name: np.full(len(self.keys), 0, kind) for name, kind in SLOTS.items()}
        slots["newest"].fill(-1)
        slots["due"].fill(self.first_due)
        return slots

    def _columns(self, probes: Probes) -> None:
        """Columns for what these probes have; one that any probe lacked is gone for good."""
        had = set(columns(probes)) - {"src", "dport", "proto", "label"}
        if not self.columns and not self.used:
            self.columns = {name: np.empty(len(self.previous), COLUMNS[name]) for name in COLUMNS if name in had}
        for name in set(self.columns) - had:
            del self.columns[name]

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that a later arena of the same size needs to go on, in arrays."""
        there = np.flatnonzero(self.keys)
        table = {f"slot_{name}": values[there] for name, values in self.slots.items()}
        rows = {f"row_{name}": values[: self.used] for name, values in self.columns.items()}
        return {
            **table, **rows, "keys": self.keys[there], "places": there, "previous": self.previous[: self.used],
            "stream": self.stream[: self.used],
            "clock": np.array([self.clock_ns, len(self.previous), self.keep, self.taken_slots], np.int64),
        }  # fmt: skip

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Become what `state` says. Raises ValueError where that was an arena of another size."""
        clock_ns, rows, keep, taken_slots = state["clock"].tolist()
        if (rows, keep) != (len(self.previous), self.keep):
            raise ValueError("it was written with another --memory")
        self.clock_ns, self.taken_slots = clock_ns, taken_slots
        self.used = len(state["stream"])
        self.previous[: self.used], self.stream[: self.used] = state["previous"], state["stream"]
        self.columns = {}
        for name in COLUMNS:
            if f"row_{name}" in state:
                self.columns[name] = np.empty(rows, COLUMNS[name])
                self.columns[name][: self.used] = state[f"row_{name}"]
        self.keys[state["places"]] = state["keys"]
        for name in SLOTS:
            self.slots[name][state["places"]] = state[f"slot_{name}"]
