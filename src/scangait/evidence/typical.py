"""Typical gaits: how well the scans of a tool usually fit its own models, to see when one fits oddly."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

AT: Final = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99)
"""Shares of a tool's own scans at which a typical gain is kept, the same from both ends."""
TENTH: Final = 3
"""Place of one tenth among them."""
LONGEST: Final = (40, 150, 2**31)
"""Movements up to which samples are compared with each other: short ones vary more."""
LEAST: Final = 20
"""Scans below which nobody can say what is typical."""


@dataclass(frozen=True, slots=True)
class Typical:
    """Of a tool's own scans with at most `longest` movements, the share AT fits no better than `gains` (nats per
    movement above chance; as many).
    """

    label: str
    longest: int
    gains: tuple[float, ...]


def of(label: str, counts: NDArray[np.int64], gains: NDArray[np.float64]) -> list[Typical]:
    """What is typical of a tool, from the movements (N,) and gains (N,) of its own scans."""
    size = np.searchsorted(LONGEST, counts)
    found = [(longest, gains[size == index]) for index, longest in enumerate(LONGEST)]
    return [
        Typical(label, longest, tuple(np.quantile(own, AT).tolist())) for longest, own in found if len(own) >= LEAST
    ]


def share(typical: tuple[Typical, ...], label: str, count: int, gain: float) -> float:
    """The share of the label's own scans that fit as oddly (badly or well), 1 where nobody knows.

    Beyond the outermost of AT the tails are exponential.
    """
    own = [one for one in typical if one.label == label]
    if not own:
        return 1.0
    gains = np.array(next((one for one in own if count <= one.longest), own[-1]).gains)
    return min(1.0, 2 * min(_below(gains, gain), _below(-gains[::-1], -gain)))


def _below(gains: NDArray[np.float64], gain: float) -> float:
    """The share of own scans, at AT of which lie `gains`, that lie no higher than `gain`."""
    if gain >= gains[0]:
        return float(np.interp(gain, gains, AT))
    fall = log2(AT[TENTH] / AT[0]) / max(float(gains[TENTH] - gains[0]), 1e-3)
    return float(AT[0] * 2 ** max(-fall * (gains[0] - gain), -50.0))
