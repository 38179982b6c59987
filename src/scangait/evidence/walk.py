"""The proof of a ZMap scan by its arithmetic: a multiplier that puts destinations and times on one line.

Of elements x_i at times t_i, mu * (log x_i - log x_k) is the number of elements between them when mu is the inverse of
the generator's logarithm, and then grows with t_i - t_k; for any other mu it is uniform modulo the group's order. No
header is looked at, and lost packets do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.gait.samples import NANOSECOND, Sample
from scangait.kernel import kernel
from scangait.scanners.cyclic import Group, group_for
from scangait.scanners.logarithm import logarithms, multiply
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED, indices, numbering_of
from scangait.telescope import Telescope, telescope, without

USED: Final = 16
"""Probes that are looked at: the first of the sample with addresses of their own."""
LEAST: Final = 6
PAIRS: Final = 2
JITTER_S: Final = 0.02
DRIFT: Final = 0.01
"""How late a probe may be (at most half the mean gap), and how far the rate may be off."""
SPREAD: Final = 4.0
"""The rate may be so many times higher or lower than the mean gap says."""
COMMON: Final = 4096
"""Pairs whose logarithms differ by a multiple of a larger divisor of the order are passed over: too many solutions."""
WALKED: Final = 64
"""The walk is looked for in so many of the largest samples: a search without a find takes 0.1 s."""
PROOF_BITS: Final = 25.0
MOST_BITS: Final = 200.0


@dataclass(frozen=True, slots=True)
class Ground:
    """One hypothesis of what is scanned: its `name`, `targets`, ZMap's numbering for `version`, and the `group`."""

    name: str
    version: str
    targets: Telescope
    group: Group


@dataclass(frozen=True, slots=True)
class Line:
    """A walk found: the `ground`, the multiplier `mu`, elements per second, probes that lie on it, and bits."""

    ground: Ground
    mu: int
    rate: float
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
    first = np.sort(np.unique(dst, return_index=True)[1])[:USED]
    if len(first) < LEAST or seconds[first[-1]] <= seconds[first[0]]:
        return None
    when, where = seconds[first] - seconds[first[0]], dst[first]
    lines = (_on(ground, when, where, size) for ground in grounds(where, blocked))
    return next((line for line in lines if line is not None), None)


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


def _on(ground: Ground, when: NDArray[np.float64], where: NDArray[np.uint32], size: int) -> Line | None:
    index = indices(numbering_of(Scan(version=ground.version, targets=ground.targets, ports=(80,))), where)
    if np.any(index < 0):
        return None
    order = ground.group.order
    x = logarithms(ground.group, index + 1)
    gap = when[-1] / (len(when) - 1)
    about, jitter = ground.group.prime / size / gap, min(JITTER_S, gap / 2)
    mu, rate, on, bits, tried = _search(x, when, order, about, jitter)
    bits -= log2(max(tried, 1))
    if mu == 0 or bits < PROOF_BITS or on < LEAST - 2:
        return None
    return Line(ground, int(mu), float(rate), int(on) + 2, len(when), min(float(bits), MOST_BITS))


@kernel
def _common(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@kernel
def _inverse(a: int, modulus: int) -> int:
    """The inverse of a unit, by Euclid."""
    old, new, rest, divisor = 1, 0, a % modulus, modulus
    while divisor:
        quotient = rest // divisor
        rest, divisor = divisor, rest - quotient * divisor
        old, new = new, old - quotient * new
    return old % modulus


@kernel
def _fit(  # noqa: PLR0917 (kernels take arrays and numbers only)
    x: NDArray[np.int64],
    when: NDArray[np.float64],
    order: int,
    i: int,
    k: int,
    mu: int,
    rate: float,
    jitter: float,
    need: int,
) -> tuple[int, float]:
    """(K,) logarithms and times, base pair i, k -> how many others lie on the line, and their bits; 0 under `need`."""
    span, on, bits, off = when[k] - when[i], 0, 0.0, 0
    for a in range(len(x)):
        if a in (i, k):
            continue
        apart = when[a] - when[i]
        expected = rate * apart
        tolerance = rate * jitter + abs(expected) * DRIFT + abs(apart) * rate * jitter / span
        rho = np.int64(multiply(np.uint64(mu), np.uint64((x[a] - x[i]) % order), np.uint64(order)))
        rest = (rho - np.int64(expected)) % order
        rest = min(rest, order - rest)
        if rest <= tolerance:
            on += 1
            bits += max(0.0, -np.log2((2 * tolerance + 1) / order))
        else:
            off += 1
            if off > len(x) - 2 - need:
                return 0, 0.0
    return on, bits


@kernel
def _search(
    x: NDArray[np.int64], when: NDArray[np.float64], order: int, about: float, jitter: float
) -> tuple[int, float, int, float, int]:
    """(K,) logarithms and times -> best mu (0: none), its rate, probes on the line, bits, candidates tried."""
    best_mu, best_rate, best_on, best_bits, tried, pairs = 0, 0.0, 0, 0.0, 0, 0
    count = len(x)
    need = max(LEAST - 2, (3 * (count - 2) + 3) // 4)
    done = np.zeros((count, count), np.bool_)
    while pairs < PAIRS:
        i, k, shortest = -1, -1, np.inf  # the shortest pair not tried yet
        for a in range(count - 1):
            for b in range(a + 1, min(a + 3, count)):
                if not done[a, b] and 3 * jitter < when[b] - when[a] < shortest:
                    i, k, shortest = a, b, when[b] - when[a]
        if i < 0:
            break
        done[i, k] = True
        pairs += 1
        span, delta = when[k] - when[i], (x[k] - x[i]) % order
        common = _common(delta, order)
        if common > COMMON:
            continue
        part = order // common
        inverse = _inverse(delta // common, part)
        low, high = max(1, int(about * span / SPREAD)), int(about * span * SPREAD) + 1
        for d in range(-(-low // common) * common, high + 1, common):
            base = np.int64(multiply(np.uint64(d // common % part), np.uint64(inverse), np.uint64(part)))
            for z in range(common):
                mu = base + z * part
                tried += 1
                on, bits = _fit(x, when, order, i, k, mu, d / span, jitter, need)
                if on > best_on and _common(mu, order) == 1:
                    best_mu, best_rate, best_on, best_bits = mu, d / span, on, bits
        if best_on == count - 2:
            break
    return best_mu, best_rate, best_on, best_bits, tried
