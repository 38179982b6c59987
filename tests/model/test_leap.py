"""Leaps of EM: where they end, plain EM ends too; nothing leaves its range on the way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.model.lanes import each_state
from scangait.model.leap import leap
from scangait.model.mixture import TOLERANCE, _lay, _start, run
from scangait.model.mixture_em import expectation_maximisation, room_for


def a_sample(seed, dims):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (4, dims))
    return centres[rng.integers(0, 4, 800)] + rng.normal(0, 1, (800, dims))


@given(st.integers(0, 200), st.integers(1, 5), st.sampled_from([1, 2]))
def test_where_leaps_end_a_step_of_em_gains_no_more(seed, states, dims):
    x, floor = a_sample(seed, dims), np.full(dims, 1e-3)
    laid, room = _lay(x, floor), room_for(states, dims)
    rest = floor, each_state(dims), room
    parameters = _start(laid, states, floor)
    begin, _ = expectation_maximisation(laid.blocks, parameters, *rest, np.inf, 0, False)
    end, steps = expectation_maximisation(laid.blocks, parameters, *rest, TOLERANCE, 3000, True)
    after, _ = expectation_maximisation(laid.blocks, parameters, *rest, -np.inf, 1, False)
    assert end >= begin - 1e-9 * abs(begin)
    assert steps < 3000
    assert after - end < 2 * TOLERANCE * len(x)
    assert np.isclose(parameters[0].sum(), 1)
    assert (parameters[2] >= floor[:, None]).all()


def test_leaps_save_steps_and_lose_nothing_that_matters():
    plain, leaping = [], []
    for seed in range(20):
        x, floor = a_sample(seed, 1), np.full(1, 1e-3)
        laid = _lay(x, floor)
        for found, leaps in ((plain, False), (leaping, True)):
            found.append(run(laid, 3, floor, leaps=leaps)[0].loglik / len(x))
    assert np.mean(leaping) >= np.mean(plain) - 1e-6


def test_steps_that_shrink_by_a_half_lead_to_their_limit():
    def at(value):
        return np.array([0.5, 0.5]), np.array([[value, 3.0]]), np.array([[1.0, 1.0]])

    third = at(1.5)
    leap(at(0.0), at(1.0), third, np.array([1e-3]))
    assert np.isclose(third[1][0, 0], 2.0)
    assert np.isclose(third[1][0, 1], 3.0)
