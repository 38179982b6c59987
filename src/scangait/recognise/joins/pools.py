"""One ZMap scan that sends from a pool of addresses: the sender is chosen by the destination modulo the pool's size.

So each source hits one residue class of destinations, and (source - destination) mod N is one number for the whole
campaign (scanners.md, 1.6; ZMap's -S with a range, captured with 2.1.1 and 4.3.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lgamma, log, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Line
from scangait.evidence.walk import find
from scangait.gait.samples import NANOSECOND
from scangait.recognise.joins.scans import SURE_BITS, Join, Scans, choice

PROOF: Final = "source pool"
LEAST: Final = 4
FEW: Final = 8
"""Destinations that nearly always tell that nothing divides all distances."""
SWEEP: Final = 0.9
"""Scans that go up (or down) by so large a share of their steps are sweeps, whose stride is their own."""
CERTAIN: Final = 20.0
"""Bits of one scan that its destinations lie in one class, before it counts as a part of a pool."""


def pools(scans: Scans, blocked: str = "") -> list[Join]:
    """The pools among all scans."""
    stride = np.array([_stride(scans, scan) for scan in range(len(scans.samples))], np.int64)
    return [join for group in scans.groups() for join in _of_port(scans, group[stride[group] > 1], stride, blocked)]


def _stride(scans: Scans, scan: int) -> int:
    """The largest number that divides all distances between destinations, 1 where that may be accident or a sweep."""
    members = scans.samples[scan].members
    stride = _divisor(scans.probes.dst, members)
    distinct = len(scans.places(scan)) if stride > 1 else 0
    if distinct < LEAST or (distinct - 1) * log2(stride) < CERTAIN:
        return 1
    steps = np.diff(scans.probes.dst[members].astype(np.int64))
    ups = float(np.mean(steps[steps != 0] > 0))
    return stride if 1 - SWEEP < ups < SWEEP else 1


def _divisor(dst: NDArray[np.uint32], members: NDArray[np.int64]) -> int:
    """The greatest common divisor of the distances between the destinations (N,) of members (K,)."""
    for own in (members[:FEW], members):
        divisor = int(np.gcd.reduce(dst[own].astype(np.int64) - dst[members[0]]))
        if divisor == 1:
            break
    return divisor


def _of_port(scans: Scans, group: NDArray[np.int64], stride: NDArray[np.int64], blocked: str) -> Iterator[Join]:
    """Sizes of the pool from the largest down: a stride may be a multiple of it by accident."""
    left = group
    for size in sorted(set(stride[group].tolist()), reverse=True):
        alike = left[stride[left] % size == 0]
        for members in [*_ranges(scans, alike, size), *_listed(scans, alike, size)]:
            if np.all(np.isin(members, left)):
                join = _join(scans, members, size, len(alike), blocked)
                if join is not None:
                    yield join
                    left = np.setdiff1d(left, members)


def residues(scans: Scans, group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Each scan's destinations (G,) modulo the size of the pool."""
    return np.array([int(scans.probes.dst[scans.samples[scan].members[0]]) % size for scan in group], np.int64)


def _ranges(scans: Scans, group: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Scans of sources that lie within `size` addresses and share (source - destination) modulo `size`."""
    constant = (scans.source[group] - residues(scans, group, size)) % size
    for value in np.unique(constant):
        alike = group[constant == value]
        alike = alike[np.argsort(scans.source[alike], kind="stable")]
        while len(alike):
            near = scans.source[alike] < scans.source[alike[0]] + size
            if len(np.unique(scans.source[alike[near]])) > 1:
                yield alike[near]
            alike = alike[~near]


def _listed(scans: Scans, group: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Scans of as many sources as the pool has, each with a class of its own: addresses that lie anywhere."""
    pairs = np.unique(np.stack([scans.source[group], residues(scans, group, size)]), axis=1)
    alone = all(len(np.unique(column)) == len(column) == size for column in pairs)
    if alone and size > 2:
        yield group


def _join(scans: Scans, members: NDArray[np.int64], size: int, among: int, blocked: str) -> Join | None:
    members = np.sort(members)
    sources, distinct = len(np.unique(scans.source[members])), scans.sizes(members.tolist())
    if int(scans.source[members].max() - scans.source[members].min()) < size:
        linked, how = (sources - 1) * log2(size), f"(source - destination) mod {size} is one number"
    else:
        linked = (size * log(size) - lgamma(size + 1)) / log(2)
        how = f"each of {size} sources has one class of destinations modulo {size} to itself"
    bits = (int(distinct[-1]) - sources) * log2(size) + linked - choice(among, len(members))
    if bits < SURE_BITS:
        return None
    line = _merged(scans, members, blocked)
    walk = f"; together they walk ZMap's order, generator {line.generator}" if line else ""
    reason = f"{how} for {int(distinct[-1])} addresses of {sources} sources: one scan from a pool{walk}"
    return Join(tuple(members.tolist()), PROOF, bits + (line.bits if line else 0.0), reason, line)


def _merged(scans: Scans, members: NDArray[np.int64], blocked: str) -> Line | None:
    """The walk of all sources of a pool together."""
    probes = np.sort(np.concatenate([scans.samples[scan].members for scan in members]))
    seconds = (scans.probes.time_ns[probes] - scans.probes.time_ns[probes[0]]) * NANOSECOND
    return find(seconds, scans.probes.dst[probes], scans.scope.size, blocked)
