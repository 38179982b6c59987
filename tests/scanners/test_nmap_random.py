from ipaddress import IPv4Address

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.scanners.nmap_random import INCREMENT, MULTIPLIER, address_of, state_of, step_of

WORD = st.integers(0, 2**32 - 1)


def test_worked_example():
    """scanners.md, section 4: state 1, keys 1, 2, 3."""
    state = np.array([(1664525 + 1013904223) % 2**32], np.uint32)
    assert str(IPv4Address(int(address_of(state, (1, 2, 3))[0]))) == "165.143.178.103"


@given(st.lists(WORD, min_size=1, max_size=20), st.tuples(WORD, WORD, WORD))
def test_the_state_of_an_address_undoes_it(states, keys):
    state = np.array(states, np.uint32)
    assert np.array_equal(state_of(address_of(state, keys), keys), state)


@given(WORD, st.integers(0, 300))
def test_steps_are_counted_as_the_generator_takes_them(start, steps):
    state = start
    for _ in range(steps):
        state = (state * MULTIPLIER + INCREMENT) % 2**32
    assert step_of(np.array([state], np.uint32), start).tolist() == [steps]
