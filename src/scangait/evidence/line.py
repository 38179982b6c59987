"""The search for the line of a ZMap walk: a multiplier that makes logarithms grow with time.

Of logarithms x_i at times t_i, mu (x_i - x_k) modulo the order of the group is the number of elements between two
probes when mu is the inverse of the generator's logarithm (scanners.md, section 3). A pair of probes (i, k) that lie d
elements apart fixes mu; that a third probe lies where it then has to lie is a linear form in d that must be small
modulo the order, and Euclid's algorithm lists such d without trying all: that is what makes the search fast enough for
noise, threads and unknown rates.
"""

from __future__ import annotations

from math import lgamma, log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.points import Points, tolerance_of
from scangait.evidence.promising import promising, seen_from
from scangait.evidence.visits import DEEPEST, visits
from scangait.kernel import inlined, kernel
from scangait.scanners.logarithm import multiply
from scangait.scanners.zmap_order import SMALL_GENERATOR

SCALE: Final = 2**16
"""Fixed-point fractions of one element: an order below 2^34 times it stays below 2^50."""
STRETCH: Final = 2**24
"""Distances are listed in stretches of so many: what their fractions are rounded by adds up to 2^7 elements."""
COMMON: Final = 20
"""Pairs whose logarithms differ by a multiple of a larger divisor of the order are passed over: too many solutions."""
LIFTS: Final = 3
"""Each divisor in common is one more multiplier to try; pairs with more than so many come last..."""
CHOICE: Final = 12
"""...where there are so many probes to choose from."""
NEIGHBOURS: Final = 5
LONGEST: Final = 2**29
"""Pairs further apart in elements are passed over: they take too long."""
SMALL_BITS: Final = 10.0
"""A generator below 2^22, as ZMap draws it since 4.0, is found by accident once in 2^10."""
LN2: Final = log(2)


class Found(NamedTuple):
    """The best line: multiplier `mu` (0: none), elements per second, the probe it is seen from, how many
    probes lie on it, and their bits with every try counted.
    """

    mu: int
    rate: float
    base: int
    on: int
    bits: float


@inlined
def search(  # noqa: PLR0917 (kernels take arrays and numbers only)
    points: Points,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    pairs: int,
    slowest: float,
    fastest: float,
    triples: int,
    listed: int,
    proof: float,
    enough: float,
) -> Found:
    """The best line through K points at slowest..fastest elements per second.

    At most `triples` triples of neighbours are looked at, of so many `pairs` in the order of `first` and `second`, till
    a line has `enough` bits, or `proof` bits and every point on it. A triple that leaves more than `listed` distances
    to try is passed over.
    """
    x, when, order, best, tried, seen = points.x, points.when, points.order, Found(0, 0.0, 0, 0, 0.0), 1.0, 0
    room, off, slack = np.empty(3 * DEEPEST, np.int64), np.empty(len(x)), np.empty(len(x))
    hits, near, choosy = np.empty(listed, np.int64), np.empty(NEIGHBOURS, np.int64), len(x) >= CHOICE
    for pair in range(2 * pairs):
        late, place = pair // pairs, pair % pairs
        i, k = first[place], second[place]
        span, apart = when[k] - when[i], (x[k] - x[i]) % order
        if fastest * span > LONGEST:
            continue
        common, inverse = _inverted(apart, order)
        if common > COMMON or late != (common > LIFTS and choosy):
            continue
        tried += (fastest - slowest) * span * points.units
        seen_from(points, i, k, common, inverse, off, slack)
        for at in range(_nearest(when, i, k, near)):
            a, seen = near[at], seen + 1
            least = max(best.bits, proof + np.log2(tried))
            better = of_triple(points, i, k, a, common, inverse, slowest, fastest, least, hits, room, off, slack)
            if better.mu:
                best = better
            wanted = proof if best.on == len(x) - 2 else enough
            if best.bits - np.log2(tried) >= wanted or seen >= triples:
                return Found(best.mu, best.rate, best.base, best.on, best.bits - np.log2(tried))
    return Found(best.mu, best.rate, best.base, best.on, best.bits - np.log2(tried))


@kernel
def of_triple(  # noqa: PLR0917 (kernels take arrays and numbers only)
    points: Points,
    i: int,
    k: int,
    a: int,
    common: int,
    inverse: int,
    slowest: float,
    fastest: float,
    least: float,
    hits: NDArray[np.int64],
    room: NDArray[np.int64],
    off: NDArray[np.float64],
    slack: NDArray[np.float64],
) -> Found:
    """The best line with `least` bits on which probes i, k and a lie; `hits` and `room` are room to work in, `off` and
    `slack` (K,) as the pair has them.
    """
    order, best = points.order, Found(0, 0.0, 0, 0, least)
    part, span = order // common, points.when[k] - points.when[i]
    for lift in range(common):
        base = lift * part
        count = _listed(hits, room, points, i, k, a, base, inverse, common, slowest, fastest)
        kept = promising(hits, count, points, i, k, a, lift, common, off, slack, best.bits - SMALL_BITS)
        for hit in range(kept):
            d = hits[hit]
            mu = (base + np.int64(multiply(np.uint64(d), np.uint64(inverse), np.uint64(order)))) % order
            rate = d * common / span
            on, bits = fit(points, i, k, mu, rate)
            if bits + SMALL_BITS > best.bits:
                divisor, exponent = _inverted(mu, order)
                bits += SMALL_BITS if _small(points, exponent) else 0.0
                if divisor == 1 and bits > best.bits:
                    best = Found(mu, rate, i, on, bits)
    return best


@inlined
def _small(points: Points, exponent: int) -> bool:
    """Whether the generator with this logarithm, the inverse of `mu`, is one that ZMap draws since 4.0."""
    generator, square = 1, points.root
    while exponent:
        if exponent & 1:
            generator = np.int64(multiply(np.uint64(generator), np.uint64(square), np.uint64(points.prime)))
        square = np.int64(multiply(np.uint64(square), np.uint64(square), np.uint64(points.prime)))
        exponent >>= 1
    return points.prime > 2**32 and generator < SMALL_GENERATOR


@kernel
def fit(points: Points, i: int, k: int, mu: int, rate: float) -> tuple[int, float]:
    """Base pair i, k and a line through it -> how many others lie on it, and their bits against uniform places."""
    x, when, order = points.x, points.when, points.order
    span, on, bits, asked = when[k] - when[i], 0, 0.0, 0
    for a in range(len(x)):
        if a == i or a == k:
            continue
        apart = when[a] - when[i]
        tolerance = tolerance_of(points, rate, apart, span)
        chance = (2 * tolerance + 1) / order
        if chance > 0.25:
            continue
        asked += 1
        rho = np.float64(multiply(np.uint64(mu), np.uint64((x[a] - x[i]) % order), np.uint64(order)))
        rest = (rho - rate * apart) % order
        if min(rest, order - rest) <= tolerance:
            on += 1
            bits -= np.log(chance)
    chosen = lgamma(asked + 1.0) - lgamma(on + 1.0) - lgamma(asked - on + 1.0)
    return on, (bits - chosen) / LN2 if on else 0.0


@kernel
def pairs_of(
    when: NDArray[np.float64],
    least: float,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    span: NDArray[np.float64],
) -> int:
    """Fill `first` and `second` (NEIGHBOURS K,) with pairs of nearest neighbours more than `least` seconds apart, the
    shortest first, and `span` with how far they are apart: when (K,) -> how many.
    """
    nearest, count = 0, 0
    for a in range(len(when)):
        while nearest < len(when) and when[nearest] - when[a] <= least:
            nearest += 1
        for place in range(nearest, min(nearest + NEIGHBOURS, len(when))):
            span[count], first[count], second[count] = when[place] - when[a], a, place
            count += 1
    for pair in range(1, count):  # few: numba's own sorting takes a second to compile
        apart, one, other, at = span[pair], first[pair], second[pair], pair
        while at and span[at - 1] > apart:
            span[at], first[at], second[at] = span[at - 1], first[at - 1], second[at - 1]
            at -= 1
        span[at], first[at], second[at] = apart, one, other
    return count


@inlined
def _nearest(when: NDArray[np.float64], i: int, k: int, near: NDArray[np.int64]) -> int:
    """Fill `near` (NEIGHBOURS,) with the probes nearest to a pair in time, without it; how many."""
    middle, high, count = (when[i] + when[k]) / 2, i, 0
    while when[high] < middle:
        high += 1
    low = high - 1
    while count < len(near) and (low >= 0 or high < len(when)):
        if high == len(when) or (low >= 0 and middle - when[low] <= when[high] - middle):
            one, low = low, low - 1
        else:
            one, high = high, high + 1
        if one != i and one != k:
            near[count] = one
            count += 1
    return count


@inlined
def _listed(  # noqa: PLR0917 (kernels take arrays and numbers only)
    hits: NDArray[np.int64],
    room: NDArray[np.int64],
    points: Points,
    i: int,
    k: int,
    a: int,
    base: int,
    inverse: int,
    common: int,
    slowest: float,
    fastest: float,
) -> int:
    """Fill `hits` with every d for which probe a lies on the line of mu = base + d * inverse; how many."""
    when, order = points.when, points.order
    span, wide, count = when[k] - when[i], np.uint64(order), 0
    apart = np.uint64((points.x[a] - points.x[i]) % order)
    slope = (when[a] - when[i]) / span
    modulus, turn = order * SCALE, np.int64(multiply(np.uint64(inverse), apart, wide))
    fixed = np.int64(multiply(np.uint64(base), apart, wide))
    step = (turn * SCALE - _nearest_whole(common * slope * SCALE)) % modulus
    low, end = np.int64(max(1.0, slowest * span) / common), np.int64(fastest * span / common) + 1
    while low <= end:
        high = min(end, 4 * low + 3, low + STRETCH)
        tolerance = tolerance_of(points, high * common / span, when[a] - when[i], span) + (high - low) / (2 * SCALE)
        width = np.int64(2 * tolerance * SCALE)
        if np.float64(width) / modulus * (high - low) > len(hits) - count:
            return 0
        # exact where the stretch begins, so that the rounding of `step` does not add up
        begun = (fixed + np.int64(multiply(np.uint64(low), np.uint64(turn), wide))) % order
        offset = (begun * SCALE - _nearest_whole(common * slope * low * SCALE) + width // 2) % modulus
        if width < modulus:
            count += visits(hits[count:], offset, step, modulus, width, low, high, room)
        low = high + 1
    return count


@inlined
def _nearest_whole(x: float) -> int:
    return np.int64(np.floor(x + 0.5))


@kernel
def _inverted(a: int, modulus: int) -> tuple[int, int]:
    """The greatest common divisor, and the inverse of `a` without it modulo the modulus without it, by Euclid."""
    old, new, divisor, rest = 1, 0, a, modulus
    while rest:
        quotient = divisor // rest
        divisor, rest = rest, divisor - quotient * rest
        old, new = new, old - quotient * new
    return divisor, old % (modulus // divisor)


@kernel
def carried(points: Points, mu: int, slowest: float, fastest: float) -> Found:
    """The best line of a given multiplier through K points, wherever it begins, at slowest..fastest elements/s."""
    x, when, order = points.x, points.when, np.uint64(points.order)
    best, tried = Found(mu, 0.0, 0, 0, 0.0), 1.0
    for i in range(len(x)):
        for k in range(i + 1, min(i + 1 + NEIGHBOURS, len(x))):
            span = when[k] - when[i]
            apart = np.float64(multiply(np.uint64(mu), np.uint64((x[k] - x[i]) % points.order), order))
            if span > points.jitter and slowest * span <= apart <= fastest * span:
                tried += 1
                on, bits = fit(points, i, k, mu, apart / span)
                if bits > best.bits:
                    best = Found(mu, apart / span, i, on, bits)
    return Found(mu, best.rate, best.base, best.on, best.bits - np.log2(tried))
