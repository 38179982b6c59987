"""Intensity as evidence: how bursty a scan is, against a Poisson process (De Santis et al. 2016)."""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Said, Why, nothing
from scangait.evidence.library import CHANCE
from scangait.gait.intensity import counts
from scangait.model.poisson import score

LEAST: Final = 4
"""Windows below which a sample says nothing about bursts."""

MOST_BITS: Final = 4.0
"""Bursts there are many, of all kinds of tools."""


def said(case: Case) -> Said:
    """Bits for each label from the number of addresses in each window of a sample, against a Poisson process.

    Successive windows are not independent, so no more of them count than hold `recipe.full_weight` mean gaps.
    """
    known = case.library.intensities
    windows = [counts(sample, case.library.recipe) for sample in case.samples]
    speaking = np.flatnonzero(np.array([len(own) for own in windows]) >= LEAST)
    if CHANCE not in {one.label for one in known} or not len(speaking):
        return nothing("intensity", len(windows))
    names = sorted({one.label for one in known} - {CHANCE})
    heard = [windows[index] for index in speaking.tolist()]
    lengths = np.array([len(own) for own in heard])
    fit = score(np.concatenate(heard), np.cumsum(lengths), [one.model for one in known]) / lengths[:, None]
    labels = np.array([one.label for one in known])
    level = np.stack([fit[:, labels == name].max(axis=1) for name in (CHANCE, *names)], axis=1)
    gain = np.full((len(windows), len(names)), np.nan)
    gain[speaking] = level[:, 1:] - level[:, :1]
    recipe = case.library.recipe
    weight = np.array([min(len(own), recipe.full_weight / recipe.window_gaps) for own in windows]) / log(2)
    bits = np.minimum(gain * weight[:, None], MOST_BITS)

    def why(row: int, column: int) -> Why:
        least, most, variance = extent(windows[row])
        seen = (
            f"{least} to {most} addresses in each of {len(windows[row])} windows, variance {variance:.1f} times the "
            f"mean (chance: 1), {_compared(names[column], float(gain[row, column]))}"
        )
        return Why(seen)

    return Said("intensity", tuple(names), bits, why)


def extent(windows: NDArray[np.int64]) -> tuple[int, int, float]:
    """Of counts (W,) the least, the most, and variance over mean: 1 for a Poisson process, more for bursts, less for an
    even beat.
    """
    total, square = int(windows.sum()), int(windows @ windows)
    return int(windows.min()), int(windows.max()), (square - total * total / len(windows)) / max(total, 1)


def _compared(name: str, gain: float) -> str:
    how = "fit" if gain >= 0 else "fit worse than a Poisson process does:"
    return f"{how} {name}'s intensity ({gain / log(2):+.2f} bits each against chance)"
