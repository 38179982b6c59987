"""Scoring: the log-likelihood of sequences under models, by one scaled forward recursion."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.kernel import kernel
from scangait.model.emission import log_emission
from scangait.model.hmm import HMM

UNDERFLOW: Final = 1e-250
"""A step whose scaled sum falls below this is done again in logarithms."""


def score(
    x: NDArray[np.float64], ends: NDArray[np.int64], hmms: list[HMM], *, engine: Engine | None = None
) -> NDArray[np.float64]:
    """Natural log-likelihood (S, M) of each sequence of x (T, D) that ends at `ends` (S,) under each model."""
    run = engine or Serial()
    columns = run.map(lambda hmm: _score(x, ends, hmm.start, hmm.transition, hmm.means, hmm.variances), hmms)
    return np.stack(list(columns), axis=1) if hmms else np.empty((len(ends), 0))


@kernel
def advance(belief: NDArray[np.float64], log_b: NDArray[np.float64]) -> float:
    """Take in one observation: the gain in log-likelihood; the predicted belief becomes the filtered one, in place.

    belief (K,) before the observation, log_b (K,) its log-emissions -> float
    """
    top = -np.inf
    for k in range(len(belief)):
        top = max(top, log_b[k])
    total = 0.0
    for k in range(len(belief)):
        belief[k] *= np.exp(log_b[k] - top)
        total += belief[k]
    if total > UNDERFLOW:
        for k in range(len(belief)):
            belief[k] /= total
        return top + np.log(total)
    return np.nan


@kernel
def predict(belief: NDArray[np.float64], transition: NDArray[np.float64], ahead: NDArray[np.float64]) -> None:
    """One step of the chain: `ahead` becomes the belief before the next observation.

    belief (K,), transition (K, K) row = from, ahead (K,) is written
    """
    for k in range(len(belief)):
        ahead[k] = 0.0
    for i in range(len(belief)):
        for k in range(len(belief)):
            ahead[k] += belief[i] * transition[i, k]


@kernel
def _score(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    start: NDArray[np.float64],
    transition: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log-likelihood of each sequence under one model.

    x (T, D), ends (S,), start (K,), transition (K, K), means (K, D), variances (K, D) -> (S,)
    """
    result = np.empty(len(ends))
    belief = np.empty(len(start))
    ahead = np.empty(len(start))
    begin = 0
    for s in range(len(ends)):
        table = log_emission(x[begin : ends[s]], means, variances)
        total = 0.0
        ahead[:] = start
        for t in range(len(table)):
            belief[:] = ahead
            total += advance(belief, table[t])
            if np.isnan(total):
                break
            predict(belief, transition, ahead)
        result[s] = _score_in_logs(table, start, transition) if np.isnan(total) else total
        begin = ends[s]
    return result


@kernel
def _score_in_logs(table: NDArray[np.float64], start: NDArray[np.float64], transition: NDArray[np.float64]) -> float:
    """Log-likelihood of one sequence, in logarithms throughout.

    table (T, K) log-emissions, start (K,), transition (K, K) -> float
    """
    states = len(start)
    level = np.log(start) + table[0]
    following = np.empty(states)
    for t in range(1, len(table)):
        for k in range(states):
            top = -np.inf
            for i in range(states):
                if transition[i, k] > 0:
                    top = max(top, level[i] + np.log(transition[i, k]))
            total = 0.0
            for i in range(states):
                if transition[i, k] > 0 and top > -np.inf:
                    total += np.exp(level[i] + np.log(transition[i, k]) - top)
            following[k] = top + np.log(total) + table[t, k] if total > 0 else -np.inf
        level[:] = following
    top = -np.inf
    for k in range(states):
        top = max(top, level[k])
    if top == -np.inf:
        return top
    total = 0.0
    for k in range(states):
        total += np.exp(level[k] - top)
    return top + np.log(total)
