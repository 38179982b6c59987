"""The laws of the intensity model."""

import itertools
from math import exp, factorial, log

import numpy as np
import pytest

from scangait.errors import FitError
from scangait.model.poisson import RATE_FLOOR, PoissonHMM, best_mixture, fit, score


def a_model(rng, states):
    return PoissonHMM(
        rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), states), rng.uniform(0.1, 20, states)
    )


def draw(hmm, count, rng):
    state = rng.choice(len(hmm.start), p=hmm.start)
    seen = []
    for _ in range(count):
        seen.append(rng.poisson(hmm.rates[state]))
        state = rng.choice(len(hmm.start), p=hmm.transition[state])
    return np.array(seen, np.int64)


def loglik(x, hmm):
    return score(x, np.array([len(x)]), [hmm])[0, 0]


def over_all_paths(x, hmm):
    total = 0.0
    for path in itertools.product(range(len(hmm.start)), repeat=len(x)):
        chance = hmm.start[path[0]]
        for before, after in itertools.pairwise(path):
            chance *= hmm.transition[before, after]
        for value, state in zip(x.tolist(), path, strict=True):
            chance *= hmm.rates[state] ** value * exp(-hmm.rates[state]) / factorial(value)
        total += chance
    return total


@pytest.mark.parametrize("states", [1, 2, 3])
def test_likelihood_is_the_sum_over_all_paths(states):
    rng = np.random.default_rng(states)
    for length in range(1, 6):
        hmm, x = a_model(rng, states), rng.integers(0, 30, length)
        assert loglik(x, hmm) == pytest.approx(log(over_all_paths(x, hmm)), rel=1e-12)


def test_fitting_never_lowers_the_likelihood():
    rng = np.random.default_rng(4)
    for states in (1, 2, 4):
        x = draw(a_model(rng, states), 400, rng)
        history = fit(x, np.array([150, 400])).history
        assert all(after >= before - 1e-7 for before, after in itertools.pairwise(history))


def test_a_model_of_two_states_is_found_again():
    rng = np.random.default_rng(5)
    truth = PoissonHMM(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([2.0, 15.0]))
    parts = [draw(truth, 100, rng) for _ in range(40)]
    x = np.concatenate(parts)
    found = fit(x, np.arange(100, 4001, 100)).model
    order = np.argsort(found.rates)
    assert len(order) == 2
    assert np.allclose(found.rates[order], truth.rates, rtol=0.05)
    assert np.abs(found.transition[np.ix_(order, order)] - truth.transition).max() < 0.05
    assert len(fit(rng.permutation(x), np.array([4000])).model.rates) == 2
    shuffled = fit(rng.permutation(x), np.array([4000])).model.transition
    assert np.abs(shuffled[0] - shuffled[1]).max() < 0.1, "without order, the state before says nothing"


def test_relabelling_states_changes_nothing():
    rng = np.random.default_rng(6)
    hmm, x = a_model(rng, 4), rng.integers(0, 20, 60)
    order = rng.permutation(4)
    same = PoissonHMM(hmm.start[order], hmm.transition[np.ix_(order, order)], hmm.rates[order])
    assert loglik(x, same) == pytest.approx(loglik(x, hmm), rel=1e-12)


def test_cutting_the_sequences_apart_scores_each_alone():
    rng = np.random.default_rng(7)
    models, x = [a_model(rng, states) for states in (1, 3)], rng.integers(0, 20, 50)
    together = score(x, np.array([20, 20, 50]), models)
    assert together[1].tolist() == [0, 0]
    for row, part in ((0, x[:20]), (2, x[20:])):
        assert together[row] == pytest.approx([loglik(part, hmm) for hmm in models], rel=1e-12)


def test_one_rate_needs_one_component_and_silence_keeps_a_rate():
    x = np.random.default_rng(8).poisson(8, 2000)
    assert best_mixture(x, 7).rates.tolist() == pytest.approx([x.mean()])
    silent = fit(np.zeros(50, np.int64), np.array([50])).model
    assert silent.rates.tolist() == [RATE_FLOOR]
    assert np.isfinite(loglik(np.array([0, 0, 40, 0, 100_000]), silent))


@pytest.mark.parametrize(
    "parts",
    [
        ([0.5, 0.6], [[0.5, 0.5], [0.5, 0.5]], [1.0, 2.0]),
        ([0.5, 0.5], [[1.0, 0.0], [0.5, 0.5]], [1.0, 2.0]),
        ([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]], [1.0, 0.0]),
        ([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]], [1.0, np.nan]),
        ([1.0], [[1.0]], [1.0, 2.0]),
        ([], [], []),
    ],
)
def test_what_is_no_model_is_refused(parts):
    with pytest.raises(FitError):
        PoissonHMM(*(np.array(part, np.float64) for part in parts))


def test_nothing_to_fit_is_refused():
    with pytest.raises(FitError, match="no counts"):
        fit(np.zeros(0, np.int64), np.zeros(0, np.int64))
