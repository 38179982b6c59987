"""Laws of calibration, on answers drawn from known laws: honest confidence, and few strangers named."""

from dataclasses import replace

import numpy as np
import pytest

from scangait.evidence.calibration import MOST_BITS, SHARES, uncalibrated, weighed
from scangait.evidence.library import Library
from scangait.evidence.typical import of, shares
from scangait.recognise.calibrate import CALIBRATED, Answers, calibrations, totals, without

TOOLS = ("masscan", "nmap", "zmap")


def drawn(count, seed, *, strong=6.0):
    """Answers in which every kind is an honest likelihood ratio between a tool's own scans and all others."""
    rng = np.random.default_rng(seed)
    truth = np.array([TOOLS[index % 3] for index in range(count)])
    own = truth[:, None] == np.array(TOOLS)
    shift = np.sqrt(strong * np.log(2) * 2)  # two unit Gaussians so far apart have `strong` bits on the mean
    value = rng.normal(0, 1, (count, 3, len(CALIBRATED))) + shift * own[:, :, None]
    bits = (shift * value - shift**2 / 2) / np.log(2)
    return Answers(truth, np.full(count, "own"), TOOLS, np.clip(bits, -MOST_BITS, MOST_BITS))


@pytest.fixture(scope="module")
def fitted():
    return calibrations(drawn(1200, 1), [("movement",), ("movement", "signature")])


def test_independent_kinds_keep_their_weight_and_copies_share_it(fitted):
    assert all(0.7 < weight < 1.3 for weight in fitted[1].weights)
    heard = drawn(1200, 1)
    first, second = CALIBRATED.index("movement"), CALIBRATED.index("signature")
    heard.bits[:, :, second] = heard.bits[:, :, first]
    copied = calibrations(heard, [("movement", "signature")])[0]
    assert sum(copied.weights) == pytest.approx(fitted[0].weights[0], abs=0.15)


def test_confidence_is_honest_on_other_scans(fitted):
    heard = drawn(3000, 2, strong=2.0)
    calibration = calibrations(drawn(3000, 1, strong=2.0), [("movement",)])[0]
    total = totals(heard, calibration)[:, :-1]
    share_of = np.exp2(total - total.max(axis=1, keepdims=True))
    share_of /= share_of.sum(axis=1, keepdims=True)
    right = np.array(TOOLS)[total.argmax(axis=1)] == heard.truth
    # a mean over 3000 has a standard deviation below 0.01
    assert share_of.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.04)


@pytest.mark.parametrize("false_alarm", [0.01, 0.05, 0.2])
def test_strangers_are_named_as_rarely_as_was_asked(false_alarm):
    calibration = calibrations(drawn(3000, 1, strong=1.0), [("movement",)])[0]
    heard = drawn(3000, 3, strong=1.0)
    for name in TOOLS:
        strange = without(heard, name)
        total = totals(strange, calibration)[strange.truth == name]
        best, odds = total[:, :-1].argmax(axis=1), total[:, :-1].max(axis=1) - calibration.unknown
        bar = np.array([calibration.threshold(strange.labels[index], false_alarm) for index in best])
        # each of two labels may take the asked share; plus four standard deviations of 1000 scans on either side
        most = 2 * false_alarm + 8 * np.sqrt(false_alarm / 1000)
        assert np.mean(odds >= bar) <= most


def test_the_bar_falls_as_more_false_alarms_are_allowed(fitted):
    for one in fitted:
        for label in TOOLS:
            bars = [one.threshold(label, rate) for rate in SHARES]
            assert bars == sorted(bars, reverse=True)
    assert fitted[0].threshold("a label of the user's own", 0.01) == 0


def test_an_uncalibrated_library_takes_kinds_at_their_word_up_to_a_bound():
    plain = uncalibrated(["walk", "signature"])
    assert weighed(np.array([90.0, -6.0]), ["walk", "signature"], plain).tolist() == [MOST_BITS, -6]


def test_the_bundled_library_knows_every_set_of_kinds():
    library = Library.bundled()
    assert len(library.calibrations) == 2 ** len(CALIBRATED) - 1
    assert library.calibration([*CALIBRATED, "sources"]).kinds == CALIBRATED
    assert replace(library, calibrations=()).calibration(["walk"]) == uncalibrated(["walk"])


def test_typical_gains_are_common_and_odd_ones_rare_on_both_sides():
    rng = np.random.default_rng(4)
    typical = tuple(of("zmap", np.full(2000, 100), rng.normal(1.0, 0.1, 2000)))
    found = shares(typical, "zmap", np.full(5, 100), np.array([1.0, 1.2, 0.8, 0.5, 1.5])).tolist()
    assert found[0] > 0.9
    assert all(0.02 < value < 0.1 for value in found[1:3])
    assert all(value < 1e-3 for value in found[3:])
    assert shares(typical, "a tool without trials", np.array([100]), np.array([-5.0])) == [1]
