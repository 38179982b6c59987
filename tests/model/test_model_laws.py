import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM

import naive
from scangait.errors import FitError
from scangait.model.baum_welch import fit_hmm
from scangait.model.draw import draw
from scangait.model.hmm import HMM, from_mixture
from scangait.model.mixture import best_mixture, bic, fit_mixture
from scangait.model.score import FEW, score, widened
from scangait.model.viterbi import joint, viterbi

FLOOR = 1e-9


def a_model(rng, states, dims, spread=3.0, scale=1.0):
    return HMM(
        rng.dirichlet(np.ones(states)),
        rng.dirichlet(np.ones(states), states),
        rng.normal(0, spread, (states, dims)),
        rng.uniform(0.1, 2.0, (states, dims)) * scale,
    )


def loglik(x, hmm):
    return score(x, np.array([len(x)]), [hmm])[0, 0]


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("states", [1, 2, 3])
def test_likelihood_is_the_sum_over_all_paths(states, dims):
    rng = np.random.default_rng(states * 10 + dims)
    for length in range(1, 7):
        hmm = a_model(rng, states, dims)
        x = rng.normal(0, 3, (length, dims))
        assert loglik(x, hmm) == pytest.approx(np.log(naive.likelihood(x, hmm)), rel=1e-12)


def test_likelihood_equals_hmmlearn_on_a_thousand_pairs():
    rng = np.random.default_rng(7)
    for trial in range(1000):
        states, dims = int(rng.integers(1, 8)), int(rng.integers(1, 3))
        scale = 1e-9 if trial % 5 == 1 else 1.0  # near-singular
        hmm = a_model(rng, states, dims, scale=scale)
        x = draw(hmm, int(rng.integers(1, 40)), rng)[0]
        if trial % 5 == 2:
            x[rng.integers(0, len(x))] += 1e6  # a far outlier
        if trial % 5 == 3:
            x = draw(a_model(rng, states, dims), len(x), rng)[0]  # somebody else's sequence
        peer = GaussianHMM(states, "diag", implementation="log")
        peer.startprob_, peer.transmat_, peer.means_ = hmm.start, hmm.transition, hmm.means
        peer._covars_ = hmm.variances
        assert loglik(x, hmm) == pytest.approx(peer.score(x), rel=1e-12, abs=1e-12), trial


def test_a_path_that_a_model_forbids_is_found_by_the_rescue_in_logarithms():
    hmm = HMM(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0], [1e5]]), np.ones((2, 1)))
    x = np.array([[0.0], [1e5], [0.0]])
    assert loglik(x, hmm) == pytest.approx(3 * -0.5 * np.log(2 * np.pi) - 0.5e10)


def test_relabelling_states_changes_nothing():
    rng = np.random.default_rng(3)
    hmm = a_model(rng, 4, 2)
    x = rng.normal(0, 3, (50, 2))
    order = rng.permutation(4)
    same = HMM(hmm.start[order], hmm.transition[np.ix_(order, order)], hmm.means[order], hmm.variances[order])
    assert loglik(x, same) == pytest.approx(loglik(x, hmm), rel=1e-12)
    assert np.array_equal(order[viterbi(x, same)], viterbi(x, hmm))


@pytest.mark.parametrize("length", [50, FEW + 1])
def test_models_of_all_sizes_score_together_as_each_alone_to_the_bit(length):
    rng = np.random.default_rng(length)
    hmms = [a_model(rng, states, 2) for states in rng.permutation(np.repeat(np.arange(1, 8), 3))]
    x, ends = draw(hmms[0], length, rng)[0], np.array([7, 7, length])
    alone = np.concatenate([score(x, ends, [hmm]) for hmm in hmms], axis=1)
    np.testing.assert_array_equal(score(x, ends, hmms), alone)


@pytest.mark.parametrize("states", range(1, 8))
def test_states_that_are_never_entered_leave_a_score_as_it_is(states):
    rng = np.random.default_rng(states)
    hmm = a_model(rng, states, 2)
    x = draw(hmm, FEW + 1, rng)[0]
    assert {loglik(x, widened(hmm, more)) for more in range(states, 9)} == {loglik(x, hmm)}


def test_cutting_the_sequences_apart_scores_each_alone():
    rng = np.random.default_rng(4)
    hmms = [a_model(rng, states, 1) for states in (1, 2, 5)]
    x = rng.normal(0, 3, (90, 1))
    together = score(x, np.array([10, 40, 90]), hmms)
    for row, part in enumerate((x[:10], x[10:40], x[40:])):
        assert np.array_equal(together[row], [loglik(part, hmm) for hmm in hmms])


def test_viterbi_beats_the_true_path():
    rng = np.random.default_rng(5)
    for _ in range(50):
        hmm = a_model(rng, 3, 1, spread=1.0)
        x, truth = draw(hmm, 60, rng)
        assert joint(x, viterbi(x, hmm), hmm) >= joint(x, truth, hmm) - 1e-9
        assert joint(x, viterbi(x, hmm), hmm) <= loglik(x, hmm) + 1e-9


@pytest.mark.parametrize("dims", [1, 2])
def test_fitting_never_lowers_the_likelihood_and_recovers_the_truth(dims):
    rng = np.random.default_rng(6 + dims)
    means = np.array([[-4.0] * dims, [4.0] * dims])
    truth = HMM(np.array([0.5, 0.5]), np.array([[0.95, 0.05], [0.2, 0.8]]), means, np.ones((2, dims)))
    x = draw(truth, 5000, rng)[0]
    start = HMM(np.array([0.5, 0.5]), np.full((2, 2), 0.5), means * 0.3, np.full((2, dims), 9.0))
    fit = fit_hmm(x, start, floor=np.full(dims, FLOOR), tolerance=1e-9)
    assert all(after >= before - 1e-6 for before, after in zip(fit.history[:-1], fit.history[1:], strict=True))

    def recovered(hmm):  # five standard errors of a mean over at least 1000 draws is 0.16
        order = np.argsort(hmm.means[:, 0])
        near = np.abs(hmm.means[order] - means).max() < 0.16
        return near and np.abs(hmm.transition[np.ix_(order, order)] - truth.transition).max() < 0.06

    assert recovered(fit.hmm)
    assert not recovered(start), "a test that the start passes shows nothing"


def test_a_mixture_is_found_by_bic_and_one_cluster_is_enough_for_one():
    rng = np.random.default_rng(8)
    three = np.concatenate([rng.normal(m, 0.5, 700) for m in (-5, 0, 6)])[:, None]
    best = best_mixture(three, floor=np.array([FLOOR]))
    assert len(best.weights) == 3
    assert np.allclose(np.sort(best.means[:, 0]), [-5, 0, 6], atol=0.15)
    one = rng.normal(2, 1, (2000, 1))
    assert len(best_mixture(one, floor=np.array([FLOOR])).weights) == 1


def test_bic_equals_its_definition():
    x = np.random.default_rng(9).normal(0, 1, (500, 2))
    mixture = fit_mixture(x, 2, floor=np.full(2, FLOOR))
    assert bic(mixture, 500) == pytest.approx(9 * np.log(500) - 2 * mixture.loglik)


def test_a_constant_movement_has_the_variance_of_the_floor():
    x = np.ones((100, 1))
    mixture = best_mixture(x, floor=np.array([1 / 12]))
    assert mixture.variances[0, 0] == 1 / 12
    fitted = fit_hmm(x, from_mixture(mixture, x), floor=np.array([1 / 12])).hmm
    assert fitted.variances[0, 0] == 1 / 12


@pytest.mark.parametrize(
    "parts",
    [
        ([0.5, 0.6], [[1, 0], [0, 1]], [[0.0], [1.0]], [[1.0], [1.0]]),
        ([1.0, 0.0], [[1, 0], [0, 1]], [[0.0], [1.0]], [[1.0], [0.0]]),
        ([1.0, 0.0], [[1, 0], [0, 1]], [[0.0], [np.nan]], [[1.0], [1.0]]),
        ([1.0], [[1, 0], [0, 1]], [[0.0], [1.0]], [[1.0], [1.0]]),
    ],
)
def test_what_is_no_model_is_refused(parts):
    with pytest.raises(FitError):
        HMM(*(np.array(part, np.float64) for part in parts))
