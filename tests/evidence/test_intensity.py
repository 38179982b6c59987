"""Intensity as evidence, on simulated scans: bursts are told from an even beat, and chance is nobody's."""

import numpy as np
import pytest

from scangait.engine import Serial
from scangait.evidence.case import Case
from scangait.evidence.intensity import LEAST, MOST_BITS, said
from scangait.evidence.library import Library
from scangait.gait.intensity import counts
from scangait.gait.samples import Sample
from scangait.probes import empty
from scangait.recipe import Recipe
from scangait.recognise.learn import intensities
from scangait.telescope import telescope

SCOPE = telescope("93.184.208.0/20")


def a_sample(seconds, label="", place=None):
    count = len(seconds)
    place = np.arange(count) * 7 % SCOPE.size if place is None else place
    time_ns = (np.asarray(seconds) * 1e9).astype(np.int64)
    return Sample(np.arange(count), np.asarray(place), time_ns, np.zeros(count - 1, np.bool_), label, 80)


def bursts(rng, label="", count=301):
    """Ten probes at once for each timeout of a second, as Nmap sends when nothing answers; some miss the telescope."""
    burst = np.arange(count * 2) // 10
    return a_sample(np.sort((burst + rng.uniform(0, 0.01, count * 2))[rng.random(count * 2) < 0.5][:count]), label)


def beat(rng, label="", count=301):
    return a_sample(np.sort(np.arange(count) + rng.uniform(0, 0.2, count)), label)


def chance(rng, count=301):
    return a_sample(np.cumsum(rng.exponential(1, count)), place=rng.integers(0, SCOPE.size, count))


def many(rng):
    """Groups of bursts far apart, as Nmap's host groups lie: windows are full or empty."""
    return [
        a_sample(np.sort((np.arange(301) // 60) * 100 + rng.uniform(0, 20 + 3 * seed, 301)), "nmap")
        for seed in range(6)
    ]


@pytest.fixture(scope="module")
def library():
    rng = np.random.default_rng(1)
    learning = many(rng) + [beat(rng, "sweeper") for _ in range(6)]
    return Library((), Recipe(), SCOPE.size, "a test", intensities=tuple(intensities(learning, Recipe(), Serial())))


def bits(sample, library):
    return {one.label: one for one in said(Case(empty(), [sample], SCOPE, library)).of(0)}


def test_a_bursty_scan_is_told_from_an_even_one(library):
    rng = np.random.default_rng(2)
    for sample in many(rng):
        said = bits(sample, library)
        assert said["nmap"].bits == MOST_BITS
        assert said["nmap"].bits > said["sweeper"].bits + 3
    even = bits(beat(rng), library)
    assert even["nmap"].bits < 0
    assert even["sweeper"].bits > even["nmap"].bits


def test_chance_is_nobodys(library):
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert all(one.bits < 3 for one in bits(chance(rng), library).values())


def test_the_reason_can_be_checked(library):
    sample = many(np.random.default_rng(4))[0]
    windows = counts(sample, Recipe())
    reason = bits(sample, library)["nmap"].why.reason
    assert f"{windows.min()} to {windows.max()} addresses in each of {len(windows)} windows" in reason
    assert "fit nmap's intensity" in reason


def test_long_samples_say_no_more_than_the_cap(library):
    rng = np.random.default_rng(5)
    sizes = [abs(bits(beat(rng, count=count), library)["nmap"].bits) for count in (301, 3001)]
    assert sizes[1] < 2 * sizes[0]


def test_few_windows_and_libraries_without_intensities_say_nothing(library):
    few = beat(np.random.default_rng(6), count=8 * LEAST)
    assert bits(few, library) == {}
    assert bits(beat(np.random.default_rng(6)), Library((), Recipe(), SCOPE.size, "bare")) == {}


@pytest.mark.parametrize("rate", [1e-2, 1.0, 1e5])
def test_the_rate_of_a_scan_does_not_matter(rate):
    seconds = np.cumsum(np.random.default_rng(7).exponential(1, 200))
    assert counts(a_sample(seconds / rate), Recipe()).tolist() == counts(a_sample(seconds), Recipe()).tolist()


def test_an_even_scan_has_a_windows_gaps_in_each():
    assert counts(a_sample(np.arange(85)), Recipe()).tolist() == [8] * 10


def test_addresses_count_once_in_a_window():
    twice = counts(a_sample(np.arange(81), place=np.arange(81) // 2), Recipe())
    assert twice.tolist() == [5] * 10
    assert counts(bursts(np.random.default_rng(8)), Recipe()).max() <= 300


def test_a_sample_without_duration_has_no_windows():
    assert len(counts(a_sample(np.zeros(100)), Recipe())) == 0
    assert len(counts(a_sample([1.0]), Recipe())) == 0
