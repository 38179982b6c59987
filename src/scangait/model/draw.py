"""Drawing: observations from a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scangait.model.hmm import HMM


def draw(hmm: HMM, length: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Observations (T, D) and the states (T,) behind them."""
    states = np.empty(length, np.int64)
    odds = hmm.start
    for t in range(length):
        states[t] = rng.choice(len(odds), p=odds / odds.sum())
        odds = hmm.transition[states[t]]
    noise = rng.standard_normal((length, hmm.means.shape[1]))
    return hmm.means[states] + noise * np.sqrt(hmm.variances[states]), states
