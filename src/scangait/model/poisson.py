"""Counts in a row: a Poisson mixture whose components become the states of a hidden Markov model (De Santis 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.errors import FitError
from scangait.kernel import kernel
from scangait.model.chain import UNDERFLOW, advance, predict

RATE_FLOOR: Final = 0.05
"""Smallest rate of a state: one address in twenty windows that are otherwise empty is no surprise."""
REACH: Final = 1e-4
"""Share of every start and transition that is spread over all states: no sequence of counts is impossible."""
SMALLEST: Final = 1e-12
"""Starts and transitions below this are refused, since scaled sums could underflow."""
TOLERANCE: Final = 1e-5
MAX_ITERATIONS: Final = 100
ROUNDING: Final = 1e-7
"""A likelihood may fall by this much per count before it is an error: sums are rounded."""
SUMS_TO_ONE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class PoissonHMM:
    """`start` (m,), `transition` (m, m) row = from, `rates` (m,) in counts per window.

    Raises FitError where a parameter is not finite, not positive, or does not sum to one.
    """

    start: NDArray[np.float64]
    transition: NDArray[np.float64]
    rates: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse what is not a model."""
        states = len(self.start)
        if not states or self.transition.shape != (states, states) or self.rates.shape != (states,):
            raise FitError(f"intensity model: shapes do not fit {states} states")
        chances = np.vstack([self.start, self.transition])
        if not np.all(np.isfinite(chances)) or not np.all(np.isfinite(self.rates)):
            raise FitError("intensity model: a parameter is not finite")
        if np.any(chances < SMALLEST) or np.any(self.rates <= 0):
            raise FitError("intensity model: a rate, start or transition is not positive")
        if np.any(np.abs(chances.sum(axis=1) - 1) > SUMS_TO_ONE):
            raise FitError("intensity model: probabilities do not sum to one")


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted `model` and the log-likelihood before each iteration."""

    model: PoissonHMM
    history: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """`weights` (m,) sum to one, `rates` (m,), and `loglik` of what it was fitted to."""

    weights: NDArray[np.float64]
    rates: NDArray[np.float64]
    loglik: float


def log_pmf(values: NDArray[np.int64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of the Poisson probability (U, m) of each of the counts `values` (U,) at each rate (m,)."""
    factorials = np.array([lgamma(value + 1) for value in values.tolist()])
    return np.asarray(values[:, None] * np.log(rates) - rates - factorials[:, None], np.float64)


def score(x: NDArray[np.int64], ends: NDArray[np.int64], models: list[PoissonHMM]) -> NDArray[np.float64]:
    """Natural log-likelihood (S, M) of each sequence of counts x (T,) that ends at `ends` (S,) under each model."""
    values, index = np.unique(x, return_inverse=True)
    result = np.zeros((len(models), len(ends)))
    for row, one in zip(result, models, strict=True):
        table = log_pmf(values, one.rates)
        top = table.max(axis=1)
        _score(index, ends, top, np.exp(table - top[:, None]), one.start, one.transition, row)
    return result.T


def fit(x: NDArray[np.int64], ends: NDArray[np.int64], max_states: int = 7) -> Fit:
    """One model for all sequences of x (T,) that end at `ends` (S,): the mixture by BIC, then Baum-Welch.

    Raises FitError when the log-likelihood goes down or is not finite.
    """
    begin = best_mixture(x, max_states)
    states = len(begin.rates)
    start, rates = begin.weights.copy(), begin.rates.copy()
    transition = (np.eye(states) + begin.weights) / 2
    values, index = np.unique(x, return_inverse=True)
    history: list[float] = []
    for _ in range(MAX_ITERATIONS):
        loglik = float(_step(index, ends, values, log_pmf(values, rates), start, transition, rates))
        if not np.isfinite(loglik) or (history and loglik < history[-1] - ROUNDING * len(x)):
            raise FitError(f"intensity model: log-likelihood {loglik} after {history[-1:]}")
        history.append(loglik)
        if len(history) > 1 and loglik - history[-2] < TOLERANCE * len(x):
            break
    return Fit(PoissonHMM(_reachable(start), _reachable(transition), rates), tuple(history))


def fits(parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]], max_states: int, engine: Engine) -> list[PoissonHMM]:
    """One model for each of several (x, ends)."""
    return list(engine.map(lambda part: fit(*part, max_states).model, parts))


def best_mixture(x: NDArray[np.int64], max_states: int) -> Mixture:
    """The mixture with the smallest BIC (Schwarz 1978) among 1..max_states components; x (T,)."""
    if not len(x):
        raise FitError("intensity model: no counts to fit")
    most = min(max_states, len(np.unique(x)))
    fitted = [fit_mixture(x, states) for states in range(1, most + 1)]
    return min(fitted, key=lambda mixture: (2 * len(mixture.rates) - 1) * np.log(len(x)) - 2 * mixture.loglik)


def fit_mixture(x: NDArray[np.int64], states: int) -> Mixture:
    """Fit `states` Poisson components to x (T,) by EM on its histogram; no rate falls under `RATE_FLOOR`.

    The start is deterministic: slices of the distinct counts, so that many equal ones cannot take several components.
    """
    values, times = np.unique(x, return_counts=True)
    slices = np.array_split(np.arange(len(values)), states)
    weights = np.array([times[part].sum() for part in slices]) / len(x)
    rates = np.array([values[part] @ times[part] / times[part].sum() for part in slices])
    rates = np.maximum(rates, RATE_FLOOR)
    loglik = -np.inf
    for _ in range(3 * MAX_ITERATIONS):
        table = log_pmf(values, rates) + np.log(np.maximum(weights, SMALLEST))
        level = np.logaddexp.reduce(table, axis=1)
        before, loglik = loglik, float(times @ level)
        if loglik - before < TOLERANCE * len(x):
            break
        share = np.exp(table - level[:, None]) * times[:, None]
        mass = share.sum(axis=0)
        weights = mass / len(x)
        rates = np.maximum(values @ share / np.maximum(mass, SMALLEST), RATE_FLOOR)
    weights = np.maximum(weights, SMALLEST)
    return Mixture(weights / weights.sum(), rates, loglik)


def _reachable(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (..., m) with a little of each moved to every state."""
    chances = chances / chances.sum(axis=-1, keepdims=True)
    return np.asarray((1 - REACH) * chances + REACH / chances.shape[-1])


@kernel
def _filter(
    index: NDArray[np.int64],
    table: NDArray[np.float64],
    start: NDArray[np.float64],
    transition: NDArray[np.float64],
    ahead: NDArray[np.float64],
    belief: NDArray[np.float64],
) -> float:
    """Log-likelihood of one sequence; `ahead` and `belief` become the beliefs before and after each count.

    index (T,) rows of table (U, m) log-emissions, start (m,), transition (m, m), ahead (T, m), belief (T, m) -> float
    """
    total = 0.0
    ahead[0] = start
    for t in range(len(index)):
        if t > 0:
            predict(belief[t - 1], transition, ahead[t])
        belief[t] = ahead[t]
        total += advance(belief[t], table[index[t]])
    return total


@kernel
def _smooth(
    ahead: NDArray[np.float64],
    belief: NDArray[np.float64],
    transition: NDArray[np.float64],
    moves: NDArray[np.float64],
) -> None:
    """Make filtered beliefs smoothed ones, in place, and add the expected transitions to `moves` (Kim 1994).

    ahead (T, m), belief (T, m), transition (m, m), moves (m, m)
    """
    states = len(transition)
    for t in range(len(belief) - 2, -1, -1):
        for i in range(states):
            whole = 0.0
            for k in range(states):
                if ahead[t + 1, k] > 0.0:
                    share = belief[t, i] * transition[i, k] * belief[t + 1, k] / ahead[t + 1, k]
                    moves[i, k] += share
                    whole += share
            belief[t, i] = whole


@kernel
def _score(
    index: NDArray[np.int64],
    ends: NDArray[np.int64],
    top: NDArray[np.float64],
    chance: NDArray[np.float64],
    start: NDArray[np.float64],
    transition: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Add the log-likelihood of each sequence under one model to `result` (S,).

    index (T,) of the counts (U,), for which log-emissions are at most `top` (U,) and emissions beside that `chance`
    (U, m); ends (S,), start (m,), transition (m, m)
    """
    begin, states = 0, len(start)
    belief, ahead = np.empty(states), np.empty(states)
    for s in range(len(ends)):
        for k in range(states):
            ahead[k] = start[k]
        for t in range(begin, ends[s]):
            total = 0.0
            for k in range(states):
                belief[k] = ahead[k] * chance[index[t], k]
                total += belief[k]
            if total <= UNDERFLOW:
                result[s] = np.nan
                break
            for k in range(states):
                belief[k] /= total
            result[s] += top[index[t]] + np.log(total)
            predict(belief, transition, ahead)
        begin = ends[s]


@kernel
def _step(
    index: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.int64],
    table: NDArray[np.float64],
    start: NDArray[np.float64],
    transition: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> float:
    """Log-likelihood before one EM step; start, transition and rates are updated in place.

    index (T,) rows of values (U,) and of table (U, m), ends (S,), start (m,), transition (m, m), rates (m,) -> float
    """
    states = len(start)
    first, mass, hits = np.zeros(states), np.zeros(states), np.zeros(states)
    moves = np.zeros((states, states))
    loglik = 0.0
    begin = 0
    for s in range(len(ends)):
        own = index[begin : ends[s]]
        begin = ends[s]
        if len(own) == 0:
            continue
        ahead = np.empty((len(own), states))
        belief = np.empty((len(own), states))
        loglik += _filter(own, table, start, transition, ahead, belief)
        _smooth(ahead, belief, transition, moves)
        first += belief[0]
        for t in range(len(own)):
            mass += belief[t]
            hits += belief[t] * values[own[t]]
    start[:] = first / first.sum()
    for k in range(states):
        row = moves[k].sum()
        if row > 0.0:
            transition[k] = moves[k] / row
        if mass[k] > SMALLEST:
            rates[k] = max(hits[k] / mass[k], RATE_FLOOR)
    return loglik
