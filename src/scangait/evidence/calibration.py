"""Calibration: what the bits of each kind of evidence are worth together, and how often strangers look like a tool.

Kinds are not independent (bursts show in movements and in intensity), and headers are forged, so raw bits promise too
much. Weights are fitted for each set of kinds that may be listened to, so that confidence means what it says; and a
scan is named only with so many bits as scans of tools that the library does not know hardly ever reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_BITS: Final = 40.0
"""More than this no kind can say; only the proof of a walk says more than 20."""
SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""False-alarm rates for which a calibration knows the bits that are needed."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """For the set `kinds`: `weights` (as many) on their bits, the bits of `unknown`, and how many bits above it each of
    `labels` needs: `needed` has for each label what each of SHARES of the scans of unknown tools reaches.
    """

    kinds: tuple[str, ...]
    weights: tuple[float, ...]
    unknown: float
    labels: tuple[str, ...] = ()
    needed: tuple[tuple[float, ...], ...] = ()

    def threshold(self, label: str, false_alarm: float) -> float:
        """Bits above unknown that a name needs so that this share of unknown tools at most is given it."""
        if label not in self.labels:
            return 0.0
        return _between(self.needed[self.labels.index(label)], false_alarm)


@lru_cache
def _between(bits: tuple[float, ...], false_alarm: float) -> float:
    """The bits needed at a rate, from those at SHARES."""
    return max(0.0, float(np.interp(np.log(false_alarm), np.log(SHARES), bits)))


def uncalibrated(kinds: Iterable[str]) -> Calibration:
    """Every kind at its word: for libraries that were learned without trials."""
    chosen = tuple(sorted(kinds))
    return Calibration(chosen, (1.0,) * len(chosen), 2.0)


def weighed(bits: NDArray[np.float64], kinds: Iterable[str], calibration: Calibration) -> NDArray[np.float64]:
    """The bits (K, ...) of so many kinds as the calibration believes them; of those that it does not know, all."""
    worth = dict(zip(calibration.kinds, calibration.weights, strict=True))
    weights = np.array([worth.get(kind, 1.0) for kind in kinds]).reshape(-1, *[1] * (bits.ndim - 1))
    return np.asarray(weights * np.clip(bits, -MOST_BITS, MOST_BITS))
