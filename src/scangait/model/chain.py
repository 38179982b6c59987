"""One step of a chain of states under one model, whatever is observed: `predict`, then `advance` by an observation."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import inlined, kernel

UNDERFLOW: Final = 1e-250
"""A step whose scaled sum falls below this is done again in logarithms."""


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


@inlined
def predict(belief: NDArray[np.float64], transition: NDArray[np.float64], ahead: NDArray[np.float64]) -> None:
    """One step of the chain: `ahead` becomes the belief before the next observation.

    belief (K,), transition (K, K) row = from, ahead (K,) is written
    """
    for k in range(len(belief)):
        ahead[k] = 0.0
    for i in range(len(belief)):
        for k in range(len(belief)):
            ahead[k] += belief[i] * transition[i, k]
