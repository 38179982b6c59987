"""What is counted in one pass equals what sorting says."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.gait.addresses import distinct, first_of_each, in_windows, repeated

PLACES = st.lists(st.sampled_from([0, 1, 2, 3, 16, 4096, 2**31, 2**32 - 1]), max_size=60)


@given(PLACES, st.integers(0, 9))
def test_the_first_probes_are_those_of_a_sorted_search(listed, most):
    place = np.array(listed, np.int64)
    _, first = np.unique(place, return_index=True)
    assert first_of_each(place, most).tolist() == sorted(first.tolist())[:most]
    assert distinct(place) == len(first)
    assert first_of_each(place.astype(np.uint32), most).tolist() == sorted(first.tolist())[:most]


@given(PLACES, st.data())
def test_repeats_are_soon_or_late_after_the_last_probe_at_the_same_address(listed, data):
    gaps = data.draw(st.lists(st.integers(0, 9), min_size=len(listed), max_size=len(listed)))
    time_ns = list(itertools.accumulate(gaps))
    since = [
        min((time_ns[b] - time_ns[a] for a in range(b) if listed[a] == place), default=None)
        for b, place in enumerate(listed)
    ]
    soon, later = repeated(np.array(listed, np.int64), np.array(time_ns, np.int64), 5)
    assert soon == sum(gap is not None and gap <= 5 for gap in since)
    assert later == sum(gap is not None and gap > 5 for gap in since)


@given(PLACES, st.data())
def test_a_window_counts_each_of_its_addresses_once(listed, data):
    steps = data.draw(st.lists(st.integers(0, 2), min_size=len(listed), max_size=len(listed)))
    window = list(itertools.accumulate(steps))
    counts = in_windows(np.array(listed, np.int64), np.array(window, np.int64), 5)
    inside = zip(window, listed, strict=True)
    assert counts.tolist() == [
        len({place for number, place in inside if number == one}) for inside in [list(inside)] for one in range(5)
    ]


@given(st.integers(1, 40))
def test_what_is_asked_for_bounds_the_work_not_the_answer(most):
    place = np.repeat(np.arange(50), 3)
    assert first_of_each(place, most).tolist() == [3 * number for number in range(most)]
