"""Gaussian log-densities: after this table, nothing knows what was observed."""

from __future__ import annotations

from math import log, pi

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel


@kernel
def log_emission(
    x: NDArray[np.float64], means: NDArray[np.float64], variances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-density of each observation in each state.

    x (T, D), means (K, D), variances (K, D) -> (T, K)
    """
    steps, dims = x.shape
    states = len(means)
    constant = np.zeros(states)
    for k in range(states):
        for d in range(dims):
            constant[k] -= 0.5 * (log(2 * pi) + np.log(variances[k, d]))
    table = np.empty((steps, states))
    for t in range(steps):
        for k in range(states):
            far = 0.0
            for d in range(dims):
                off = x[t, d] - means[k, d]
                far += off * off / variances[k, d]
            table[t, k] = constant[k] - 0.5 * far
    return table
