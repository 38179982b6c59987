"""Viterbi: the most likely path of states (Viterbi 1967)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scangait.model.emission import log_emission
from scangait.model.hmm import HMM


def viterbi(x: NDArray[np.float64], hmm: HMM) -> NDArray[np.int64]:
    """The most likely states (T,) behind the observations x (T, D)."""
    table = log_emission(x, hmm.means, hmm.variances)
    with np.errstate(divide="ignore"):
        chain, level = np.log(hmm.transition), np.log(hmm.start)
    origin = np.zeros(table.shape, np.int64)
    for t, row in enumerate(table):
        if t:
            reach = level[:, None] + chain
            origin[t] = reach.argmax(axis=0)
            level = reach.max(axis=0)
        level = level + row
    path = np.empty(len(table), np.int64)
    for t in range(len(table) - 1, -1, -1):
        path[t] = level.argmax() if t == len(table) - 1 else origin[t + 1, path[t + 1]]
    return path


def joint(x: NDArray[np.float64], states: NDArray[np.int64], hmm: HMM) -> float:
    """Joint log-probability of observations x (T, D) and a path of states (T,)."""
    table = log_emission(x, hmm.means, hmm.variances)
    with np.errstate(divide="ignore"):
        chain = np.log(hmm.start[states[0]]) + np.log(hmm.transition[states[:-1], states[1:]]).sum()
    return float(chain + table[np.arange(len(x)), states].sum())
