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


def shares(
    typical: tuple[Typical, ...], label: str, counts: NDArray[np.int64], gains: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share (S,) of the label's own scans that fit as oddly (badly or well), 1 where nobody knows; of samples of
    so many movements (S,) with these gains (S,).

    Beyond the outermost of AT the tails are exponential.
    """
    own = [one for one in typical if one.label == label]
    found = np.ones(len(counts))
    place = np.minimum(np.searchsorted([one.longest for one in own], counts), len(own) - 1)
    for number, one in enumerate(own):
        alike, usual = place == number, np.array(one.gains)
        odd = np.minimum(_below(usual, gains[alike]), _below(-usual[::-1], -gains[alike]))
        found[alike] = np.minimum(1.0, 2 * odd)
    return found


def _below(usual: NDArray[np.float64], gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share (S,) of own scans, at AT of which lie the gains `usual`, that lie no higher than `gains` (S,)."""
    fall = log2(AT[TENTH] / AT[0]) / max(float(usual[TENTH] - usual[0]), 1e-3)
    tail = AT[0] * np.exp2(np.maximum(-fall * np.maximum(usual[0] - gains, 0.0), -50.0))
    return np.where(gains >= usual[0], np.interp(gains, usual, AT), tail)
