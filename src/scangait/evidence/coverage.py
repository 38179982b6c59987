"""Coverage as evidence: a tool that walks a permutation repeats no address, one that draws at random soon does."""

from __future__ import annotations

from math import lgamma, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.gait.samples import NANOSECOND, Sample
from scangait.scanners import SCANNERS

PERMUTING: Final = 0.125
"""Share of unknown tools that never repeat an address: a permutation is rare luck for home-made tools."""
STRAY: Final = 0.01
"""Expected share of repeats of a permutation: its last probes and the next run's first, copies made by the path."""
RETRY_S: Final = 12.0
"""A repeat within this time is a retransmission (Nmap's longest timeout is 10 s), not a new draw."""
MOST_BITS: Final = 20.0


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from the number of repeated addresses, against tools of which a few permute."""
    return [_one(sample, case.scope.size, case.library.labels) for sample in case.samples]


def repeats(place: NDArray[np.int64], seconds: NDArray[np.float64]) -> tuple[int, int]:
    """Probes (N,) at positions `place`: how many are draws (no retransmission), and how many of these repeat one."""
    order = np.lexsort((seconds, place))
    same = np.diff(place[order]) == 0
    again = same & (np.diff(seconds[order]) > RETRY_S)
    return len(place) - int(np.sum(same & ~again)), int(np.sum(again))


def _one(sample: Sample, size: int, labels: list[str]) -> list[Finding]:
    draws, repeated = repeats(sample.place, (sample.time_ns - sample.time_ns[0]) * NANOSECOND)
    drawn = size * (1 - (1 - 1 / size) ** draws)
    expected = draws - drawn
    walked, thrown = _poisson(repeated, STRAY * draws + 0.01), _poisson(repeated, expected + 0.01)
    unknown = float(np.logaddexp(walked + log(PERMUTING), thrown + log(1 - PERMUTING)))
    reason = f"{repeated} repeated addresses in {draws} draws; drawing at random repeats {expected:.1f}"
    found = []
    for label in labels:
        permutes = label in SCANNERS and SCANNERS[label].permutes
        bits = ((walked if permutes else thrown) - unknown) / log(2)
        kind = "it walks a permutation" if permutes else "it draws at random"
        found.append(Finding("coverage", label, float(np.clip(bits, -MOST_BITS, MOST_BITS)), f"{reason} ({kind})"))
    return found if expected > 2**-4 else []


def _poisson(count: int, rate: float) -> float:
    """Natural logarithm of the chance of `count` events of a Poisson process."""
    return count * log(rate) - rate - lgamma(count + 1)
