"""Probes as the search for a walk sees them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import inlined


class Points(NamedTuple):
    """What is searched: logarithms `x` (K,) to the base `root` and times `when` (K,) in seconds, in time order, in the
    group modulo `prime` with its `order`, of the numbers below which the share `units` is prime to it.

    Probes may be `jitter` seconds late and the rate be off by the share `drift`.
    """

    x: NDArray[np.int64]
    when: NDArray[np.float64]
    root: int
    prime: int
    order: int
    units: float
    jitter: float
    drift: float


@inlined
def tolerance_of(points: Points, rate: float, apart: float, span: float) -> float:
    """Elements by which a probe may miss its place: lateness of its own and of the base pair, and drift."""
    late = rate * points.jitter
    return 1.0 + late + abs(rate * apart) * points.drift + abs(apart) * late / span
