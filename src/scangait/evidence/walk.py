"""The proof of a ZMap scan by its arithmetic: a multiplier that puts destinations and times on one line.

Of elements x_i at times t_i, mu * (log x_i - log x_k) is the number of elements between them when mu is the inverse of
the generator's logarithm, and then grows with t_i - t_k; for any other mu it is uniform modulo the group's order. No
header is looked at, and lost packets do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import gcd, log2
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.evidence.line import Found, Points, fit, search
from scangait.gait.samples import NANOSECOND, Sample
from scangait.scanners.cyclic import Group, group_for
from scangait.scanners.logarithm import logarithms
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED, SMALL_GENERATOR, indices, numbering_of
from scangait.telescope import Telescope, telescope, without

USED: Final = (16, 48)
"""Probes that are looked at: the first of the sample with addresses of their own, and more where these say nothing."""
LEAST: Final = 4
CROWD: Final = 10
"""Parallel threads are looked for among so many probes or more."""
FASTER: Final = 4.0
"""The rate may be so many times higher than the mean gap says: probes are lost."""


class Stage(NamedTuple):
    """One way to search: parallel `threads`, how many times `slower` the rate may be than the mean gap says (other
    traffic hides it), whether probes may be `late`, and the triples of probes tried for each probe looked at.
    """

    threads: int
    slower: float
    late: bool
    triples: int


STAGES: Final = (
    Stage(1, FASTER, late=False, triples=2),
    Stage(1, FASTER, late=True, triples=2),
    Stage(1, 8.0, late=False, triples=12),
    *(Stage(threads, FASTER, late=True, triples=4) for threads in (2, 3, 4)),
)
"""The clean case first; ZMap's default is up to four sending threads (scanners.md, 1.4)."""
MULTIPLES: Final = (7, 11)
SMALL_BITS: Final = 10.0
"""A generator below 2^22, as ZMap draws it since 4.0, is found by accident once in 2^10."""
PROOF_BITS: Final = 22.0
SURE_BITS: Final = 20.0
"""The search goes on for a better line until one has so many bits more than a proof needs."""
MOST_BITS: Final = 200.0
WALKED: Final = 64
"""The walk is looked for in so many of the largest samples."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One hypothesis of what is scanned: its `name`, `targets`, ZMap's numbering for `version`, and the `group`."""

    name: str
    version: str
    targets: Telescope
    group: Group


@dataclass(frozen=True, slots=True)
class Line:
    """A walk found: the `ground`, the multiplier `mu`, elements per second of each of its `threads` (parallel parts at
    equal distances: threads or shards), probes that lie on it, and bits.
    """

    ground: Ground
    mu: int
    rate: float
    threads: int
    on: int
    of: int
    bits: float

    @property
    def generator(self) -> int:
        """The walk's generator, up to the lifts that one interleaved shard leaves open (scanners.md, 3.4)."""
        group = self.ground.group
        return pow(group.root, pow(self.mu, -1, group.order), group.prime)


def findings(case: Case) -> list[list[Finding]]:
    """Bits for ZMap where the first probes of a sample lie on one walk, nothing where not; the largest samples only."""
    largest = sorted(case.samples, key=lambda sample: -len(sample.members))[:WALKED]
    least = len(largest[-1].members) if largest else 0
    return [_one(case, sample) if len(sample.members) >= least else [] for sample in case.samples]


def _one(case: Case, sample: Sample) -> list[Finding]:
    seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
    line = find(seconds, case.probes.dst[sample.members], case.scope.size, case.blocked)
    if line is None:
        return []
    reason = (
        f"{line.on} of {line.of} probes lie on one multiplicative walk over {line.ground.name} (generator "
        f"{line.generator} modulo {line.ground.group.prime}, {line.rate:.0f} elements/s): ZMap's order"
    )
    return [Finding("walk", "zmap", line.bits, reason)]


def find(seconds: NDArray[np.float64], dst: NDArray[np.uint32], size: int, blocked: str = "") -> Line | None:
    """The walk on which the first of these probes lie, None where there is none.

    `seconds` (N,) and `dst` (N,) are in time order, `size` is the telescope's. Every hypothesis of `grounds` is tried;
    `blocked` is a block list of the user's own. Source: scanners.md, section 3.2.
    """
    first = np.sort(np.unique(dst, return_index=True)[1])
    for used in USED:
        line = _among(seconds[first[:used]], dst[first[:used]], size, blocked)
        if line is not None or used >= len(first):
            return line
    return None


def _among(seconds: NDArray[np.float64], dst: NDArray[np.uint32], size: int, blocked: str) -> Line | None:
    if len(dst) < LEAST or seconds[-1] <= seconds[0]:
        return None
    tried = list(grounds(dst, blocked))
    lines = [_on(ground, seconds - seconds[0], dst, size, len(tried)) for ground in tried]
    return max((line for line in lines if line is not None), key=lambda line: line.bits, default=None)


def grounds(dst: NDArray[np.uint32], blocked: str = "") -> Iterator[Ground]:
    """The hypotheses for these addresses: all of the Internet with each block list, and the prefixes that hold them."""
    yield from _whole(blocked)
    low, high = int(dst.min()), int(dst.max())
    for length in (8, 12, 16):
        first = low >> (32 - length) << (32 - length)
        last = first + 2 ** (32 - length) - 1
        if high <= last:
            near = Telescope.ranges([(first, last)])
            assert near is not None
            yield Ground(f"a /{length}", "3.0", near, group_for(near.size))


@cache
def _whole(blocked: str) -> tuple[Ground, ...]:
    everything = Telescope.ranges([(1, 2**32 - 1)])
    assert everything is not None
    group = group_for(2**32 - 1)
    usual = without(everything, telescope(DEFAULT_BLOCKED))
    found = [
        Ground("all addresses but ZMap's default block list", "2.1", usual, group),
        Ground("all addresses but ZMap's default block list (4.1 on)", "4.3", usual, group),
        Ground("all addresses", "2.1", everything, group),
    ]
    if blocked:
        own = without(everything, telescope(blocked))
        found += [Ground("all addresses but the block list given", version, own, group) for version in ("2.1", "4.3")]
    return tuple(found)


def _on(ground: Ground, when: NDArray[np.float64], where: NDArray[np.uint32], size: int, others: int) -> Line | None:
    """The best line on one ground with 1 to 4 threads, None where none is proven among `others` hypotheses."""
    index = indices(numbering_of(Scan(version=ground.version, targets=ground.targets, ports=(80,))), where)
    if np.any(index < 0):
        return None
    order, count, best = ground.group.order, len(when), None
    x = logarithms(ground.group, index + 1)
    gap = when[-1] / (count - 1)
    about = ground.group.prime / size / gap
    enough = PROOF_BITS + log2(others) + SURE_BITS
    for number, stage in enumerate(STAGES, 1):
        if stage.threads > 1 and count < CROWD:
            break
        slow, fast = about / stage.slower / stage.threads, about * FASTER / stage.threads
        points = Points(x, when, order, *_slack(gap, late=stage.late), stage.threads)
        found = Found(*search(points, slow, fast, stage.triples * count, enough))
        bits = found.bits - log2(others * number)
        if found.on < 2 or bits < PROOF_BITS - SMALL_BITS:
            continue
        line = _simplest(ground, found, points)
        bits += SMALL_BITS if line.generator < SMALL_GENERATOR and ground.group.prime > 2**32 else 0
        if bits >= PROOF_BITS and (best is None or bits > best.bits):
            best = replace(line, bits=min(bits, MOST_BITS))
        if best and (best.on >= 0.8 * count or bits > MOST_BITS / 2):
            break
    return best


def _slack(gap: float, *, late: bool) -> tuple[float, float]:
    """Seconds that a probe may be late, from the mean gap, and the share by which the rate may be off."""
    if late:
        return min(0.4, max(gap / 10, min(0.02, gap / 2))), 0.05
    return min(0.02, gap / 200), 0.005


def _simplest(ground: Ground, found: Found, points: Points) -> Line:
    """The line at the lowest rate that fits as well: small multiples of a multiplier fit too (scanners.md, 3.4)."""
    mu, rate, when = found.mu, found.rate, points.when
    far = int(np.argmin(np.where(when > when[found.base] + 3 * points.jitter, when, np.inf)))
    for multiple in MULTIPLES:
        if gcd(multiple, points.order) == 1:
            smaller = mu * pow(multiple, -1, points.order) % points.order
            if fit(points, found.base, far, smaller, rate / multiple)[0] >= found.on:
                mu, rate = smaller, rate / multiple
                break
    return Line(ground, mu, rate, points.threads, int(found.on) + 2, len(when), 0.0)
