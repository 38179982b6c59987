"""Gaussian mixtures: expectation maximisation, and the number of clusters by BIC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import FitError
from scangait.kernel import kernel
from scangait.model.emission import log_emission

TOLERANCE: Final = 1e-6
MAX_ITERATIONS: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """`weights` (K,) sum to one, `means` (K, D), `variances` (K, D), and `loglik` of what it was fitted to."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    loglik: float


def fit_mixture(x: NDArray[np.float64], states: int, *, floor: NDArray[np.float64]) -> Mixture:
    """Fit `states` Gaussians to x (T, D); no variance falls under `floor` (D,).

    The start is deterministic: slices of equal count along the first principal direction. Raises FitError where x is
    not finite or too short.
    """
    if len(x) < states or not np.all(np.isfinite(x)):
        raise FitError(f"mixture: {len(x)} observations do not fit {states} clusters, or one is not finite")
    weights, means, variances = _start(x, states, floor)
    loglik = _expectation_maximisation(x, weights, means, variances, floor, TOLERANCE, MAX_ITERATIONS)
    if not np.isfinite(loglik):
        raise FitError(f"mixture: the likelihood of {states} clusters is not finite")
    return Mixture(weights, means, variances, float(loglik))


def bic(mixture: Mixture, count: int) -> float:
    """Bayes' information criterion of a mixture fitted to `count` observations; smaller is better (Schwarz 1978)."""
    states, dims = mixture.means.shape
    parameters = states * (1 + 2 * dims) - 1
    return float(parameters * np.log(count) - 2 * mixture.loglik)


def best_mixture(x: NDArray[np.float64], *, floor: NDArray[np.float64], max_states: int = 7) -> Mixture:
    """The mixture with the smallest BIC among 1..max_states clusters; x (T, D)."""
    most = min(max_states, len(np.unique(x, axis=0)))
    fitted = [fit_mixture(x, states, floor=floor) for states in range(1, most + 1)]
    return min(fitted, key=lambda mixture: bic(mixture, len(x)))


def fit_mixtures(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    *,
    floor: NDArray[np.float64],
    max_states: int = 7,
    engine: Engine | None = None,
) -> list[Mixture]:
    """The best mixture of each sequence of x (T, D) that ends at `ends` (S,)."""
    starts = np.r_[0, ends[:-1]].tolist()
    parts = [x[a:b] for a, b in zip(starts, ends.tolist(), strict=True)]
    run = engine or Serial()
    return list(run.map(lambda part: best_mixture(part, floor=floor, max_states=max_states), parts))


def responsibilities(mixture: Mixture, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability (T, K) of each cluster for each observation."""
    table = log_emission(x, mixture.means, mixture.variances) + np.log(mixture.weights)
    table = np.exp(table - table.max(axis=1, keepdims=True))
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def density(mixture: Mixture, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability density (T,) at each observation."""
    return np.asarray(np.exp(log_emission(x, mixture.means, mixture.variances)) @ mixture.weights)


def _start(
    x: NDArray[np.float64], states: int, floor: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Slices of equal count along the longest direction of the standardised observations."""
    spread = np.maximum(x.std(axis=0), np.sqrt(floor))
    scaled = (x - x.mean(axis=0)) / spread
    line = scaled[:, 0] if x.shape[1] == 1 else scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    slices = np.array_split(np.argsort(line, kind="stable"), states)
    means = np.stack([x[part].mean(axis=0) for part in slices])
    variances = np.stack(
        [np.maximum(x[part].var(axis=0), np.maximum(floor, (spread / states) ** 2)) for part in slices]
    )
    return np.full(states, 1 / states), means, variances


@kernel
def _expectation_maximisation(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    floor: NDArray[np.float64],
    tolerance: float,
    max_iterations: int,
) -> float:
    """Log-likelihood after EM; weights, means and variances are updated in place, the last step is an E-step.

    x (T, D), weights (K,), means (K, D), variances (K, D), floor (D,) -> float
    """
    steps, dims = x.shape
    states = len(weights)
    previous = -np.inf
    loglik = -np.inf
    for iteration in range(max_iterations + 1):
        table = log_emission(x, means, variances)
        log_weights = np.log(np.maximum(weights, 1e-300))
        mass = np.zeros(states)
        shift = np.zeros((states, dims))
        square = np.zeros((states, dims))
        loglik = 0.0
        for t in range(steps):
            top = -np.inf
            for k in range(states):
                table[t, k] += log_weights[k]
                top = max(top, table[t, k])
            total = 0.0
            for k in range(states):
                table[t, k] = np.exp(table[t, k] - top)
                total += table[t, k]
            loglik += top + np.log(total)
            for k in range(states):
                share = table[t, k] / total
                mass[k] += share
                for d in range(dims):
                    off = x[t, d] - means[k, d]  # centred on the old mean: no cancellation
                    shift[k, d] += share * off
                    square[k, d] += share * off * off
        if loglik - previous < tolerance * steps or iteration == max_iterations:
            break
        previous = loglik
        for k in range(states):
            weights[k] = mass[k] / steps
            if mass[k] < 1e-10:  # an empty cluster stays where it is
                continue
            for d in range(dims):
                move = shift[k, d] / mass[k]
                variances[k, d] = max(square[k, d] / mass[k] - move * move, floor[d])
                means[k, d] += move
    return loglik
