"""Repeats tell permutations from draws; retransmissions count for neither."""

import numpy as np
import pytest

from scangait.evidence.case import Case
from scangait.evidence.coverage import MOST_BITS, repeats, said
from scangait.evidence.library import Library
from scangait.gait.samples import Sample
from scangait.probes import empty
from scangait.telescope import telescope

SCOPE = telescope("93.184.208.0/20")


def ns(seconds):
    return (seconds * 1e9).astype(np.int64)


def bits(place, seconds=None):
    seconds = np.arange(len(place)) * 30.0 if seconds is None else seconds
    sample = Sample(np.arange(len(place)), place, ns(seconds), np.zeros(len(place) - 1, np.bool_), "", 80)
    return {one.label: one.bits for one in said(Case(empty(), [sample], SCOPE, Library.bundled())).of(0)}


@pytest.mark.parametrize("count", [300, 2000, 4096])
def test_a_permutation_and_draws_are_told_apart(count):
    rng = np.random.default_rng(count)
    walked, thrown = bits(rng.permutation(4096)[:count]), bits(rng.integers(0, 4096, count))
    assert walked["zmap"] == walked["masscan"] > 4 or count == 300  # log2(1 / PERMUTING) is 4.3
    assert thrown["zmap"] < (0 if count == 300 else -8)
    assert all(-MOST_BITS <= value <= MOST_BITS for value in [*walked.values(), *thrown.values()])


def test_few_probes_say_nothing():
    assert bits(np.arange(20)) == {}


def test_retransmissions_are_no_draws():
    place = np.repeat(np.arange(1000), 2)
    seconds = np.arange(1000).repeat(2) + np.tile([0.0, 1.0], 1000)
    order = np.argsort(seconds, kind="stable")
    assert repeats(place[order], ns(seconds[order]), 4096)[:2] == (1000, 0)
    assert repeats(np.array([5, 5]), ns(np.array([0.0, 60.0])), 4096)[:2] == (2, 1)


@pytest.mark.parametrize("count", [300, 1000, 4096])
def test_repeats_by_chance_are_those_of_draws_at_random(count):
    rng = np.random.default_rng(count)
    counted = [repeats(rng.integers(0, 4096, count), ns(np.arange(count) * 60.0), 4096) for _ in range(100)]
    # the number of repeats has a variance below its mean; four standard deviations of the mean of 100
    by_chance = counted[0].by_chance
    assert np.mean([one.repeated for one in counted]) == pytest.approx(by_chance, abs=4 * (by_chance / 100) ** 0.5)


def test_a_fast_scan_may_repeat_itself_by_retransmission_and_nothing_is_said():
    rng = np.random.default_rng(7)
    assert bits(rng.integers(0, 4096, 1000), np.arange(1000) / 1000) == {}


def test_what_steps_along_is_no_evidence_for_a_permutation():
    assert bits(np.arange(4000))["zmap"] == 0
