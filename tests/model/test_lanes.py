"""The lanes compute what plain loops and `math` compute."""

import math
from fractions import Fraction
from types import FunctionType

import numpy as np
import pytest
from numba import njit
from test_model_laws import a_model

import naive
from scangait.engine import Serial, Threads
from scangait.kernel import kernel
from scangait.model.draw import draw
from scangait.model.forward import forward
from scangait.model.hmm import HMM
from scangait.model.lanes import aligned, exp2, exponent, instruction, log2, put, reciprocal, take, unscale
from scangait.model.passes import MOST
from scangait.model.score import pack, score, sizes


@kernel
def elementary(given, result):
    put(result, 0, exp2(take(given, 0)))
    put(result, 1, log2(take(given, 1)))
    put(result, 2, exponent(take(given, 1)))
    put(result, 3, unscale(take(given, 1)))
    put(result, 4, reciprocal(take(given, 1)))


def test_powers_are_right_to_4e_14_and_logarithms_to_the_last_bits():
    rng = np.random.default_rng(1)
    for scale in (1e-3, 1.0, 30.0, 890.0):
        given, result = aligned(2, 8), aligned(5, 8)
        given[0] = np.r_[0.0, -0.5, -rng.uniform(0, scale, 6)]
        given[1] = np.r_[1.0, 2.0, 0.7071, 2.0 ** rng.uniform(-scale, scale, 5)]
        elementary(given, result)
        assert np.allclose(result[0], np.exp2(given[0]), rtol=4e-14, atol=0)
        assert np.allclose(result[1], [math.log2(value) for value in given[1]], rtol=1e-15, atol=4e-16)
        assert np.array_equal(result[2], [math.frexp(value)[1] - 1 for value in given[1]])
        assert np.allclose(result[4], 1 / given[1], rtol=2**-51, atol=0)
        assert all(1 <= Fraction(a) * Fraction(b) < 2 for a, b in zip(given[1], result[3], strict=True))


def test_a_power_that_is_too_small_is_tiny_and_not_garbage():
    given, result = aligned(2, 8), aligned(5, 8)
    given[0], given[1] = -np.logspace(3, 300, 8), 1.0
    elementary(given, result)
    assert np.all((result[0] > 0) & (result[0] < 1e-270))


def a_mixed_bag(rng, dims):
    hmms = [a_model(rng, states, dims) for states in (1, 2, 2, 3, *[4] * 9, 7)]
    lengths = rng.integers(1, 60, 25)
    return rng.normal(0, 3, (lengths.sum(), dims)), np.cumsum(lengths), hmms


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_pair_scores_as_by_plain_loops(dims):
    x, ends, hmms = a_mixed_bag(np.random.default_rng(dims), dims)
    parts = np.split(x, ends[:-1])
    truth = [[naive.log_likelihood(part, hmm) for hmm in hmms] for part in parts]
    assert np.allclose(score(x, ends, hmms), truth, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dims", [1, 2])
def test_pairs_that_underflow_are_found_again_in_logarithms(dims):
    rng = np.random.default_rng(10 + dims)
    hmms = []
    for states in (2, 3, 3, 5):
        hmm = a_model(rng, states, dims, scale=1e-4)
        open_ = np.where(rng.random((states, states)) < 0.4, 0.0, hmm.transition) + 1e-9 * np.eye(states)
        hmms.append(HMM(np.eye(states)[0], open_ / open_.sum(axis=1, keepdims=True), hmm.means, hmm.variances))
    lengths = rng.integers(1, 30, 11)
    parts = [draw(hmms[int(rng.integers(4))], length, rng)[0] for length in lengths]
    truth = [[naive.log_likelihood(part, hmm) for hmm in hmms] for part in parts]
    found = score(np.concatenate(parts), np.cumsum(lengths), hmms)
    assert np.array_equal(np.isfinite(found), np.isfinite(truth))
    assert np.allclose(found, truth, rtol=1e-12)


@instruction(lambda _states, dims: dims)
def one_by_one(write, _states, dims):
    return [write.constant(0)] * len(dims)


def test_scores_are_the_same_to_the_bit_however_many_steps_are_looked_at_together():
    rng = np.random.default_rng(5)
    for states in (3, 6):
        hmms = [a_model(rng, states, 2) for _ in range(8)]
        x, ends, kinds = rng.normal(0, 3, (100, 2)), np.array([1, 1, 3, 7, 12, 40, 100]), sizes(hmms[0])
        other = FunctionType(forward.py_func.__code__, {**forward.py_func.__globals__, "together": one_by_one})
        found, room = [aligned(len(ends), 8), aligned(len(ends), 8)], aligned(MOST * (1 + states), 8)
        for score_block, result in zip((forward, njit(other)), found, strict=True):
            score_block(x, ends, pack(hmms), *kinds, room, result)
        np.testing.assert_array_equal(*found)


def test_sequences_shorter_than_what_is_looked_at_together_score_as_in_longer_company():
    hmms, x = [a_model(np.random.default_rng(7), 3, 1) for _ in range(3)], np.arange(5.0)[:, None]
    for length in (1, 2, 3):
        alone, among = score(x[:length], np.array([length]), hmms), score(x, np.array([length, 5]), hmms)
        np.testing.assert_array_equal(alone[0], among[0])


def test_any_engine_scores_the_same():
    x, ends, hmms = a_mixed_bag(np.random.default_rng(5), 2)
    x, ends = np.tile(x, (300, 1)), np.cumsum(np.tile(np.diff(np.r_[0, ends]), 300))
    serial = score(x, ends, hmms, engine=Serial())
    assert np.array_equal(serial, score(x, ends, hmms, engine=Threads(3)))
    assert np.array_equal(serial[: len(ends) // 300], serial[-len(ends) // 300 :])
