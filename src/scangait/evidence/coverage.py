"""Coverage as evidence: a tool that walks a permutation repeats no address, one that draws at random soon does."""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Said, Why
from scangait.gait.addresses import repeated
from scangait.gait.movements import stride
from scangait.gait.samples import NANOSECOND
from scangait.scanners import SCANNERS

PERMUTING: Final = 0.05
"""Share of unknown tools that jump about as chance does and yet never repeat an address."""
JUMP: Final = 0.2
"""Mean step, as a share of the telescope, above which a scan jumps about (by chance: 1/3); others step along."""
STRAY: Final = 0.01
"""Expected share of repeats of a permutation: its last probes and the next run's first, copies made by the path."""
RETRY_S: Final = 12.0
"""A repeat within this time is a retransmission (Nmap's longest timeout is 10 s), not a new draw."""
MOST_BITS: Final = 20.0
LEAST: Final = 2**-4
"""Repeats by chance below which nothing can be said."""


class Repeats(NamedTuple):
    """How many probes are `draws`, how many of these are `repeated` addresses, and how many would be `by_chance`."""

    draws: int
    repeated: int
    by_chance: float


def repeats(place: NDArray[np.int64], time_ns: NDArray[np.int64], size: int) -> Repeats:
    """Count the repeats among probes (N,) in time order at positions `place` of a telescope of `size` addresses."""
    soon, later = repeated(place, time_ns, int(RETRY_S * 1e9))
    draws = len(place) - soon  # what comes again soon may be a retransmission, which is no draw
    by_chance = draws - size * (1 - (1 - 1 / size) ** draws)
    if soon:  # of repeated draws, only those later than a retransmission were counted
        lasted_s = float(time_ns[-1] - time_ns[0]) * NANOSECOND
        by_chance *= max(0.0, 1 - RETRY_S / max(lasted_s, RETRY_S)) ** 2
    return Repeats(draws, later, by_chance)


def said(case: Case) -> Said:
    """Bits for each label from the number of repeated addresses, against tools of which a few permute."""
    labels, size = case.library.labels, case.scope.size
    counted = [repeats(sample.place, sample.time_ns, size) for sample in case.samples]
    permutes = np.array([label in SCANNERS and SCANNERS[label].permutes for label in labels], np.bool_)
    bits = np.full((len(counted), len(labels)), np.nan)
    for row, (sample, own) in enumerate(zip(case.samples, counted, strict=True)):
        if own.by_chance > LEAST:
            walked, thrown = _bits(own, jumping=stride(sample.place) > JUMP * size)
            bits[row] = np.where(permutes, walked, thrown)

    def why(row: int, column: int) -> Why:
        draws, again, by_chance = counted[row]
        kind = "it walks a permutation" if permutes[column] else "it draws at random"
        reason = f"{again} repeated addresses in {draws} draws; drawing at random repeats {by_chance:.1f} ({kind})"
        return Why(reason)

    return Said("coverage", tuple(labels), bits, why)


def _bits(counted: Repeats, *, jumping: bool) -> tuple[float, float]:
    """Bits for walking a permutation and for drawing at random."""
    draws, again, by_chance = counted
    walked, thrown = _poisson(again, STRAY * draws + 0.01), _poisson(again, by_chance + 0.01)
    # what steps along repeats nothing, whoever made it
    unknown = _either(walked + log(PERMUTING), thrown + log(1 - PERMUTING)) if jumping else walked
    return _within((walked - unknown) / log(2)), _within((thrown - unknown) / log(2))


def _within(bits: float) -> float:
    return min(max(bits, -MOST_BITS), MOST_BITS)


def _either(a: float, b: float) -> float:
    """Logarithm of the sum of two chances, from theirs."""
    return max(a, b) + log1p(exp(-abs(a - b)))


def _poisson(count: int, rate: float) -> float:
    """Natural logarithm of the chance of `count` events of a Poisson process."""
    return count * log(rate) - rate - lgamma(count + 1)
