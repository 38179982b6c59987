"""Candidates: the models kept for each label, one per DBSCAN group of its models."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.model.distance import symmetric_distance
from scangait.model.hmm import HMM
from scangait.model.score import score
from scangait.recipe import Recipe

REGRET: Final = 2.0
"""Nats per movement: a sample that fits its best candidate by so much better than another is lost either way."""


def likelihood_matrix(
    x: NDArray[np.float64], ends: NDArray[np.int64], models: list[HMM], engine: Engine
) -> NDArray[np.float64]:
    """Log-likelihood per movement (S, M) of each sequence under each model."""
    return score(x, ends, models, engine=engine) / np.diff(ends, prepend=0)[:, None]


def scaled_rows(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row scaled to 0..1, as in Fig. 4 of the paper; a constant row becomes 1."""
    low = matrix.min(axis=1, keepdims=True)
    span = matrix.max(axis=1, keepdims=True) - low
    return np.where(span > 0, (matrix - low) / np.where(span > 0, span, 1), 1.0)


def groups(matrix: NDArray[np.float64], recipe: Recipe) -> NDArray[np.int64]:
    """DBSCAN group (M,) of each model from the square log-likelihood matrix; a model alone is a group of its own."""
    count = len(matrix)
    if count <= recipe.min_points:
        return np.arange(count)
    from sklearn.cluster import DBSCAN

    distance = symmetric_distance(matrix)
    eps = max(knee(np.sort(distance, axis=1)[:, recipe.min_points]), np.finfo(float).tiny)
    group = DBSCAN(eps=eps, min_samples=recipe.min_points, metric="precomputed").fit_predict(distance)
    alone = group < 0
    group[alone] = np.arange(alone.sum()) + group.max() + 1
    return np.asarray(group, np.int64)


def knee(k_distances: NDArray[np.float64]) -> float:
    """The k-distance at the knee: the sorted value furthest below the straight line from first to last."""
    curve = np.sort(k_distances)
    line = np.linspace(curve[0], curve[-1], len(curve))
    return float(curve[np.argmax(line - curve)])


def chosen(
    matrix: NDArray[np.float64], group: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """(model, members) of the candidate of each group: its medoid, or a random member."""
    distance = symmetric_distance(matrix)
    picks = []
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        inside = distance[np.ix_(members, members)].sum(axis=1)
        pick = rng.choice(members) if recipe.candidate == "random" else members[np.argmin(inside)]
        picks.append((int(pick), len(members)))
    return _together(matrix, picks, recipe.most_candidates)


def _together(matrix: NDArray[np.float64], picks: list[tuple[int, int]], most: int | None) -> list[tuple[int, int]]:
    """At most so many of the picks, which together explain the samples of the matrix (S, M) best.

    One after the other, each time the one that helps most; no sample counts for more than REGRET.
    """
    if most is None or len(picks) <= most:
        return picks
    fit = matrix[:, [pick for pick, _ in picks]]
    fit = np.maximum(fit, fit.max(axis=1, keepdims=True) - REGRET)
    level, kept = np.full(len(fit), -np.inf), []
    for _ in range(most):
        best = int(np.argmax(np.maximum(fit, level[:, None]).sum(axis=0)))
        level = np.maximum(level, fit[:, best])
        kept.append(best)
    return [picks[index] for index in sorted(kept)]
