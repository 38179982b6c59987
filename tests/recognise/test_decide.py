"""Bits add up, and what speaks against a verdict is said in words."""

from scangait.evidence.calibration import uncalibrated
from scangait.evidence.finding import Finding
from scangait.recognise.decide import decide

PLAIN = uncalibrated(("signature", "walk"))


def test_a_walk_outweighs_forged_headers_and_says_so():
    said = decide(
        [Finding("signature", "masscan", 20, "marks"), Finding("walk", "zmap", 90, "walk")],
        PLAIN,
    )
    assert said.label == "zmap"
    assert said.contradiction == "headers say masscan; the order is the walk of zmap"


def test_headers_without_their_walk_are_doubted():
    said = decide(
        [Finding("signature", "zmap", 20, "marks"), Finding("walk", "zmap", -4, "no walk")],
        PLAIN,
    )
    assert (said.label, said.contradiction) == ("zmap", "headers say zmap; but no walk")


def test_agreement_is_silent():
    assert not decide(
        [Finding("signature", "zmap", 20, "marks"), Finding("walk", "zmap", 90, "walk")],
        PLAIN,
    ).contradiction
