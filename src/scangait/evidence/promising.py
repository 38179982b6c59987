"""Which of many lines are worth a closer look: the probes near each add up, several lines in one instruction."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.points import Points, tolerance_of
from scangait.kernel import inlined, kernel
from scangait.model.vectors import ROUNDER
from scangait.scanners.logarithm import multiply

SHORT: Final = 16
"""Of so many probes half are looked at first, of more two thirds: noise and threads leave a line less of those."""
BLOCK: Final = 512
"""Lines that are looked at together: their columns stay in the nearest cache."""
FEW: Final = 8
"""Of fewer lines each is looked at to the end."""
LEAST_BITS: Final = 2.0
"""What a probe that lies on a line by chance once in four times is worth: nothing is, from there on, as in `fit`."""
INEXACT: Final = 2.0**-51
"""Turns by which floating point may be wrong, for each element of a distance."""


@inlined
def seen_from(
    points: Points, i: int, k: int, common: int, inverse: int, off: NDArray[np.float64], slack: NDArray[np.float64]
) -> None:
    """How far probes are `off` (K,) the line through the pair i, k, and how far they may be, `slack` (K,).

    Both in turns of the group for each unit of a distance d: of the line through the pair that has mu = d `inverse` and
    d `common` elements between them, all of it grows with d.
    """
    x, when, order = points.x, points.when, points.order
    span = when[k] - when[i]
    for b in range(len(off)):
        apart, far = when[b] - when[i], x[b] - x[i]
        ahead = multiply(np.uint64(inverse), np.uint64(far + order if far < 0 else far), np.uint64(order))
        off[b] = np.float64(ahead) / order - common / span * apart / order
        slack[b] = (tolerance_of(points, 1.0, apart, span) - 1.0) * (common / span) / order


@kernel
def promising(  # noqa: PLR0917 (kernels take arrays and numbers only)
    hits: NDArray[np.int64],
    lines: int,
    points: Points,
    i: int,
    k: int,
    a: int,
    lift: int,
    common: int,
    off: NDArray[np.float64],
    slack: NDArray[np.float64],
    least: float,
) -> int:
    """Keep those of the first `lines` distances of `hits` (H,), ascending, on whose lines so many probes lie that they
    may have `least` bits; `off` and `slack` (K,) are those of the pair.

    In place; how many are kept. Not fewer than `fit` would, since each probe is worth what it is on the slowest line;
    but lines through i, k and a on which none of many probes beside these lies are not looked at any further.
    """
    kept, count, element = 0, len(points.x), 1.0 / points.order
    near = min((count // 2 if count <= SHORT else 2 * count // 3) + 3, count) if lines >= FEW else count
    begin = max(0, min((i + k - near) // 2, count - near))
    distance, bits = np.empty(BLOCK), np.empty(BLOCK)
    for first in range(0, lines, BLOCK):
        size, own = min(BLOCK, lines - first), 0.0
        for h in range(size):
            distance[h], bits[h] = hits[first + h], 0.0
        for look in range(count):
            b = (begin + look) % count
            if look == near:
                size = _hit(hits, first, size, distance, bits)
            worth = -np.log2(3.0 * element + 2.0 * slack[b] * hits[first])
            if worth < LEAST_BITS or b == i or b == k:
                continue
            if b == a:
                own = worth
                continue
            begun = lift * ((points.x[b] - points.x[i]) % common) / common if lift else 0.0
            _weigh(bits, size, distance, off[b], begun, element, slack[b] + INEXACT, worth)
        for h in range(size):
            if bits[h] + own >= least:
                hits[kept] = hits[first + h]
                kept += 1
    return kept


@inlined
def _hit(
    hits: NDArray[np.int64], first: int, size: int, distance: NDArray[np.float64], bits: NDArray[np.float64]
) -> int:
    """Move those of the lines first..first + size of `hits` with probes on them to the front; how many there are."""
    kept = 0
    for h in range(size):
        if bits[h]:
            hits[first + kept], distance[kept], bits[kept] = hits[first + h], distance[h], bits[h]
            kept += 1
    return kept


@inlined
def _weigh(
    bits: NDArray[np.float64],
    size: int,
    distance: NDArray[np.float64],
    off: float,
    begun: float,
    element: float,
    slack: float,
    worth: float,
) -> None:
    """Add what a probe is `worth` to the first `size` of `bits` for each line of a `distance` on which it lies.

    In turns: it is `off` that for each unit of the distance and `begun` in any case, and may be an `element` and so
    much `slack` for each unit.
    """
    for h in range(size):
        rest = distance[h] * off + begun
        rest -= rest + ROUNDER - ROUNDER  # the nearest whole number of turns
        bits[h] += worth if abs(rest) <= element + distance[h] * slack else 0.0
