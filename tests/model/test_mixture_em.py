"""Mixtures in lanes are what scikit-learn and plain loops make of the same start."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

import naive
from scangait.engine import Serial, Threads
from scangait.model.blocks import GROUP, ROWS, SIZE, in_blocks
from scangait.model.lanes import each_state
from scangait.model.mixture import best_mixture, bic, fit_mixture, fit_mixtures, search
from scangait.model.mixture_em import STEEP, VANISHING, expectation, levels, room_for, sift

FLOOR = 1e-9


def clusters(rng, states, dims, count):
    centres = rng.normal(0, 6, (states, dims))
    return centres[rng.integers(0, states, count)] + rng.normal(0, 1, (count, dims))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("states", [1, 2, 4, 7])
def test_a_fit_is_that_of_plain_loops(states, dims):
    rng = np.random.default_rng(10 * states + dims)
    for count in (states, 16, 61):
        x = clusters(rng, states, dims, count)
        loglik, weights, means, variances = naive.mixture(x, states, np.full(dims, FLOOR), 1e-6, 300)
        found = fit_mixture(x, states, floor=np.full(dims, FLOOR))
        assert found.loglik == pytest.approx(loglik, rel=1e-9)
        assert np.allclose(found.weights, weights, atol=1e-7)
        assert np.allclose(found.means, means, rtol=1e-6, atol=1e-6)
        assert np.allclose(found.variances, variances, rtol=1e-5)


def plain_expectation(x, counts, mixture):
    """Log-likelihood, masses (m,), first and second moments (m, D) about the means."""
    weights, means, variances = mixture
    off = x[:, None, :] - means
    table = np.log(weights) - 0.5 * (np.log(2 * np.pi * variances) + off**2 / variances).sum(axis=2)
    whole = logsumexp(table, axis=1)
    share = np.exp(table - whole[:, None]) * counts[:, None]
    return (
        counts @ whole,
        share.sum(axis=0),
        np.einsum("tk,tkd->kd", share, off),
        np.einsum("tk,tkd->kd", share, off**2),
    )


def places(rng, dims, count, reach):
    """Clusters so far apart that few are heard in a block, and a few observations far from all."""
    x = rng.normal(0, reach, (5, dims))[rng.integers(0, 5, count)] + rng.normal(0, 1, (count, dims))
    x[:: count // 3] += rng.normal(0, 1000 * reach, (len(x[:: count // 3]), dims))
    return x[np.argsort(x.sum(axis=1))]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("reach", [1.0, 10.0, 100.0, 1e4])
@pytest.mark.parametrize("several", [False, True])
def test_an_e_step_that_leaves_vanishing_shares_out_is_that_of_plain_loops(dims, reach, several):
    rng = np.random.default_rng(int(10 * reach + dims))
    for count, states in ((3, 1), (33, 2), (256, 5), (1000, 7), (3 * GROUP * SIZE - 5, 3)):
        x = places(rng, dims, count, reach)
        counts = rng.integers(1, 9, count).astype(float) if several else np.ones(count)
        spread = rng.uniform(0.1, 9, (states, dims))
        mixture = (
            rng.dirichlet(np.ones(states)),
            x[rng.integers(0, count, states)] + rng.normal(0, 1, spread.shape),
            spread,
        )
        weights, means, variances = mixture
        constants, room = np.empty((states, 2 * dims + 1)), room_for(states, dims)
        levels(constants, (weights, means.T.copy(), variances.T.copy()))
        loglik = expectation(in_blocks(x, counts), constants, each_state(dims), room, several)
        sums = room.sums.sum(axis=1).reshape(states, 1 + 2 * dims)
        truth = plain_expectation(x, counts, mixture)
        assert loglik == pytest.approx(truth[0], rel=1e-12)
        for found, plain in zip((sums[:, 0], sums[:, 1 : 1 + dims], sums[:, 1 + dims :]), truth[1:], strict=True):
            assert np.allclose(found, plain, rtol=1e-9, atol=1e-12 * count)


def test_a_cluster_that_is_far_away_is_not_heard_and_a_steep_block_says_so():
    x = np.r_[np.linspace(-1, 1, SIZE), np.linspace(99, 101, SIZE), np.linspace(500, 9000, SIZE)][:, None]
    blocks, heard = in_blocks(x, np.ones(3 * SIZE)), np.empty((6, GROUP))
    constants = np.empty((2, 3))
    levels(constants, (np.full(2, 0.5), np.array([[0.0, 100.0]]), np.ones((1, 2))))
    sift(blocks.corners, 0, constants, each_state(1), heard)
    assert np.array_equal(heard[:2, :2] - heard[3, :2] > VANISHING, np.eye(2, dtype=bool))
    assert np.array_equal(heard[2, :3], [0, 1, 1])
    assert np.array_equal(heard[4, :3] > STEEP, [False, False, True])
    assert np.array_equal(heard[5, :3] > VANISHING, [False, False, True])


@pytest.mark.parametrize("dims", [1, 2])
def test_a_block_that_one_cluster_has_alone_is_not_looked_into(dims):
    rng = np.random.default_rng(8)
    each = GROUP * SIZE + 4
    x = np.concatenate([at + rng.normal(0, 1, (each, dims)) for at in (0, 1000)])
    x, counts = x[np.argsort(x[:, 0])], rng.integers(1, 9, 2 * each).astype(float)
    mixture = np.full(2, 0.5), np.array([[0.5] * dims, [999.0] * dims]), np.ones((2, dims))
    weights, means, variances = mixture
    constants, room, blocks = np.empty((2, 2 * dims + 1)), room_for(2, dims), in_blocks(x, counts)
    levels(constants, (weights, means.T.copy(), variances.T.copy()))
    blocks.values[: 2 * ROWS * dims], blocks.values[-2 * ROWS * dims :] = np.nan, np.nan
    loglik = expectation(blocks, constants, each_state(dims), room, True)
    sums = room.sums.sum(axis=1).reshape(2, 1 + 2 * dims)
    truth = plain_expectation(x, counts, mixture)
    assert loglik == pytest.approx(truth[0], rel=1e-12)
    assert np.allclose(sums, np.column_stack(truth[1:]), rtol=1e-9)


def test_repeated_values_are_counted_and_change_nothing():
    rng = np.random.default_rng(3)
    x = np.round(clusters(rng, 3, 1, 4000))
    apart = x + rng.uniform(-1e-9, 1e-9, x.shape)  # each value is its own
    for states in (1, 2, 3, 5):
        once, each = (fit_mixture(which, states, floor=np.array([1 / 12])) for which in (x, apart))
        assert once.loglik == pytest.approx(each.loglik, rel=1e-6)
        assert np.allclose(once.means, each.means, atol=1e-4)


@pytest.mark.parametrize("dims", [1, 2])
def test_a_fit_is_as_likely_as_that_of_scikit_learn(dims):
    rng = np.random.default_rng(4)
    x = clusters(rng, 3, dims, 2000)
    ours = fit_mixture(x, 3, floor=np.full(dims, FLOOR))
    start = {"weights_init": ours.weights, "means_init": ours.means, "precisions_init": 1 / ours.variances}
    peer = GaussianMixture(3, covariance_type="diag", reg_covar=0, max_iter=1, tol=1, **start).fit(x)
    assert peer.score(x) * len(x) == pytest.approx(ours.loglik, abs=1e-6 * len(x))


def test_any_engine_fits_the_same():
    rng = np.random.default_rng(5)
    x = np.concatenate([clusters(rng, states, 2, 90) for states in (1, 2, 3, 4)])
    ends, floor = np.array([90, 180, 270, 360]), np.full(2, FLOOR)
    serial, threads = (fit_mixtures(x, ends, floor=floor, engine=engine) for engine in (Serial(), Threads(3)))
    alone = [best_mixture(part, floor=floor) for part in np.split(x, ends[:-1])]
    for one, other, third in zip(serial, threads, alone, strict=True):
        assert one.loglik == other.loglik == third.loglik
        assert np.array_equal(one.means, other.means)


def test_the_search_ends_when_bic_has_turned_and_finds_what_a_whole_search_finds():
    rng = np.random.default_rng(6)
    floor, shorter = np.full(1, 1e-3), 0
    for states in range(1, 7):
        x = clusters(rng, states, 1, 400)
        found = search(x, floor=floor)
        whole = [fit_mixture(x, count, floor=floor) for count in range(1, 8)]
        assert [one.loglik for one in found] == [one.loglik for one in whole[: len(found)]]
        chosen, best = (min(some, key=lambda one: bic(one, len(x))) for some in (found, whole))
        assert len(chosen.weights) == len(best.weights)
        shorter += len(found) < len(whole)
    assert shorter
