"""The scans of one capture side by side, and what a proof says of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Line
from scangait.evidence.walk import first_probes
from scangait.gait.addresses import ordered
from scangait.gait.samples import NANOSECOND, Sample
from scangait.probes import Probes, take
from scangait.telescope import Telescope

LOOKED: Final = 32
"""Probes of a scan that are laid on another's walk, and of which the headers are looked at."""
SURE_BITS: Final = 14.0
"""A campaign is named when accident explains it once in 2^14 captures, with every choice of scans counted."""


@dataclass(frozen=True, slots=True)
class Scans:
    """S scans of single sources: `samples`, their proven walks `lines` (None: none), whether it is `open` (S,) that
    one without a walk of its own lies on another's, and columns (S,).

    `gap_s` are mean gaps. Scans are ordered by their first probe, so that nothing depends on how they were listed.
    """

    probes: Probes
    scope: Telescope
    samples: tuple[Sample, ...]
    lines: tuple[Line | None, ...]
    open: NDArray[np.bool_]
    source: NDArray[np.int64]
    port: NDArray[np.int64]
    proto: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    gap_s: NDArray[np.float64]
    _first: dict[int, tuple[NDArray[np.float64], NDArray[np.uint32]]] = field(default_factory=dict)
    _places: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    def places(self, scan: int) -> NDArray[np.int64]:
        """The distinct telescope positions (K,) of a scan, ascending."""
        if scan not in self._places:
            self._places[scan] = ordered(self.samples[scan].place, self.scope.size)
        return self._places[scan]

    def first(self, scan: int) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
        """Seconds and addresses (K,) of the first probes of a scan, those that are laid on another's walk."""
        if scan not in self._first:
            sample = self.samples[scan]
            seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
            self._first[scan] = first_probes(seconds, self.probes.dst[sample.members], LOOKED)
        return self._first[scan]

    def together(self, scan: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `others` (G,) lie no further apart in time from a scan than the longer lasts."""
        first, last = self.first_ns, self.last_ns
        apart = np.maximum(first[others], first[scan]) - np.minimum(last[others], last[scan])
        return np.asarray(apart <= np.maximum(last[others] - first[others], last[scan] - first[scan]))

    def groups(self) -> list[NDArray[np.int64]]:
        """The scans of each (protocol, port) that several scans have."""
        _, place = np.unique(self.proto * 2**16 + self.port, return_inverse=True)
        groups = (np.flatnonzero(place == number) for number in range(place.max(initial=-1) + 1))
        return [group for group in groups if len(group) > 1]

    def sizes(self, some: Sequence[int]) -> NDArray[np.int64]:
        """Distinct addresses of each source among `some` scans, and of their union, the last."""
        by_source: dict[int, list[NDArray[np.int64]]] = {}
        for scan in some:
            by_source.setdefault(int(self.source[scan]), []).append(self.places(scan))
        own = [len(np.unique(np.concatenate(parts))) for parts in by_source.values()]
        return np.array([*own, len(np.unique(np.concatenate([self.places(scan) for scan in some])))])


@dataclass(frozen=True, slots=True)
class Join:
    """A `proof` that `members` (indices of scans) are one campaign: its `bits` against accident, and the sentence."""

    members: tuple[int, ...]
    proof: str
    bits: float
    reason: str
    line: Line | None = None


def choice(among: int, chosen: int) -> float:
    """The bits that it costs to choose so many scans among so many."""
    return log2(comb(among, chosen))


def heads(scans: Scans) -> tuple[Probes, NDArray[np.int64]]:
    """The first LOOKED probes of each scan, one scan after another, and their exclusive ends (S,)."""
    members = [sample.members[:LOOKED] for sample in scans.samples]
    return take(scans.probes, np.concatenate(members)), np.cumsum([len(own) for own in members])


def in_order(
    probes: Probes,
    scope: Telescope,
    samples: Sequence[Sample],
    lines: Sequence[Line | None],
    open_: NDArray[np.bool_],
) -> tuple[Scans, NDArray[np.int64]]:
    """Scans in an order of their own, and the index (S,) of each in `samples`."""
    first = np.array([sample.members[0] for sample in samples], np.int64)
    source, proto = probes.src[first].astype(np.int64), probes.proto[first].astype(np.int64)
    port, begun = probes.dport[first].astype(np.int64), probes.time_ns[first]
    order = np.lexsort((first, proto, port, source, begun))
    listed = [samples[index] for index in order]
    last = np.array([sample.time_ns[-1] for sample in listed], np.int64)
    gaps = np.array([max(len(sample.members) - 1, 1) for sample in listed])
    scans = Scans(
        probes,
        scope,
        tuple(listed),
        tuple(lines[index] for index in order),
        open_[order],
        source[order],
        port[order],
        proto[order],
        begun[order],
        last,
        (last - begun[order]) * NANOSECOND / gaps,
    )
    return scans, order
