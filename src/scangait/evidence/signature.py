"""Header relations as evidence: which tool's marks the probes bear, and the chance of an accident."""

from __future__ import annotations

from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.evidence.marks import borne
from scangait.scanners.scanner import Signature

FAITHFUL: Final = 0.95
"""Share of a tool's probes that bear its mark: middleboxes rewrite some headers."""
MOSTLY: Final = 0.5
"""Where fewer of the probes bear a mark, the scan is not that tool's: what tools mix is told apart before."""
MOST_BITS: Final = 20.0
"""Marks are easily forged: one scan in a million bears another tool's."""
ABSENT_BITS: Final = -6.0
"""A missing mark speaks against a tool only so much: marks are easily changed."""


def findings(case: Case) -> list[list[Finding]]:
    """Bits for each label from the marks on each sample's probes; its best version speaks."""
    return [_one(case, sample.members) for sample in case.samples]


def _one(case: Case, members: NDArray[np.int64]) -> list[Finding]:
    """One sample's findings from the marks on its probes `members` (N,)."""
    best: dict[str, tuple[float, int, Signature]] = {}
    for mark, bearing in zip(case.marks, borne(case.bearing, members).tolist(), strict=True):
        bits = _bits(bearing, len(members), mark.signature.accident)
        if mark.label not in best or bits > best[mark.label][0]:
            best[mark.label] = bits, bearing, mark.signature
    return [_finding(label, *its, len(members)) for label, its in best.items()]


def _finding(label: str, bits: float, bearing: int, mark: Signature, count: int) -> Finding:
    version = mark.version if bits > 0 and mark.version != "any" else None
    return Finding("signature", label, bits, f"{bearing} of {count} probes: {mark.reason}", version)


def _bits(bearing: int, count: int, accident: float) -> float:
    if bearing < MOSTLY * count:  # no accident, perhaps, but not this tool's traffic either
        return ABSENT_BITS
    gain = bearing * log2(FAITHFUL / accident) + (count - bearing) * log2((1 - FAITHFUL) / (1 - accident))
    return min(max(gain, ABSENT_BITS), MOST_BITS)
