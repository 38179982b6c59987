"""Movement as evidence: how likely the walk is under the candidate models of each label, against a random walk."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.evidence.library import CHANCE, Candidate
from scangait.gait.movements import gather, movements
from scangait.gait.samples import Sample
from scangait.model.score import score
from scangait.recipe import Recipe
from scangait.scanners import SCANNERS


def per_movement(
    samples: list[Sample], candidates: list[Candidate], size: int, recipe: Recipe, engine: Engine
) -> NDArray[np.float64]:
    """Log-likelihood per movement (S, M), natural logarithm, of each sample under each candidate."""
    moves = gather([movements(sample, size, recipe) for sample in samples])
    lengths = np.diff(moves.ends, prepend=0)
    models = [candidate.model for candidate in candidates]
    return score(moves.x, moves.ends, models, engine=engine) / np.maximum(lengths, 1)[:, None]


def best_by_label(fit: NDArray[np.float64], candidates: list[Candidate]) -> tuple[list[str], NDArray[np.float64]]:
    """The labels (L,) in alphabetical order, and each sample's best log-likelihood per movement under them (S, L)."""
    labels = np.array([candidate.label for candidate in candidates])
    names = sorted(set(labels.tolist()))
    return names, np.stack([fit[:, labels == name].max(axis=1) for name in names], axis=1)


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from each sample's movements, against a random walk.

    Successive movements are not independent, so no more than `recipe.full_weight` of them count.
    """
    library, size = case.library, case.scope.size
    if not case.samples:
        return []
    fit = per_movement(case.samples, list(library.candidates), size, library.recipe, case.engine)
    names, best = best_by_label(fit, list(library.candidates))
    return [
        _one(dict(zip(names, row, strict=True)), len(sample.broken), library.recipe)
        for row, sample in zip(best.tolist(), case.samples, strict=True)
    ]


def _one(level: dict[str, float], count: int, recipe: Recipe) -> list[Finding]:
    """One sample's findings from its best log-likelihood per movement under each label."""
    chance = level.pop(CHANCE, 0.0)
    weight = min(count, recipe.full_weight) / log(2)
    # seen from afar, what blends moves as chance does
    level = {
        name: max(value, chance) if name in SCANNERS and SCANNERS[name].blends else value
        for name, value in level.items()
    }
    return [
        Finding("movement", name, (value - chance) * weight, _reason(name, value - chance, count, recipe))
        for name, value in level.items()
    ]


def _reason(name: str, gain: float, count: int, recipe: Recipe) -> str:
    compared = "fit" if gain >= 0 else "fit worse than a random walk does:"
    return (
        f"{count} {recipe.movement} movements {compared} {name}'s gait ({gain / log(2):+.2f} bits each against chance)"
    )
