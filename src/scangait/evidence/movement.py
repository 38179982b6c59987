"""Movement as evidence: how likely the walk is under the candidate models of each label, against a random walk."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.evidence.finding import Finding
from scangait.gait.movements import gather, movements
from scangait.gait.samples import Sample
from scangait.model.hmm import HMM
from scangait.model.score import score
from scangait.recipe import Recipe

CHANCE: Final = "chance"
"""Label of the candidate that stands for a random walk: uniform steps at exponential gaps."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The model kept for one group of models of a label; `members` models were in its group."""

    label: str
    port: int
    members: int
    model: HMM


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


def findings(fit: NDArray[np.float64], count: int, candidates: list[Candidate], recipe: Recipe) -> list[Finding]:
    """Bits for each label from one sample's `fit` (M,), its log-likelihood per movement, and its `count` of movements.

    Successive movements are not independent, so no more than `recipe.full_weight` of them count.
    """
    names, best = best_by_label(fit[None, :], candidates)
    level = dict(zip(names, best[0].tolist(), strict=True))
    chance = level.pop(CHANCE, 0.0)
    weight = min(count, recipe.full_weight) / log(2)
    return [
        Finding("movement", name, (value - chance) * weight, _reason(name, value - chance, count, recipe))
        for name, value in level.items()
    ]


def _reason(name: str, gain: float, count: int, recipe: Recipe) -> str:
    compared = "fit" if gain >= 0 else "fit worse than a random walk does:"
    return (
        f"{count} {recipe.movement} movements {compared} {name}'s gait ({gain / log(2):+.2f} bits each against chance)"
    )
