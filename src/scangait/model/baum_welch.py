"""Baum-Welch: expectation maximisation of a hidden Markov model (Baum et al. 1970; scaled as in Rabiner 1989)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import FitError
from scangait.kernel import kernel
from scangait.model.emission import log_emission
from scangait.model.hmm import HMM

TOLERANCE: Final = 1e-5
MAX_ITERATIONS: Final = 100
ROUNDING: Final = 1e-7
"""A likelihood may fall by this much per observation before it is an error: sums are rounded, variances floored."""
TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted `hmm`, the log-likelihood at each iteration, and whether it settled before the last one."""

    hmm: HMM
    history: tuple[float, ...]
    converged: bool


def fit_hmm(
    x: NDArray[np.float64],
    start: HMM,
    *,
    floor: NDArray[np.float64],
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Fit:
    """Fit a model to one sequence x (T, D), beginning at `start`; no variance falls under `floor` (D,).

    Stops when the log-likelihood gains less than `tolerance` per observation. Raises FitError when it goes down or is
    not finite.
    """
    parts = [start.start.copy(), start.transition.copy(), start.means.copy(), start.variances.copy()]
    history: list[float] = []
    for _ in range(max_iterations):
        before = [part.copy() for part in parts]
        loglik = float(_step(x, *parts, floor))
        if not np.isfinite(loglik):
            raise FitError(f"Baum-Welch: log-likelihood {loglik} after {len(history)} iterations")
        if history and loglik < history[-1] - ROUNDING * len(x) - 1e-9 * abs(history[-1]):
            raise FitError(f"Baum-Welch: the log-likelihood fell from {history[-1]} to {loglik}")
        settled = bool(history) and loglik - history[-1] < tolerance * len(x)
        history.append(loglik)
        if settled:
            return Fit(HMM(*before), tuple(history), converged=True)
    return Fit(HMM(*parts), tuple(history), converged=False)


def fit_hmms(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    starts: list[HMM],
    *,
    floor: NDArray[np.float64],
    engine: Engine | None = None,
) -> list[Fit]:
    """One model for each sequence of x (T, D) that ends at `ends` (S,), beginning at `starts` (S)."""
    first = np.r_[0, ends[:-1]].tolist()
    jobs = [(x[a:b], hmm) for a, b, hmm in zip(first, ends.tolist(), starts, strict=True)]
    return list((engine or Serial()).map(lambda job: fit_hmm(job[0], job[1], floor=floor), jobs))


@kernel
def _step(
    x: NDArray[np.float64],
    start: NDArray[np.float64],
    transition: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    floor: NDArray[np.float64],
) -> float:
    """Log-likelihood before one EM step; all parameters are updated in place.

    x (T, D), start (K,), transition (K, K), means (K, D), variances (K, D), floor (D,) -> float
    """
    table = log_emission(x, means, variances)
    alpha, scale, loglik = _forward(table, start, transition)
    belief, counts = _backward(table, alpha, scale, transition)
    for k in range(len(start)):
        start[k] = belief[0, k]
        row = 0.0
        for j in range(len(start)):
            row += counts[k, j]
        if row > 0:
            for j in range(len(start)):
                transition[k, j] = counts[k, j] / row
    _gaussians(x, belief, means, variances, floor)
    return loglik


@kernel
def _forward(
    table: NDArray[np.float64], start: NDArray[np.float64], transition: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Filtered beliefs, scales and log-likelihood; `table` becomes emissions over their largest, kept off zero.

    table (T, K), start (K,), transition (K, K) -> alpha (T, K), scale (T,), float
    """
    steps, states = table.shape
    alpha = np.empty((steps, states))
    scale = np.empty(steps)
    loglik = 0.0
    for t in range(steps):
        top = -np.inf
        for k in range(states):
            top = max(top, table[t, k])
        total = 0.0
        for k in range(states):
            table[t, k] = max(np.exp(table[t, k] - top), TINY)
            ahead = start[k]
            if t > 0:
                ahead = 0.0
                for i in range(states):
                    ahead += alpha[t - 1, i] * transition[i, k]
            alpha[t, k] = max(ahead * table[t, k], TINY)
            total += alpha[t, k]
        for k in range(states):
            alpha[t, k] /= total
        scale[t] = total
        loglik += top + np.log(total)
    return alpha, scale, loglik


@kernel
def _backward(
    table: NDArray[np.float64],
    alpha: NDArray[np.float64],
    scale: NDArray[np.float64],
    transition: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed beliefs and expected transition counts.

    table (T, K), alpha (T, K), scale (T,), transition (K, K) -> belief (T, K), counts (K, K)
    """
    steps, states = table.shape
    belief = np.empty((steps, states))
    counts = np.zeros((states, states))
    beta = np.ones(states)
    earlier = np.empty(states)
    for t in range(steps - 1, -1, -1):
        total = 0.0
        for k in range(states):
            belief[t, k] = alpha[t, k] * beta[k]
            total += belief[t, k]
        for k in range(states):
            belief[t, k] /= total
        if t == 0:
            break
        for i in range(states):
            earlier[i] = 0.0
            for k in range(states):
                step = transition[i, k] * table[t, k] * beta[k] / scale[t]
                earlier[i] += step
                counts[i, k] += alpha[t - 1, i] * step
        beta[:] = earlier
    return belief, counts


@kernel
def _gaussians(
    x: NDArray[np.float64],
    belief: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    floor: NDArray[np.float64],
) -> None:
    """Means and floored variances from the smoothed beliefs, in place; an empty state stays where it is.

    x (T, D), belief (T, K), means (K, D), variances (K, D), floor (D,)
    """
    steps, states = belief.shape
    for k in range(states):
        mass = 0.0
        for t in range(steps):
            mass += belief[t, k]
        if mass < 1e-10:
            continue
        for d in range(x.shape[1]):
            shift = 0.0
            square = 0.0
            for t in range(steps):
                off = x[t, d] - means[k, d]
                shift += belief[t, k] * off
                square += belief[t, k] * off * off
            move = shift / mass
            variances[k, d] = max(square / mass - move * move, floor[d])
            means[k, d] += move
