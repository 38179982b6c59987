"""The search for a walk's line against naive twins: listing without trying all, counting eight lines at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.evidence.line import fit
from scangait.evidence.points import Points
from scangait.evidence.promising import promising
from scangait.evidence.visits import DEEPEST, visits
from scangait.scanners.cyclic import group_for, units

GROUP = group_for(2**32 - 1)
ROOM = np.empty((DEEPEST, 3), np.int64)


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


@given(rotations(), st.integers(0, 40))
def test_listing_stops_where_there_is_no_more_room(rotation, room):
    every, some = np.empty(5000, np.int64), np.empty(room, np.int64)
    count = visits(every, *rotation, ROOM)
    assert visits(some, *rotation, ROOM) == min(room, count)
    assert some[: min(room, count)].tolist() == every[: min(room, count)].tolist()


@given(st.integers(0, 2**32 - 1), st.integers(9, 600), st.floats(1e-6, 0.02), st.floats(0.3, 0.99))
def test_no_line_that_fits_well_is_passed_over(seed, count, jitter, share):
    rng = np.random.default_rng(seed)
    when, order = np.cumsum(rng.uniform(0.1, 2, 20)), GROUP.order
    mu, true = (unit(rng, order) for _ in range(2))
    span = when[4] - when[2]
    true %= 2**24
    while np.gcd(true, order) != 1:
        true += 1
    x = rng.integers(0, order, 20)
    x[::2] = [round(true / span * (at - when[2])) * pow(mu, -1, order) % order for at in when[::2]]  # half lie on it
    points = Points(x, when, GROUP.root, GROUP.prime, order, units(GROUP), jitter, 0.004)
    turn = mu * pow(true, -1, order) % order
    hits = np.sort(np.append(rng.integers(1, 2**24, count), true))
    fits = {d: fit(points, 2, 4, d * turn % order, d / span)[1] for d in hits.tolist()}
    least = share * fits[true]
    kept = hits.copy()
    kept = kept[: promising(kept, points, 2, 4, 6, 0, turn, 1, least)].tolist()
    assert fits[true] > 10
    assert {d for d, bits in fits.items() if bits >= least} <= set(kept)


def unit(rng, order):
    """A number that has an inverse."""
    while True:
        number = int(rng.integers(1, order))
        if np.gcd(number, order) == 1:
            return number
