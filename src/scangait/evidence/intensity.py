"""Intensity as evidence: how bursty a scan is, against a Poisson process (De Santis et al. 2016)."""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.evidence.library import CHANCE, Library
from scangait.gait.intensity import counts
from scangait.kernel import kernel
from scangait.model.poisson import score

LEAST: Final = 4
"""Windows below which a sample says nothing about bursts."""

MOST_BITS: Final = 4.0
"""Bursts there are many, of all kinds of tools."""


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from the number of addresses in each window of a sample, against a Poisson process.

    Successive windows are not independent, so no more of them count than hold `recipe.full_weight` mean gaps.
    """
    library = case.library
    if CHANCE not in {one.label for one in library.intensities}:
        return [[] for _ in case.samples]
    windows = [counts(sample, library.recipe) for sample in case.samples]
    speaking = [index for index, own in enumerate(windows) if len(own) >= LEAST]
    found: list[list[Finding]] = [[] for _ in windows]
    if speaking:
        lengths = np.array([len(windows[index]) for index in speaking])
        models = [one.model for one in library.intensities]
        fit = score(np.concatenate([windows[index] for index in speaking]), np.cumsum(lengths), models)
        for index, row in zip(speaking, (fit / lengths[:, None]).tolist(), strict=True):
            found[index] = _one(windows[index], row, library)
    return found


def _one(windows: NDArray[np.int64], fit: list[float], library: Library) -> list[Finding]:
    """One sample's findings from its addresses per window (W,) and their log-likelihood each under each model."""
    level: dict[str, float] = {}
    for one, value in zip(library.intensities, fit, strict=True):
        level[one.label] = max(value, level.get(one.label, value))
    chance, recipe = level.pop(CHANCE), library.recipe
    weight = min(len(windows), recipe.full_weight / recipe.window_gaps) / log(2)
    least, most, variance = extent(windows)
    seen = (
        f"{least} to {most} addresses in each of {len(windows)} windows, variance {variance:.1f} times the mean "
        f"(chance: 1)"
    )
    return [
        Finding(
            "intensity", name, min((value - chance) * weight, MOST_BITS), f"{seen}, {_compared(name, value - chance)}"
        )
        for name, value in sorted(level.items())
    ]


@kernel
def extent(windows: NDArray[np.int64]) -> tuple[int, int, float]:
    """Of counts (W,) the least, the most, and variance over mean: 1 for a Poisson process, more for bursts, less for an
    even beat.
    """
    least, most, total, square = windows[0], windows[0], 0, 0
    for count in windows:
        least, most = min(least, count), max(most, count)
        total, square = total + count, square + count * count
    return least, most, (square - total * total / len(windows)) / max(total, 1)


def _compared(name: str, gain: float) -> str:
    how = "fit" if gain >= 0 else "fit worse than a Poisson process does:"
    return f"{how} {name}'s intensity ({gain / log(2):+.2f} bits each against chance)"
