"""Which of many lines are worth a closer look: probes near each are counted, eight lines in one instruction."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba.core.types import float64
from numba.extending import intrinsic
from numpy.typing import NDArray

from scangait.evidence.points import Points, tolerance_of
from scangait.kernel import inlined, kernel
from scangait.model.vectors import ROUNDER

SHORT: Final = 16
"""Of so many probes half are looked at first, of more two thirds: noise and threads leave a line less of those."""
BLOCK: Final = 512
"""Lines that are counted at once: their columns stay in the nearest cache."""
FEW: Final = 8
"""Of fewer lines each is looked at by itself."""


@intrinsic  # type: ignore[untyped-decorator]
def fused(_: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """A b + c of three floats, rounded once: `llvm.fma` is so on every machine, by software without the instruction."""
    return float64(float64, float64, float64), lambda _context, builder, _signature, given: builder.fma(*given)


@kernel
def promising(  # noqa: PLR0917 (kernels take arrays and numbers only)
    hits: NDArray[np.int64], points: Points, i: int, k: int, a: int, base: int, inverse: int, common: int, least: float
) -> int:
    """Keep those of the distances `hits` (H,) on whose lines so many probes lie that they may have `least` bits.

    In place; how many are kept. The same as `fit` in floating point, where eight lines fit into one instruction; but
    lines through i, k and a on which none of many probes beside these lies are not looked at any further.
    """
    if len(hits) < FEW:
        return len(hits)
    order, span, kept, count = np.float64(points.order), points.when[k] - points.when[i], 0, len(points.x)
    turn, near = 1.0 / order, min((count // 2 if count <= SHORT else 2 * count // 3) + 3, count)
    begin = max(0, min((i + k - near) // 2, count - near))
    mu, rate, on = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for first in range(0, len(hits), BLOCK):
        block = hits[first : first + BLOCK]
        size = len(block)
        most = np.log2(order / (3.0 + 2.0 * block[0] * (common / span) * points.jitter))  # the slowest has most bits
        for h in range(size):
            rate[h], on[h] = block[h] * (common / span), 0.0
            mu[h] = base + _product(np.float64(block[h]), np.float64(inverse), order, turn)
        for look in range(count):
            b = (begin + look) % count
            if look == near:
                size = _hit(block[:size], mu, rate, on)
            if b not in (i, k, a):
                apart = points.when[b] - points.when[i]
                late = tolerance_of(points, 1.0, apart, span) - 1.0
                x = points.x[b] - points.x[i]
                _count(on[:size], mu, rate, x + order if x < 0 else np.float64(x), apart, late, order, turn)
        for h in range(size):
            if (on[h] + 1.0) * most >= least:
                hits[kept] = block[h]
                kept += 1
    return kept


@inlined
def _hit(block: NDArray[np.int64], mu: NDArray[np.float64], rate: NDArray[np.float64], on: NDArray[np.float64]) -> int:
    """Move the lines (H,) with probes on them to the front; how many there are."""
    kept = 0
    for h in range(len(block)):
        if on[h]:
            block[kept], mu[kept], rate[kept], on[kept] = block[h], mu[h], rate[h], on[h]
            kept += 1
    return kept


@inlined
def _count(
    on: NDArray[np.float64],
    mu: NDArray[np.float64],
    rate: NDArray[np.float64],
    x: float,
    apart: float,
    late: float,
    order: float,
    turn: float,
) -> None:
    """Add 1 to `on` (H,) for each line (H,) on which the probe x and `apart` seconds from its base lies; `turn` is 1 /
    order.
    """
    for h in range(len(on)):
        rest = _product(mu[h], x, order, turn) - rate[h] * apart
        rest = fused(-_nearest_integer(rest * turn), order, rest)
        on[h] += 1.0 if abs(rest) <= 1.0 + rate[h] * late else 0.0


@inlined
def _product(a: float, b: float, order: float, turn: float) -> float:
    """A b modulo the order, whole numbers below 2^50, between about -order / 2 and order / 2: exact (Dekker 1971).

    `turn` is one over the order: its rounding moves what lies at half an order only, from one side to the other.
    """
    high = a * b
    rest: float = fused(-_nearest_integer(high * turn), order, high) + fused(a, b, -high)
    return rest


@inlined
def _nearest_integer(x: float) -> float:
    return x + ROUNDER - ROUNDER
