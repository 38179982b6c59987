"""Bits add up, and what speaks against a verdict is said in words."""

import numpy as np
import pytest

from scangait.evidence.calibration import MOST_BITS, Calibration, uncalibrated
from scangait.evidence.finding import Said, Why, nothing
from scangait.recognise.decide import UNKNOWN, decide

TOOLS = ("masscan", "nmap", "zmap")


def said(kind, labels, bits):
    """What a kind says of samples, from bits (S, L)."""
    return Said(kind, labels, bits, lambda _row, _column: Why(f"{kind}s"))


def decided(*findings):
    """The decision on one sample from (kind, label, bits)."""
    return decide([said(kind, (label,), np.array([[float(bits)]])) for kind, label, bits in findings], uncalibrated)[0]


def test_a_walk_outweighs_forged_headers_and_says_so():
    one = decided(("signature", "masscan", 20), ("walk", "zmap", 90))
    assert one.label == "zmap"
    assert one.contradiction == "headers say masscan; the order is the walk of zmap"


def test_headers_without_their_walk_are_doubted():
    one = decided(("signature", "zmap", 20), ("walk", "zmap", -4))
    assert (one.label, one.contradiction) == ("zmap", "headers say zmap; but walks")


def test_agreement_is_silent():
    assert not decided(("signature", "zmap", 20), ("walk", "zmap", 90)).contradiction


def test_where_nothing_is_said_a_scan_is_unknown_for_certain():
    for one in (*decide([nothing("walk", 1)], uncalibrated), decided(("walk", "zmap", np.nan))):
        assert (one.label, one.next, one.confidence, one.margin, one.findings) == (UNKNOWN, UNKNOWN, 1.0, 0.0, ())


def calibrated(kinds):
    """One that believes kinds differently, and asks more for some names, for each set of kinds."""
    known = tuple(sorted(kinds))
    bars = tuple(tuple(bits * len(known) for bits in (9, 8, 7, 6, 5, 4, 3, 2, 1)) for _ in TOOLS)
    return Calibration(known, tuple(0.3 * len(kind) / len(known) for kind in known), 3.0, TOOLS, bars)


def alone(spoken, row, false_alarm):
    """The label, the next and the confidence of one sample, added up label by label."""
    kinds = [one.kind for one in spoken if one.kind == "movement" or one.of(row)]
    calibration = calibrated(kinds)
    worth = dict(zip(calibration.kinds, calibration.weights, strict=True))
    total = {}
    for one in spoken:
        for finding in one.of(row):
            bits = worth.get(one.kind, 1.0) * min(max(finding.bits, -MOST_BITS), MOST_BITS)
            total[finding.label] = total.get(finding.label, 0.0) + bits
    ranked = sorted(total, key=lambda label: (-total[label], label))
    total[UNKNOWN] = calibration.unknown
    best = ranked[0] if ranked else UNKNOWN
    enough = total[best] - total[UNKNOWN] >= calibration.threshold(best, false_alarm)
    label = best if enough or false_alarm >= 1 else UNKNOWN
    others = [other for other in (*ranked[:2], UNKNOWN) if other != label]
    second = max(others, key=lambda other: total[other], default=UNKNOWN)
    sure = 2.0 ** total[label] / sum(2.0**bits for bits in total.values())
    return label, second, sure


@pytest.mark.parametrize("false_alarm", [0.01, 0.5, 1])
def test_samples_are_decided_together_as_each_is_alone(false_alarm):
    rng = np.random.default_rng(1)
    bits = rng.normal(0, 15, (3, 300, 3)).round()  # so that some are equal
    bits[rng.random(bits.shape) < 0.2] = np.nan
    bits[1:][rng.random((2, 300)) < 0.3] = np.nan
    spoken = [
        said(kind, labels, own)
        for kind, labels, own in zip(("movement", "signature", "walk"), (TOOLS, TOOLS[::-1], TOOLS), bits, strict=True)
    ]
    for row, one in enumerate(decide(spoken, calibrated, false_alarm)):
        label, second, sure = alone(spoken, row, false_alarm)
        assert (one.label, one.next) == (label, second)
        assert one.confidence == pytest.approx(sure, rel=1e-12)
        assert {finding.label for finding in one.findings} <= ({label} if label != UNKNOWN else set(TOOLS))
        assert len(one.findings) <= len(spoken)
