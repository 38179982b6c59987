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
from scangait.model.poisson import score

LEAST: Final = 4
"""Windows below which a sample says nothing about bursts."""

MOST_BITS: Final = 10.0
"""Bursts there are many, of all kinds of tools."""


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from the number of addresses in each window of a sample, against a Poisson process.

    Successive windows are not independent, so no more of them count than hold `recipe.full_weight` mean gaps.
    """
    library = case.library
    if CHANCE not in {one.label for one in library.intensities}:
        return [[] for _ in case.samples]
    return [_one(counts(sample, library.recipe), library) for sample in case.samples]


def _one(windows: NDArray[np.int64], library: Library) -> list[Finding]:
    """One sample's findings from its addresses per window (W,)."""
    if len(windows) < LEAST:
        return []
    models = [one.model for one in library.intensities]
    fit = score(windows, np.array([len(windows)]), models)[0] / len(windows)
    level: dict[str, float] = {}
    for one, value in zip(library.intensities, fit.tolist(), strict=True):
        level[one.label] = max(value, level.get(one.label, value))
    chance = level.pop(CHANCE)
    recipe = library.recipe
    weight = min(len(windows), recipe.full_weight / recipe.window_gaps) / log(2)
    return [
        Finding("intensity", name, min((value - chance) * weight, MOST_BITS), _reason(name, value - chance, windows))
        for name, value in sorted(level.items())
    ]


def dispersion(windows: NDArray[np.int64]) -> float:
    """Variance over mean of the counts (W,): 1 for a Poisson process, more for bursts, less for an even beat."""
    return float(windows.var() / max(windows.mean(), 1e-9))


def _reason(name: str, gain: float, windows: NDArray[np.int64]) -> str:
    compared = "fit" if gain >= 0 else "fit worse than a Poisson process does:"
    return (
        f"{windows.min()} to {windows.max()} addresses in each of {len(windows)} windows, "
        f"variance {dispersion(windows):.1f} times the mean (chance: 1), {compared} {name}'s intensity "
        f"({gain / log(2):+.2f} bits each against chance)"
    )
