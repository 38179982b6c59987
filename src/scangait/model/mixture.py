"""Gaussian mixtures: expectation maximisation, and the number of clusters by BIC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import FitError
from scangait.model.blocks import Blocks, in_blocks
from scangait.model.emission import log_emission
from scangait.model.lanes import each_state
from scangait.model.leap import Parameters
from scangait.model.mixture_em import expectation_maximisation, room_for

TOLERANCE: Final = 1e-6
MAX_ITERATIONS: Final = 300
LARGE: Final = 4096
"""Observations from which EM leaps: it is there that steps are dear, and that a leap hardly ever ends elsewhere."""
NEARER: Final = 0.25
"""EM that leaps goes on until a step gains so much less: it comes to where steps gain little from another side, and a
third of the tolerance was enough to end nowhere lower than without leaps (`make bench ONLY=leaps`).
"""
RISES: Final = 2
"""The search over the number of clusters ends when so many more have not lowered BIC (docs/performance.md)."""


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
    return _fit(_lay(np.asarray(x, np.float64), floor), states, floor)


def bic(mixture: Mixture, count: int) -> float:
    """Bayes' information criterion of a mixture fitted to `count` observations; smaller is better (Schwarz 1978)."""
    states, dims = mixture.means.shape
    parameters = states * (1 + 2 * dims) - 1
    return float(parameters * np.log(count) - 2 * mixture.loglik)


def best_mixture(x: NDArray[np.float64], *, floor: NDArray[np.float64], max_states: int = 7) -> Mixture:
    """The mixture with the smallest BIC among 1..max_states clusters; x (T, D)."""
    return min(search(x, floor=floor, max_states=max_states), key=lambda mixture: bic(mixture, len(x)))


def search(x: NDArray[np.float64], *, floor: NDArray[np.float64], max_states: int = 7) -> list[Mixture]:
    """Mixtures of 1, 2, ... clusters fitted to x (T, D), until BIC has not come below its smallest RISES times."""
    if not len(x) or not np.all(np.isfinite(x)):
        raise FitError(f"mixture: {len(x)} observations fit no cluster, or one is not finite")
    laid = _lay(np.asarray(x, np.float64), floor)
    fitted, criteria = list[Mixture](), list[float]()
    for states in range(1, _different(x, max_states) + 1):
        fitted.append(_fit(laid, states, floor))
        criteria.append(bic(fitted[-1], len(x)))
        if states - int(np.argmin(criteria)) > RISES:
            break
    return fitted


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


def _different(x: NDArray[np.float64], most: int) -> int:
    """How many different observations x (T, D) has, counted up to `most`; a few tell it nearly always."""
    few = len(np.unique(x[: 8 * most], axis=0))
    return most if few >= most else min(most, len(np.unique(x, axis=0)))


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """Observations as the search over numbers of clusters wants them: worked out once, used for each number.

    `middle` and `deviation` (D,); `sums` (T + 1, 2, D): how far the first observations along the longest direction lie
    from the middle, added up, and the squares of that; `blocks` in lanes.
    """

    middle: NDArray[np.float64]
    deviation: NDArray[np.float64]
    sums: NDArray[np.float64]
    blocks: Blocks


def _lay(x: NDArray[np.float64], floor: NDArray[np.float64]) -> _Laid:
    """Order observations x (T, D) and put them into blocks, each different one once where that is half the work."""
    deviation = np.maximum(x.std(axis=0), np.sqrt(floor))
    middle = x.mean(axis=0)
    scaled = (x - middle) / deviation
    line = scaled[:, 0] if x.shape[1] == 1 else scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    ordered = x[np.argsort(line, kind="stable")]
    firsts = np.flatnonzero(np.r_[True, np.any(ordered[1:] != ordered[:-1], axis=1)])
    values, counts = ordered, np.ones(len(x))
    if 2 * len(firsts) <= len(x):
        values, counts = ordered[firsts], np.diff(np.r_[firsts, len(x)]).astype(np.float64)
    sums, off = np.zeros((len(x) + 1, 2, x.shape[1])), ordered - middle
    np.cumsum(np.stack([off, off * off], axis=1), axis=0, out=sums[1:])
    return _Laid(middle, deviation, sums, in_blocks(values, counts))


def _fit(laid: _Laid, states: int, floor: NDArray[np.float64]) -> Mixture:
    """EM for one number of clusters."""
    mixture, _ = run(laid, states, floor)
    if not np.isfinite(mixture.loglik):
        raise FitError(f"mixture: the likelihood of {states} clusters is not finite")
    return mixture


def run(
    laid: _Laid,
    states: int,
    floor: NDArray[np.float64],
    *,
    tolerance: float = TOLERANCE,
    limit: int = MAX_ITERATIONS,
    leaps: bool | None = None,
) -> tuple[Mixture, int]:
    """`climb` from slices of equal count; it `leaps` where there are LARGE many observations, unless that is said
    otherwise.
    """
    leaping = len(laid.sums) > LARGE if leaps is None else leaps
    return climb(laid, _start(laid, states, floor), floor, tolerance=tolerance, limit=limit, leaps=leaping)


def climb(
    laid: _Laid, start: Parameters, floor: NDArray[np.float64], *, tolerance: float, limit: int, leaps: bool
) -> tuple[Mixture, int]:
    """EM from a start, until it gains less than `tolerance` per observation or takes `limit` M-steps; and how many it
    took. The start is overwritten.
    """
    weights, means, variances = start
    dims, room = each_state(len(floor)), room_for(len(weights), len(floor))
    least = tolerance * NEARER if leaps else tolerance
    loglik, steps = expectation_maximisation(laid.blocks, start, floor, dims, room, least, limit, leaps)
    return Mixture(weights, np.ascontiguousarray(means.T), np.ascontiguousarray(variances.T), float(loglik)), steps


def _start(laid: _Laid, states: int, floor: NDArray[np.float64]) -> Parameters:
    """Weights (m,), means (D, m), variances (D, m) of slices of equal count."""
    count = len(laid.sums) - 1
    edges = count // states * np.arange(states + 1) + np.minimum(np.arange(states + 1), count % states)
    means, squares = (np.diff(laid.sums[edges], axis=0) / np.diff(edges)[:, None, None]).transpose(1, 0, 2)
    variances = squares - means * means  # where little is left of so much, `least` is more
    least = np.maximum(floor, (laid.deviation / states) ** 2)
    return np.full(states, 1 / states), (means + laid.middle).T.copy(), np.maximum(variances, least).T.copy()
