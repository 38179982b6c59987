"""The hidden Markov model: K states with a Gaussian of D independent dimensions each."""

from __future__ import annotations

from dataclasses import dataclass
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
        if self.transition.shape != (states, states) or self.means.shape != self.variances.shape:
            raise FitError(f"model: shapes do not fit {states} states")
        if len(self.means) != states or self.means.ndim != 2:
            raise FitError(f"model: means of shape {self.means.shape} do not fit {states} states")
        everything = np.concatenate([self.start, self.transition.ravel(), self.means.ravel(), self.variances.ravel()])
        if not np.all(np.isfinite(everything)) or np.any(self.variances <= 0):
            raise FitError("model: a parameter is not finite or a variance is not positive")
        rows = np.r_[self.start.sum(), self.transition.sum(axis=1)]
        if np.any(np.abs(rows - 1) > SUMS_TO_ONE) or np.any(self.transition < 0) or np.any(self.start < 0):
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
