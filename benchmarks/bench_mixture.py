"""Mixtures: the same number of EM iterations from the same start."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from benchmarks.timing import race
from scangait.model import mixture

COUNT, ITERATIONS = 20_000, 30
HEADER = ("dims", "m", "ours, ns per obs and iteration", "scikit-learn", "integer steps: ours", "scikit-learn ")


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row: our time and the ratio of scikit-learn's, on real numbers and on integers."""
    rng = np.random.default_rng(300 * dims + states)
    centres = rng.normal(0, 5, (states, dims))
    x = centres[rng.integers(0, states, COUNT)] + rng.normal(0, 1, (COUNT, dims))
    return dims, states, *_pair(x, states), *(_pair(np.round(10 * x), states) if dims == 1 else (None, None))


def _pair(x: np.ndarray, states: int) -> tuple[float, float]:
    floor = np.full(x.shape[1], 1e-3)
    laid = mixture._lay(x, floor)  # noqa: SLF001 - the start is handed to both
    weights, means, variances = mixture._start(laid, states, floor)  # noqa: SLF001
    start = {"weights_init": weights, "means_init": means.T, "precisions_init": 1 / variances.T}
    options = {"covariance_type": "diag", "reg_covar": 0, "init_params": "random_from_data"}
    peer = GaussianMixture(states, tol=0, max_iter=ITERATIONS, **options, **start)
    limits = {"tolerance": -np.inf, "limit": ITERATIONS, "leaps": False}

    def theirs() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peer.fit(x)

    times = race({"ours": lambda: mixture.run(laid, states, floor, **limits), "theirs": theirs}, 5)
    return 1e9 * times["ours"] / len(x) / ITERATIONS, times["theirs"] / times["ours"]


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return [measure(dims, states) for dims in (1, 2) for states in range(2, 8)]
