"""Stream == batch: what a watch says in the end is what `identify` says of the same probes, field by field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watched import CAPTURES, LIBRARY, SCOPE, batched, day, events, identified, last_words

from scangait.capture import load
from scangait.gait.samples import silences
from scangait.probes import concat, in_time_order, take, without_headers
from scangait.recipe import Recipe
from scangait.recognise.classify import identify
from scangait.telescope import infer


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_the_last_word_on_every_capture_is_that_of_identify(path):
    probes = load((str(path),)).probes
    scope, rng = infer(probes.dst), np.random.default_rng(len(probes))
    said = events(batched(probes, rng.integers(0, len(probes), 30).tolist()), scope)
    assert last_words(said) == identified(probes, scope)
    assert not any(event.withdrawn for event in said)


def test_captures_laid_over_each_other_get_the_same_verdicts_as_each_alone():
    parts = [load((str(path),)).probes for path in CAPTURES if "p80-r" in path.name and "wide" not in path.name]
    probes = in_time_order(concat(parts))
    scope = infer(probes.dst)
    assert last_words(events(batched(probes, range(500, len(probes), 997)), scope)) == identified(probes, scope)


@pytest.mark.parametrize("headers", [True, False])
@settings(max_examples=4)
@given(seed=st.integers(0, 2), cuts=st.lists(st.floats(0, 1), max_size=40))
def test_the_last_word_on_a_day_is_that_of_identify_however_it_comes(headers, seed, cuts):
    probes = day(seed) if headers else without_headers(day(seed))
    said = events(batched(probes, [int(cut * len(probes)) for cut in cuts]))
    assert last_words(said) == identified(probes)


@pytest.mark.slow
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(10, 12), cuts=st.lists(st.floats(0, 1), max_size=200))
def test_the_last_word_on_a_month_is_that_of_identify(seed, cuts):
    probes = day(seed, scans=150, days=30)
    assert probes.time_ns[-1] - probes.time_ns[0] > 28 * 86_400 * 10**9
    said = events(batched(probes, [int(cut * len(probes)) for cut in cuts]), memory=1 << 26)
    assert last_words(said) == identified(probes)
    assert len(last_words(said)) > 100


@settings(max_examples=5)
@given(cuts=st.lists(st.floats(0, 1), max_size=60))
def test_every_word_is_the_same_however_the_probes_are_cut_into_batches(cuts):
    probes = day(3)
    whole = events([probes])
    assert events(batched(probes, [int(cut * len(probes)) for cut in cuts])) == whole
    assert {event.kind for event in whole} >= {"opened", "closed"}


def test_a_verdict_does_not_depend_on_what_else_is_in_the_capture():
    probes = day(1)
    together = identified(probes)
    for source in np.unique(probes.src[probes.src < 0xC6130000])[:6]:
        alone = identify(take(probes, probes.src == source), LIBRARY, SCOPE)
        for verdict in alone:
            assert together[verdict.scan].evidence == verdict.evidence


def test_late_probes_find_their_scan():
    probes = day(2)
    rng = np.random.default_rng(5)
    late = probes.time_ns + (rng.random(len(probes)) * 5e9).astype(np.int64)
    assert last_words(events(batched(take(probes, np.argsort(late)), [1000, 5000]))) == identified(probes)


@given(
    st.lists(st.sampled_from([0.001, 1.0, 30.0, 700.0, 5000.0, 2e6]), max_size=80),
    st.sampled_from([2, 8]),
)
def test_a_silence_is_one_whatever_follows_and_a_run_alone_has_none(gaps, least):
    recipe, gaps = Recipe(min_movements=least), np.array(gaps)
    found = silences(gaps, recipe).tolist()
    for end in range(len(gaps) + 1):
        earlier = silences(gaps[:end], recipe).tolist()
        assert earlier == [gap for gap in found if gap < end][: len(earlier)]
        certain = [gap for gap in found if gap < end and gap - max([-1, *(f for f in found if f < gap)]) > least]
        assert set(certain) <= set(earlier)
    for start, end in zip([0, *(gap + 1 for gap in found)], [*found, len(gaps)], strict=True):
        assert end - start < least or not len(silences(gaps[start:end], recipe))


def test_probes_beyond_those_that_are_kept_are_counted():
    probes = day(4, scans=2)
    said = last_words(events([probes], keep=400))
    for scan, verdict in identified(probes).items():
        facts = ("probes", "addresses", "first_ns", "last_ns", "rate", "coverage", "label")
        assert [getattr(said[scan], fact) for fact in facts] == [getattr(verdict, fact) for fact in facts]
