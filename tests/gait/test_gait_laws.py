import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from scangait.gait.disturb import disturb
from scangait.gait.movements import differences, movements
from scangait.gait.runs import gathered, runs
from scangait.gait.samples import NANOSECOND, Sample, merged, outlier_gaps, pieces, samples, silences
from scangait.gait.streams import _in_halves, _room, _sorted, by_label, by_source
from scangait.probes import Probes, columns, concat, take
from scangait.recipe import MOVEMENTS, Recipe
from scangait.telescope import Telescope

SCOPE = Telescope.of("198.51.100.0/24")
FIRST = int(SCOPE.first[0])


def a_sample(places, times_s, broken=None):
    count = len(places)
    cut = np.zeros(count - 1, np.bool_) if broken is None else np.array(broken)
    return Sample(np.arange(count), np.array(places), (np.array(times_s) * 1e9).astype(np.int64), cut, "zmap", 80)


def some_probes(places, times_s, src=None, dport=None, label=None):
    count = len(places)
    return Probes(
        (np.array(times_s) * 1e9).astype(np.int64),
        np.array(src if src is not None else [1] * count, np.uint32),
        (np.array(places) + FIRST).astype(np.uint32),
        np.zeros(count, np.uint16),
        np.array(dport if dport is not None else [80] * count, np.uint16),
        np.full(count, 6, np.uint8),
        label=None if label is None else np.array(label),
    )


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40).flatmap(
        lambda places: st.tuples(
            st.just(places), st.sets(st.integers(1, max(len(places) - 1, 1)), max_size=6), st.booleans()
        )
    ),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_merging_equals_its_naive_twin_and_pieces_joined_are_the_input(case, at_most):
    places, cuts, overlap = case
    cuts = sorted(cut for cut in cuts if cut < len(places))
    recipe = Recipe(similarity="overlap" if overlap else "jaccard", merge_at_most=at_most)
    spans = merged(np.array(places), np.array(cuts, np.int64), recipe)
    assert [places[a:b] for a, b in spans] == naive.executions(places, cuts, at_most, overlap=overlap)
    assert [place for a, b in spans for place in places[a:b]] == places
    assert {a for a, _ in spans} <= {0, *cuts}, "merging only joins, it never cuts anew"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(0, 255), st.integers(0, 50)), max_size=60))
def test_streams_are_a_partition_in_time_order(rows):
    src, dport, places, times = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    probes = some_probes(places, times, src, dport)
    streams = by_source(probes)
    assert sorted(streams.order.tolist()) == list(range(len(rows)))
    start, seen = 0, []
    for end in streams.ends.tolist():
        members = streams.order[start:end]
        keys = set(zip(probes.src[members].tolist(), probes.dport[members].tolist(), strict=True))
        assert len(keys) == 1
        assert np.all(np.diff(probes.time_ns[members]) >= 0)
        seen += keys
        start = end
    assert len(seen) == len(set(seen)) == len(set(zip(src, dport, strict=True)))


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(-30, 255), st.sampled_from([1, 2, 50_000])), max_size=120),
    st.integers(1, 8),
)
def test_runs_are_streams_in_the_telescope_cut_at_their_silences(rows, least):
    src, places, gaps = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    probes, recipe = some_probes(places, np.cumsum(gaps), src), Recipe(min_movements=least)
    expected = []
    for one in sorted(set(src)):
        members = np.flatnonzero((probes.src == one) & (np.array(places) >= 0))
        cuts = silences(np.diff(probes.time_ns[members]) * NANOSECOND, recipe) + 1
        expected += [part.tolist() for part in np.split(members, cuts) if len(part)]
    found = runs(probes, by_source(probes), SCOPE, recipe)
    parts = [part.tolist() for part in np.split(found.order, found.ends[:-1])] if len(found.ends) else []
    assert parts == expected
    same = columns(gathered(probes, found.order))
    for name, column in columns(take(probes, found.order)).items():
        assert same[name].dtype == column.dtype
        assert same[name].tolist() == column.tolist()


@given(st.lists(st.integers(0, 2**20), max_size=80), st.sampled_from([10, 22, 33]))
def test_halves_are_sorted_as_the_whole_is_and_equals_keep_their_order(values, bits):
    words, order = np.array(values, np.uint64) % np.uint64(2**bits), np.arange(len(values))
    expected = np.argsort(words, kind="stable")
    for sort in (lambda *given: _sorted(*given[:2], *_room(order), given[2]), _in_halves):
        found, sorted_order = sort(words.copy(), order.copy(), bits)
        assert sorted_order.tolist() == expected.tolist()
        assert found.tolist() == words[expected].tolist()


@given(st.lists(st.integers(0, 40), max_size=6), st.integers(0, 100))
def test_probes_put_together_are_those_of_the_parts(sizes, room):
    parts = [some_probes(range(size), range(size), label=["x" * size] * size) for size in sizes]
    for without_one in ([], [replace(some_probes([7], [1]), ttl=np.array([9], np.uint8))]):
        together = columns(concat(iter(parts + without_one), room))
        named = [columns(part) for part in parts + without_one]
        for name in [name for name in (named[0] if named else ()) if all(name in own for own in named)]:
            assert together[name].tolist() == [value for own in named for value in own[name].tolist()]
        assert ("label" in together) == (not without_one and bool(sizes))


@given(st.lists(st.floats(1e-6, 1e6), min_size=4, max_size=60), st.sampled_from(["seconds", "log"]))
def test_outlier_gaps_equal_their_naive_twin(gaps, fence):
    values = gaps if fence == "seconds" else [math.log(gap) for gap in gaps]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    limit = high + 1.5 * (high - low)
    said = outlier_gaps(np.array(gaps), Recipe(gap_fence=fence))
    for value, outlier in zip(values, said, strict=True):
        if abs(value - limit) > 1e-9 * max(abs(limit), 1):  # rounding decides on the fence itself
            assert outlier == (value > limit)


def test_unlabelled_probes_are_in_no_labelled_stream():
    probes = some_probes([1, 2, 3], [0, 1, 2], label=["", "zmap", ""])
    assert by_label(probes).order.tolist() == [1]


@given(st.integers(0, 10**9), st.integers(0, 127))
def test_shifting_all_times_or_all_addresses_changes_nothing(later_s, higher):
    rng = np.random.default_rng(1)
    sample = a_sample(rng.integers(0, 128, 30), np.cumsum(rng.integers(1, 9, 30)))
    moved = replace(sample, place=sample.place + higher, time_ns=sample.time_ns + later_s * 10**9)
    for kind in MOVEMENTS:
        recipe = Recipe(movement=kind)
        assert np.array_equal(movements([sample], 256, recipe).x, movements([moved], 256, recipe).x)


def test_the_relative_scale_knows_neither_rate_nor_order_of_magnitude():
    rng = np.random.default_rng(2)
    places, times = rng.integers(0, 256, 50), np.cumsum(rng.exponential(1, 50))
    slow, fast = a_sample(places, times), a_sample(places, times / 4)
    recipe = Recipe(movement="temporal")
    assert np.allclose(movements([slow], 256, recipe).x, movements([fast], 256, recipe).x, atol=1e-6)


def test_differences_leave_out_the_broken_movements():
    sample = a_sample([5, 7, 3, 4], [0, 1, 100, 101], [False, True, False])
    delta_ip, delta_t, ends = differences([sample, sample])
    assert delta_ip.tolist() == [2, 1, 2, 1]
    assert delta_t.tolist() == [10**9] * 4
    assert ends.tolist() == [2, 4]


@given(st.lists(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 9)), min_size=1, max_size=20), max_size=5))
def test_the_movements_of_samples_are_those_of_each_one_after_another(walks):
    cut = [a_sample([place for place, _ in walk], np.cumsum([gap for _, gap in walk])) for walk in walks]
    for kind in MOVEMENTS:
        recipe = Recipe(movement=kind)
        together, alone = movements(cut, 256, recipe), [movements([sample], 256, recipe).x for sample in cut]
        assert np.array_equal(together.x, np.concatenate([together.x[:0], *alone]))
        assert together.ends.tolist() == np.cumsum([len(part) for part in alone]).tolist()


def test_a_second_sweep_after_a_pause_is_another_execution():
    once = list(range(0, 200, 2))
    times = list(range(100)) + [400 + second for second in range(100)]
    probes = some_probes(once + once, times)
    found = samples(probes, by_source(probes), SCOPE, Recipe())
    assert [len(sample.members) for sample in found] == [100, 100]


def test_new_addresses_after_a_pause_go_on_with_the_scan_but_a_long_silence_ends_it():
    places = list(range(200))
    for pause, expected in ((300, [200]), (5000, [100, 100])):
        times = list(range(100)) + [pause + second for second in range(100, 200)]
        probes = some_probes(places, times)
        assert [len(s.members) for s in samples(probes, by_source(probes), SCOPE, Recipe())] == expected


def test_the_paper_drops_samples_that_are_not_longer_than_the_mean_of_their_stream():
    src = [1] * 40 + [2] * 10
    places, times = [*range(30), *range(10), *range(10)], [*range(30), *range(100, 110), *range(10)]
    probes = some_probes(places, times, src=src)
    assert [len(s.members) for s in samples(probes, by_source(probes), SCOPE, Recipe.paper())] == [30, 10]


def test_probes_outside_the_telescope_are_left_out():
    probes = some_probes([*range(20), 300, 301], list(range(22)))
    assert [len(s.members) for s in samples(probes, by_source(probes), SCOPE, Recipe())] == [20]


@given(st.integers(2, 200), st.integers(1, 60))
def test_pieces_are_consecutive_and_no_longer_than_asked(count, window):
    sample = a_sample(list(range(count)), list(range(count)))
    cut = pieces(sample, window)
    assert all(len(piece.broken) <= window for piece in cut)
    assert all(piece.place.tolist() == list(range(piece.place[0], piece.place[-1] + 1)) for piece in cut)


def test_jitter_keeps_every_probe_and_loss_takes_its_share():
    rng = np.random.default_rng(3)
    sample = a_sample(list(range(10_000)), np.arange(10_000) * 1e-3)
    late = disturb(sample, rng, jitter_s=2e-3)
    assert sorted(late.place.tolist()) == sample.place.tolist()
    assert late.place.tolist() != sample.place.tolist()
    assert np.all(np.diff(late.time_ns) >= 0)
    lost = disturb(sample, rng, loss=0.3)
    assert abs(len(lost.members) - 7000) < 5 * np.sqrt(10_000 * 0.3 * 0.7)  # five standard deviations
    with pytest.raises(ValueError, match="loss"):
        disturb(sample, rng, loss=1.5)
