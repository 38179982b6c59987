"""Coverage as evidence: a tool that walks a permutation repeats no address, one that draws at random soon does."""

from __future__ import annotations

from math import lgamma, log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.gait.samples import NANOSECOND, Sample
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


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from the number of repeated addresses, against tools of which a few permute."""
    return [_one(sample, case.scope.size, case.library.labels) for sample in case.samples]


class Repeats(NamedTuple):
    """How many probes are `draws`, how many of these are `repeated` addresses, and how many would be `by_chance`."""

    draws: int
    repeated: int
    by_chance: float


def repeats(place: NDArray[np.int64], seconds: NDArray[np.float64], size: int) -> Repeats:
    """Count the repeats among probes (N,) at positions `place` of a telescope of `size` addresses."""
    order = np.lexsort((seconds, place))
    same = np.diff(place[order]) == 0
    again = same & (np.diff(seconds[order]) > RETRY_S)
    soon = int(np.sum(same & ~again))  # they may be retransmissions, which are no draws
    draws = len(place) - soon
    by_chance = draws - size * (1 - (1 - 1 / size) ** draws)
    if soon:  # of repeated draws, only those later than a retransmission were counted
        by_chance *= max(0.0, 1 - RETRY_S / max(float(seconds.max()), RETRY_S)) ** 2
    return Repeats(draws, int(np.sum(again)), by_chance)


def _one(sample: Sample, size: int, labels: list[str]) -> list[Finding]:
    seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
    draws, repeated, expected = repeats(sample.place, seconds, size)
    walked, thrown = _poisson(repeated, STRAY * draws + 0.01), _poisson(repeated, expected + 0.01)
    jumping = float(np.abs(np.diff(sample.place)).mean()) > JUMP * size
    # what steps along repeats nothing, whoever made it
    unknown = float(np.logaddexp(walked + log(PERMUTING), thrown + log(1 - PERMUTING))) if jumping else walked
    reason = f"{repeated} repeated addresses in {draws} draws; drawing at random repeats {expected:.1f}"
    found = []
    for label in labels:
        permutes = label in SCANNERS and SCANNERS[label].permutes
        bits = ((walked if permutes else thrown) - unknown) / log(2)
        kind = "it walks a permutation" if permutes else "it draws at random"
        found.append(Finding("coverage", label, min(max(bits, -MOST_BITS), MOST_BITS), f"{reason} ({kind})"))
    return found if expected > 2**-4 else []


def _poisson(count: int, rate: float) -> float:
    """Natural logarithm of the chance of `count` events of a Poisson process."""
    return count * log(rate) - rate - lgamma(count + 1)
