"""The search for a walk's line against naive twins: listing without trying all, many lines at once."""

from math import gcd

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.evidence.line import _inverted, fit
from scangait.evidence.points import Points, tolerance_of
from scangait.evidence.promising import promising, seen_from
from scangait.evidence.visits import DEEPEST, visits
from scangait.scanners.cyclic import group_for, units

GROUP = group_for(2**32 - 1)
ROOM = np.empty(3 * DEEPEST, np.int64)


@st.composite
def rotations(draw):
    modulus = draw(st.integers(2, 2**50 - 1))
    width = draw(st.integers(0, modulus - 1)) // draw(st.sampled_from([1, 7, 1000, 2**20]))
    low = draw(st.integers(1, 2**20))
    return (
        draw(st.integers(0, modulus - 1)),
        draw(st.integers(0, modulus - 1)),
        modulus,
        width,
        low,
        low + draw(st.integers(0, 3000)),
    )


@given(rotations())
def test_every_visit_is_listed_and_nothing_else(rotation):
    offset, step, modulus, width, low, high = rotation
    hits = np.empty(high - low + 1, np.int64)
    count = visits(hits, *rotation, ROOM)
    assert hits[:count].tolist() == [d for d in range(low, high + 1) if (offset + (d - low) * step) % modulus <= width]


@given(st.integers(0, 2**34), st.integers(1, 2**34))
def test_a_divisor_and_an_inverse_are_those_of_plain_arithmetic(a, modulus):
    a %= modulus
    divisor, inverse = _inverted(a, modulus)
    assert divisor == gcd(a, modulus)
    assert inverse == pow(a // divisor, -1, modulus // divisor)


@given(rotations(), st.integers(0, 40))
def test_listing_stops_where_there_is_no_more_room(rotation, room):
    every, some = np.empty(5000, np.int64), np.empty(room, np.int64)
    count = visits(every, *rotation, ROOM)
    assert visits(some, *rotation, ROOM) == min(room, count)
    assert some[: min(room, count)].tolist() == every[: min(room, count)].tolist()


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 500),
    st.floats(1e-6, 0.02),
    st.floats(0.3, 0.99),
    st.sampled_from([1, 2, 3, 6]),
)
def test_lines_that_fit_well_are_kept_and_those_that_cannot_are_not(seed, count, jitter, share, common):
    rng = np.random.default_rng(seed)
    when, order = np.cumsum(rng.uniform(0.1, 2, 20)), GROUP.order
    mu, true = (unit(rng, order) for _ in range(2))
    span = when[4] - when[2]
    true %= 2**24
    while np.gcd(true, order) != 1:
        true += 1
    back = pow(mu, -1, order)
    x = rng.integers(0, order, 20)
    x[::2] = [round(true * common / span * (at - when[2])) * back % order for at in when[::2]]  # half lie on it
    points = Points(x, when, GROUP.root, GROUP.prime, order, units(GROUP), jitter, 0.004)
    part = order // common
    turn = pow(true * back % part, -1, part)
    lift = (mu - true * turn) % order // part
    hits = np.sort(np.append(rng.integers(1, 2**24, count), true))
    lines = {d: ((lift * part + d * turn) % order, d * common / span) for d in hits.tolist()}
    fits = {d: fit(points, 2, 4, *line)[1] for d, line in lines.items()}
    off, slack = np.empty(20), np.empty(20)
    seen_from(points, 2, 4, common, turn, off, slack)
    least = share * fits[true]
    kept = hits.copy()
    kept = kept[: promising(kept, len(kept), points, 2, 4, 6, lift, common, off, slack, least)].tolist()
    assert lines[true][0] == mu
    assert fits[true] > 10
    assert {d for d, bits in fits.items() if bits >= least} <= set(kept)
    assert set(kept) <= {
        d for d, (mu, rate) in lines.items() if worth(points, (2, 4, 6), mu, rate, hits[0] * rate / d) >= least
    }


def worth(points, triple, mu, rate, slowest):
    """The bits of the probes on a line through three, each as on the slowest line, without the choice among them."""
    i, k, a = triple
    bits, order, span = 0.0, points.order, points.when[k] - points.when[i]
    for b in set(range(len(points.x))) - {i, k}:
        apart = points.when[b] - points.when[i]
        rest = (mu * int(points.x[b] - points.x[i]) % order - rate * apart) % order
        if b == a or min(rest, order - rest) <= tolerance_of.py_func(points, rate, apart, span) + 1:
            bits += max(np.log2(order / (2 * tolerance_of.py_func(points, slowest, apart, span) + 1)), 0)
    return bits


def unit(rng, order):
    """A number that has an inverse."""
    while True:
        number = int(rng.integers(1, order))
        if np.gcd(number, order) == 1:
            return number
