"""Baum-Welch in lanes is what hmmlearn in logarithms makes of the same start, whatever lies in the other lanes."""

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM

from scangait.engine import Serial, Threads
from scangait.errors import FitError
from scangait.model.baum_welch import TOLERANCE, fit_hmm, fit_hmms
from scangait.model.draw import draw
from scangait.model.hmm import HMM, from_mixture
from scangait.model.mixture import fit_mixture

FLOOR = 1e-3


def a_walk(rng, states, dims, length):
    chain = 0.5 * rng.dirichlet(np.ones(states), states) + 0.5 * np.eye(states)
    truth = HMM(np.full(states, 1 / states), chain, rng.normal(0, 4, (states, dims)), np.ones((states, dims)))
    return draw(truth, length, rng)[0]


def a_start(x, states):
    return from_mixture(fit_mixture(x, states, floor=np.full(x.shape[1], FLOOR)), x)


def some_walks(rng, dims, count=20):
    states, lengths = rng.integers(1, 6, count).tolist(), rng.integers(10, 90, count).tolist()
    parts = [a_walk(rng, m, dims, length) for m, length in zip(states, lengths, strict=True)]
    starts = [a_start(part, m) for part, m in zip(parts, states, strict=True)]
    return np.concatenate(parts), np.cumsum(lengths), starts


def peer(x, start, iterations):
    fitted = GaussianHMM(
        len(start.start), "diag", implementation="log", init_params="", n_iter=iterations,
        tol=TOLERANCE * len(x), min_covar=0, covars_prior=0, covars_weight=0, means_weight=0,
    )  # fmt: skip
    fitted.startprob_, fitted.transmat_, fitted.means_ = start.start, start.transition, start.means
    fitted._covars_ = start.variances.copy()
    return fitted.fit(x)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("states", [1, 2, 3, 4, 7])
def test_a_fit_takes_the_iterations_of_hmmlearn_and_ends_where_it_ends(states, dims):
    rng = np.random.default_rng(100 * dims + states)
    for _ in range(5):
        x = a_walk(rng, states, dims, 150)
        start = a_start(x, states)
        ours, theirs = fit_hmm(x, start, floor=np.full(dims, 1e-12)), peer(x, start, 100)
        assert len(ours.history) == len(theirs.monitor_.history)
        assert np.allclose(ours.history, theirs.monitor_.history, rtol=1e-11)


def test_a_sequence_fits_the_same_alone_and_among_others_of_any_length():
    x, ends, starts = some_walks(np.random.default_rng(1), 2, 40)
    floor = np.full(2, FLOOR)
    together = fit_hmms(x, ends, starts, floor=floor)
    for part, start, fit in zip(np.split(x, ends[:-1]), starts, together, strict=True):
        alone = fit_hmm(part, start, floor=floor)
        assert alone.history == fit.history
        for name in ("start", "transition", "means", "variances"):
            assert np.array_equal(getattr(alone.hmm, name), getattr(fit.hmm, name))


def test_any_engine_fits_the_same():
    x, ends, starts = some_walks(np.random.default_rng(2), 1, 150)
    floor = np.full(1, FLOOR)
    serial, threads = (fit_hmms(x, ends, starts, floor=floor, engine=engine) for engine in (Serial(), Threads(3)))
    assert [one.history for one in serial] == [one.history for one in threads]
    assert all(np.array_equal(a.hmm.means, b.hmm.means) for a, b in zip(serial, threads, strict=True))


@pytest.mark.parametrize("dims", [1, 2])
def test_a_fit_that_underflows_is_done_in_logarithms(dims):
    rng = np.random.default_rng(3)
    x = np.repeat([0.0, 1.0, 2.0], 20)[:, None] + rng.normal(0, 0.5, (60, dims))
    x[30] += 40.0
    open_ = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    means = np.repeat([[0.0], [1.0], [2.0]], dims, axis=1)
    narrow = HMM(np.array([1.0, 0.0, 0.0]), open_, means, np.full((3, dims), 1e-3))
    ours, theirs = fit_hmm(x, narrow, floor=np.full(dims, 1e-12)), peer(x, narrow, 100)
    assert len(ours.history) == len(theirs.monitor_.history)
    assert np.allclose(ours.history, theirs.monitor_.history, rtol=1e-9)
    assert np.array_equal(ours.hmm.transition == 0, theirs.transmat_ == 0)


def test_no_variance_falls_below_the_floor_of_its_dimension():
    x = np.column_stack([np.tile([0.0, 5.0], 50), np.tile([1.0, 1.0, 9.0, 9.0], 25)])
    floor = np.array([0.25, 0.5])
    fit = fit_hmm(x, from_mixture(fit_mixture(x, 4, floor=floor), x), floor=floor)
    assert np.allclose(fit.hmm.variances, [[0.25, 0.5]] * 4)


def test_what_no_state_can_have_seen_is_an_error():
    start = HMM(np.ones(1), np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
    with pytest.raises(FitError, match="log-likelihood"):
        fit_hmm(np.array([[0.0], [np.nan]]), start, floor=np.ones(1))
