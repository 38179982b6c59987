"""One ZMap walk shared by several sources: their probes advance with time under one and the same generator.

Shards and threads of one scan step through one cycle, each through its own part: interleaved up to 2.1, one arc each
since 3.0 (scanners.md, 1.4). Under the multiplier of one shard the probes of every other lie on a line, wherever it
begins, also where the multiplier is known up to a lift only (scanners.md, 3.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Ground, Line, logarithms_of
from scangait.evidence.line import carried
from scangait.evidence.points import Points
from scangait.evidence.walk import LEAST, find
from scangait.gait.samples import NANOSECOND
from scangait.kernel import kernel
from scangait.recognise.joins.overlap import rarity
from scangait.recognise.joins.scans import SURE_BITS, Join, Scans, choice
from scangait.scanners.cyclic import units
from scangait.scanners.zmap_order import SMALL_GENERATOR

PROOF: Final = "one ZMap walk"
FASTER: Final = 8.0
"""Sources of one campaign send at most so many times faster or slower than each other."""
FIT_BITS: Final = 22.0
ALIKE: Final = 48
"""Small multiples: lifts go up to 20, threads and shards that are told apart to 16."""
SEARCHED: Final = 3
"""A group that shares its targets out is searched for a walk in so many of its largest scans."""


def walks(scans: Scans, group: NDArray[np.int64]) -> list[Join]:
    """The campaigns in a group of one port: scans on whose walks, where they are known, others lie."""
    return list(_of_port(scans, group))


def proven(scans: Scans, members: Iterable[int], free: NDArray[np.bool_], blocked: str) -> Join | None:
    """The walk of a group that was found otherwise, with all `free` (S,) scans of its port that lie on it too."""
    largest = sorted(members, key=lambda scan: -len(scans.samples[scan].members))[:SEARCHED]
    found = [(line.bits, scan, line) for scan in largest if (line := _line(scans, scan, blocked)) is not None]
    if not found:
        return None
    _, scan, line = max(found, key=lambda one: one[:2])
    group = np.flatnonzero((scans.port == scans.port[scan]) & (scans.proto == scans.proto[scan]) & free)
    return _join(scans, line, _on(scans, line, scan, group), len(group))


def _line(scans: Scans, scan: int, blocked: str) -> Line | None:
    sample = scans.samples[scan]
    seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
    return find(seconds, scans.probes.dst[sample.members], scans.scope.size, blocked)


def _of_port(scans: Scans, group: NDArray[np.int64]) -> Iterator[Join]:
    left = set(group.tolist())
    kin = _kin(scans, group)
    suspects = np.array([scan for scan in group.tolist() if scans.open[scan] and scans.lines[scan] is None], np.int64)
    for scan in group.tolist():
        line = scans.lines[scan]
        if line is None or scan not in left:
            continue
        pace = scans.gap_s[suspects] / scans.gap_s[scan]
        alike = scans.together(scan, suspects) & (pace <= 2 * FASTER) & (pace >= 0.5 / FASTER)
        near = np.array(sorted(left & {scan, *kin.get(scan, ()), *suspects[alike].tolist()}), np.int64)
        members = _on(scans, line, scan, near)
        join = _join(scans, line, members, len(group)) if len(members) > 1 else None
        if join is not None:
            yield join
            left -= set(members)


def _kin(scans: Scans, group: NDArray[np.int64]) -> dict[int, set[int]]:
    """For each scan with a walk, the others of its group whose multiplier has a small multiple in common with its own:
    shards, whose rates and lifts differ. Any two others walk two cycles.
    """
    walking: dict[int, list[tuple[int, int]]] = {}
    for scan in group.tolist():
        line = scans.lines[scan]
        if line is not None:
            walking.setdefault(line.ground.group.order, []).append((scan, line.mu))
    kin: dict[int, set[int]] = {}
    for order, own in walking.items():
        scan, mu = np.array(own, np.int64).T
        multiples = np.outer(mu, np.arange(1, ALIKE + 1)) % order
        _, which, counts = np.unique(multiples, return_inverse=True, return_counts=True)
        shared = counts[which.reshape(multiples.shape)] > 1
        for common in np.unique(multiples[shared]).tolist():
            place = set(scan[(multiples == common).any(axis=1)].tolist())
            for one in place:
                kin.setdefault(one, set()).update(place)
    return kin


def _on(scans: Scans, line: Line, owner: int, group: NDArray[np.int64]) -> list[int]:
    """The scans of a group that lie on the walk of one of them: their first probes on lines under its multiplier."""
    others, times, logarithms = [], [], []
    for scan in group.tolist():
        when, dst = scans.first(scan)
        x = _logarithms(line.ground, dst.tobytes()) if scan != owner and len(when) >= LEAST and when[-1] > 0 else None
        if x is not None:
            others.append(scan)
            times.append(when)
            logarithms.append(x)
    on = {owner}
    if others:
        ends, own = np.cumsum([len(x) for x in logarithms]), line.ground.group
        x, when = np.concatenate(logarithms), np.concatenate(times)
        points = Points(x, when, own.root, own.prime, own.order, units(own), 0.0, 0.0)
        lie = _carry(points, ends, line.mu, line.rate)
        on.update(np.array(others)[lie].tolist())
    return [scan for scan in group.tolist() if scan in on]


@kernel
def _carry(points: Points, ends: NDArray[np.int64], mu: int, rate: float) -> NDArray[np.bool_]:
    """Which scans (G,), their probes being points (K,) behind one another, lie on lines of a multiplier."""
    lie, start = np.zeros(len(ends), np.bool_), 0
    for scan in range(len(ends)):
        own = slice(start, ends[scan])
        lie[scan] = _carries(points, points.x[own], points.when[own], mu, rate)
        start = ends[scan]
    return lie


@kernel
def _carries(points: Points, x: NDArray[np.int64], when: NDArray[np.float64], mu: int, rate: float) -> bool:
    """Whether those of the points (K,) lie on a line of this multiplier, sent on time or late."""
    gap = when[-1] / (len(when) - 1)
    for jitter, drift in ((min(0.02, gap / 200), 0.005), (min(0.4, max(gap / 10, min(0.02, gap / 2))), 0.05)):
        own = Points(x, when, points.root, points.prime, points.order, points.units, jitter, drift)
        if carried(own, mu, rate / FASTER, rate * FASTER).bits >= FIT_BITS:
            return True
    return False


@lru_cache(2**16)
def _logarithms(ground: Ground, addresses: bytes) -> NDArray[np.int64] | None:
    """Of addresses (K,) on this ground, None where it does not hold them all: a scan is laid on many walks."""
    x = logarithms_of(ground, np.frombuffer(addresses, np.uint32))
    return x if x.min() >= 0 else None


def _join(scans: Scans, line: Line, members: list[int], among: int) -> Join | None:
    """The campaign of all scans on one walk: each but the first would have this generator by accident only."""
    sources = len(np.unique(scans.source[members]))
    *own, union = scans.sizes(members).tolist()
    apart = rarity(np.array(own), union, scans.scope.size)
    bits = (sources - 1) * generator_bits(line) + apart - choice(among, len(members))
    if sources < 2 or bits < SURE_BITS:
        return None
    reason = (
        f"probes of {sources} sources lie on one multiplicative walk over {line.ground.name} (generator "
        f"{line.generator} modulo {line.ground.group.prime}), {union} distinct addresses, {sum(own) - union} shared"
    )
    return Join(tuple(members), PROOF, bits, reason, line)


def generator_bits(line: Line) -> float:
    """How rarely another scan has the same generator: one of all roots, or of the small ones that 4.x draws from."""
    group = line.ground.group
    generators, share = units(group) * group.order, SMALL_GENERATOR / group.prime
    return log2(generators * share) if line.generator < SMALL_GENERATOR and share < 1 else log2(generators)
