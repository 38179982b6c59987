"""The hidden Markov model: K states with a Gaussian of D independent dimensions each."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.errors import FitError
from scangait.model.mixture import Mixture, responsibilities

SUMS_TO_ONE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class HMM:
    """`start` (K,), `transition` (K, K) row = from, `means` (K, D), `variances` (K, D).

    Raises FitError where something is not finite, not positive, or does not sum to one.
    """

    start: NDArray[np.float64]
    transition: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse what is not a model."""
        states = len(self.start)
        if not states or self.transition.shape != (states, states) or self.means.shape != self.variances.shape:
            raise FitError(f"model: shapes do not fit {states} states")
        if len(self.means) != states or self.means.ndim != 2 or not self.means.size:
            raise FitError(f"model: means of shape {self.means.shape} do not fit {states} states")
        # Python's sums and minima: of so few numbers they take a third of what numpy's do, and fits make many models.
        rows = [*self.transition.tolist(), self.start.tolist()]
        means, variances = self.means.ravel().tolist(), self.variances.ravel().tolist()
        if not isfinite(sum(map(sum, rows)) + sum(means) + sum(variances)) or not min(variances) > 0:
            raise FitError("model: a parameter is not finite or a variance is not positive")
        if any(abs(sum(row) - 1) > SUMS_TO_ONE or min(row) < 0 for row in rows):
            raise FitError("model: probabilities do not sum to one")


def from_mixture(mixture: Mixture, x: NDArray[np.float64]) -> HMM:
    """The model whose states are the mixture's clusters, with the transitions seen in x (T, D); none is impossible."""
    belief = responsibilities(mixture, x)
    counts = belief[:-1].T @ belief[1:] + mixture.weights
    return HMM(
        start=mixture.weights.copy(),
        transition=counts / counts.sum(axis=1, keepdims=True),
        means=mixture.means.copy(),
        variances=mixture.variances.copy(),
    )
