"""The proof of a ZMap scan by its arithmetic: a multiplier that puts destinations and times on one line.

Of elements x_i at times t_i, mu * (log x_i - log x_k) is the number of elements between them when mu is the inverse of
the generator's logarithm, and then grows with t_i - t_k; for any other mu it is uniform modulo the group's order. No
header is looked at, and lost packets do no harm.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.coverage import STRAY, repeats
from scangait.evidence.finding import Said, Why
from scangait.evidence.ground import Ground, Line, grounds, placed
from scangait.evidence.line import Found, fit
from scangait.evidence.marks import borne
from scangait.evidence.points import Points
from scangait.evidence.signature import FAITHFUL
from scangait.evidence.stages import STAGES, Field, points_of, through
from scangait.gait.addresses import distinct, first_of_each
from scangait.gait.movements import stride
from scangait.gait.samples import NANOSECOND, Sample
from scangait.kernel import kernel
from scangait.scanners.cyclic import units
from scangait.scanners.zmap_order import SMALL_GENERATOR

LEAST: Final = 4
CROWD: Final = 10
"""Threads and other traffic are looked for among so many probes or more; fewer go through ALONE stages at most."""
ALONE: Final = 3
PARALLEL: Final = 16
"""Parallel threads or shards that are told apart (ZMap's default is up to four sending threads; scanners.md, 1.4)."""
APART: Final = 0.01
"""Parallel threads drift against each other by less than this share of the walk."""


MULTIPLES: Final = (7, 11)
ENOUGH: Final = 16
ABSENT_BITS: Final = -4.0
"""Among so many addresses a walk is nearly always found, unless its targets are not among those tried."""
SETTLED: Final = 2
"""Stages for a sample of which cheap evidence says that it is no walk: it may be wrong."""
CLEAN: Final = 3
"""Stages for a short sample: they cost next to nothing."""
USUAL: Final = 5
"""Stages for a sample of which nothing else says what it is: a hundredth of a second."""
DEEP: Final = 32
"""Probes from which a sample is worth all that."""
AGAIN: Final = 2
"""Addresses that come again, as those of a walk do not, from which on a sample is settled."""
PATIENT: Final = 7
"""Stages for a sample that seems to walk some permutation: all but the last."""
FEW: Final = 3.0
"""Repeats by chance from which on a sample that has none is thought to walk a permutation."""
KEPT: Final = 2**14
"""Searches of which the answers are remembered: a sample that grows has the same first probes."""

JUMP: Final = 0.15
"""Mean step, as a share of what the probes span, below which they step along and are no walk of ZMap's (which: 1/3)."""


def jumps(sample: Sample) -> bool:
    """Whether the first probes jump about as those of a walk do (three standard deviations leave 16 of them room)."""
    return bool(_jumps(sample.place[: STAGES[-1].probes]))


@kernel
def _jumps(place: NDArray[np.int64]) -> bool:
    """Positions (N,)."""
    if len(place) < ENOUGH:
        return True
    low, high = place[0], place[0]
    for one in place:
        low, high = min(low, one), max(high, one)
    far: bool = stride(place) > JUMP * (high - low)
    return far


def depth(case: Case, sample: Sample) -> int:
    """How many STAGES the first probes of this sample go through: what cheap evidence has settled is not asked twice.

    Marks may be forged, so that the first stages come to their word against every mark; a sample without one that does
    not repeat addresses in the telescope as chance would is worth more. Other samples in the capture play no part in
    it.
    """
    if not jumps(sample):
        return 0
    count = len(sample.members)
    bearing = borne(case.bearing, sample.members, np.array([count]))[0].tolist()
    tools = [mark.label for mark, its in zip(case.marks, bearing, strict=True) if its >= FAITHFUL * count]
    if "zmap" in tools:
        return len(STAGES)
    _, repeated, by_chance = repeats(sample.place, sample.time_ns, case.scope.size)
    again = repeated >= AGAIN + STRAY * count
    if tools or again:
        return 0 if tools and again else SETTLED
    if by_chance >= FEW and repeated <= STRAY * count:
        return PATIENT
    return USUAL if count >= DEEP else CLEAN


def searched(case: Case, sample: Sample) -> tuple[int, Line | None]:
    """How many STAGES the first probes of a sample may go through, and the walk that was found in them."""
    stages = depth(case, sample)
    if not stages:
        return 0, None
    first = first_of_each(sample.place, STAGES[-1].probes)
    when = (sample.time_ns[first] - sample.time_ns[0]) * NANOSECOND
    return stages, _found(when, case.probes.dst[sample.members[first]], case.scope.size, case.blocked, stages)


def said(case: Case) -> Said:
    """Bits for ZMap where the first probes of a sample lie on one walk, and against it where not.

    Where it was not looked for by all means, nothing is said against.
    """
    known = zip(case.depths, case.lines, strict=True) if case.depths else (searched(case, one) for one in case.samples)
    found = list(known)
    labels = ("zmap", *(label for label in case.library.labels if label != "zmap"))
    bits = np.full((len(found), len(labels)), np.nan)
    for row, ((stages, line), sample) in enumerate(zip(found, case.samples, strict=True)):
        if line:
            bits[row], bits[row, 0] = -line.bits, line.bits
        elif stages >= USUAL or not jumps(sample):
            bits[row, 0] = ABSENT_BITS if distinct(sample.place) >= ENOUGH else 0.0

    def why(row: int, column: int) -> Why:
        line = found[row][1]
        if line is None:
            return Why(_absent(case.samples[row]))
        return Why(_proven(line), _version(line), line) if column == 0 else Why(_proven(line))

    return Said("walk", labels, bits, why)


def _proven(line: Line) -> str:
    return (
        f"{line.on} of {line.of} probes lie on one multiplicative walk over {line.ground.name} (generator "
        f"{line.generator} modulo {line.ground.group.prime}, {line.rate:.0f} elements/s): ZMap's order"
    )


def _absent(sample: Sample) -> str:
    """What it says that no walk was found."""
    if not jumps(sample):
        return "it steps along from address to address, as no walk of ZMap does"
    return f"the first of {distinct(sample.place)} addresses lie on no walk of ZMap over all addresses or a near prefix"


def _version(line: Line) -> str | None:
    """From 4.0 on ZMap draws its generator below 2^22; by accident one in a thousand is."""
    return ">=4.0" if line.ground.group.prime > 2**32 and line.generator < SMALL_GENERATOR else None


def find(
    seconds: NDArray[np.float64],
    dst: NDArray[np.uint32],
    size: int,
    blocked: str = "",
    stages: int = len(STAGES),
) -> Line | None:
    """The walk on which the first of these probes lie, None where there is none.

    `seconds` (N,) and `dst` (N,) are in time order, `size` is the telescope's. Every hypothesis of `grounds` is tried;
    `blocked` is a block list of the user's own; so many of the STAGES are gone through. Source: scanners.md, section
    3.2.
    """
    return _found(*first_probes(seconds, dst, STAGES[-1].probes), size, blocked, stages)


def _found(when: NDArray[np.float64], where: NDArray[np.uint32], size: int, blocked: str, stages: int) -> Line | None:
    """The same of first probes (K,) that have addresses of their own."""
    if len(where) < LEAST or when[-1] <= 0:
        return None
    most = stages if len(where) >= CROWD else min(stages, ALONE)
    return _searched(when.tobytes(), where.tobytes(), size, blocked, most)


def first_probes(
    seconds: NDArray[np.float64], dst: NDArray[np.uint32], most: int
) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """Seconds since the first and addresses (K,) of the first probes with addresses of their own, `most` at most."""
    first = first_of_each(dst, most)
    return seconds[first] - seconds[0], dst[first]


@lru_cache(KEPT)
def _searched(seconds: bytes, dst: bytes, size: int, blocked: str, stages: int) -> Line | None:
    """The best line of the first stage that finds one."""
    when = np.frombuffer(seconds, np.float64)
    where = np.frombuffer(dst, np.uint32).copy()  # writable as everywhere else: one kernel for both
    tried = grounds(where, blocked)
    x, field = placed(tried, where), _field(tried)
    number, ground, found = through(stages, x, when, field, size)
    if number < 0:
        return None
    return _simplest(tried[ground], found, points_of(STAGES[number], ground, x, when, field, size))


@lru_cache(256)
def _field(tried: tuple[Ground, ...]) -> Field:
    """The grounds side by side."""
    groups = [ground.group for ground in tried]
    root, prime, order = (np.array([getattr(group, name) for group in groups]) for name in ("root", "prime", "order"))
    rare = np.array([ground.rare for ground in tried])
    return Field(root, prime, order, np.array([units(group) for group in groups]), rare)


def _simplest(ground: Ground, found: Found, points: Points) -> Line:
    """The line at the lowest rate that fits as well: small multiples of a multiplier fit too (scanners.md, 3.4)."""
    mu, rate, when, order = found.mu, found.rate, points.when, ground.group.order
    far = int(np.argmin(np.where(when > when[found.base] + 3 * points.jitter, when, np.inf)))
    for multiple in MULTIPLES:
        if gcd(multiple, order) == 1:
            smaller = mu * pow(multiple, -1, order) % order
            if fit(points, found.base, far, smaller, rate / multiple)[0] >= found.on:
                mu, rate = smaller, rate / multiple
                break
    threads, on = _parallel(points, found.base, mu, rate)
    return Line(ground, mu, rate, threads, on, len(when), found.bits)


def _parallel(points: Points, base: int, mu: int, rate: float) -> tuple[int, int]:
    """How many threads (or shards) at equal distances explain the probes best, and how many probes lie on them."""
    ahead, order = (points.x - points.x[base]).tolist(), int(points.order)
    apart = np.array([mu * one % order for one in ahead]) - rate * (points.when - points.when[base])
    threads = np.arange(1, PARALLEL + 1)
    turns = threads[:, None] * apart / order
    on = np.count_nonzero(np.abs(turns - np.rint(turns)) <= APART * threads[:, None], axis=1)
    best = int(np.argmax(-on * np.log2(2 * APART * threads) - np.log2(threads)))
    return best + 1, int(on[best])
