"""Models and sequences to measure with, the same for every contestant."""

from __future__ import annotations

import numpy as np
from hmmlearn.hmm import GaussianHMM

from scangait.model.draw import draw
from scangait.model.hmm import HMM


def a_model(rng: np.random.Generator, states: int, dims: int) -> HMM:
    """States some standard deviations apart, none of which is left at once."""
    chain = 0.5 * rng.dirichlet(np.ones(states), states) + 0.5 * np.eye(states)
    start, means = np.full(states, 1 / states), rng.normal(0, 4, (states, dims))
    return HMM(start, chain, means, rng.uniform(0.5, 2.0, (states, dims)))


def sequences(rng: np.random.Generator, hmms: list[HMM], length: int) -> list[np.ndarray]:
    """One sequence (T, D) of each model."""
    return [draw(hmm, length, rng)[0] for hmm in hmms]


def rough_start(x: np.ndarray, states: int) -> HMM:
    """A start that everybody can be given."""
    chain = np.full((states, states), 0.5 / states) + 0.5 * np.eye(states)
    means = np.quantile(x, (np.arange(states) + 0.5) / states, axis=0)
    return HMM(np.full(states, 1 / states), chain, means, np.full((states, x.shape[1]), 4.0))


def hmmlearn_of(hmm: HMM, implementation: str = "log", **options: object) -> GaussianHMM:
    """The same model as hmmlearn's, without its priors."""
    plain = {"init_params": "", "min_covar": 0, "covars_prior": 0, "covars_weight": 0, "means_weight": 0}
    peer = GaussianHMM(len(hmm.start), "diag", implementation=implementation, **plain, **options)
    peer.startprob_, peer.transmat_, peer.means_ = hmm.start, hmm.transition, hmm.means
    peer._covars_ = hmm.variances.copy()
    return peer
