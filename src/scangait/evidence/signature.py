"""Header relations as evidence: which tool's marks the probes bear, and the chance of an accident."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.finding import Said, Why, nothing
from scangait.evidence.marks import borne

FAITHFUL: Final = 0.95
"""Share of a tool's probes that bear its mark: middleboxes rewrite some headers."""
MOSTLY: Final = 0.5
"""Where fewer of the probes bear a mark, the scan is not that tool's: what tools mix is told apart before."""
MOST_BITS: Final = 20.0
"""Marks are easily forged: one scan in a million bears another tool's."""
ABSENT_BITS: Final = -6.0
"""A missing mark speaks against a tool only so much: marks are easily changed."""


def said(case: Case) -> Said:
    """Bits for each label from the marks on each sample's probes; its best version speaks."""
    names = tuple(dict.fromkeys(mark.label for mark in case.marks))
    if not names or not case.samples:
        return nothing("signature", len(case.samples))
    count = np.array([len(sample.members) for sample in case.samples])
    bearing = borne(case.bearing, np.concatenate([sample.members for sample in case.samples]), np.cumsum(count))
    each = _bits(bearing, count[:, None], np.array([mark.signature.accident for mark in case.marks]))
    own = [np.flatnonzero([mark.label == name for mark in case.marks]) for name in names]
    best = np.stack([marks[each[:, marks].argmax(axis=1)] for marks in own], axis=1)
    bits = np.take_along_axis(each, best, axis=1)

    def why(row: int, column: int) -> Why:
        mark, value = case.marks[best[row, column]].signature, float(bits[row, column])
        version = mark.version if value > 0 and mark.version != "any" else None
        reason = f"{bearing[row, best[row, column]]} of {count[row]} probes: {mark.reason}"
        return Why(reason, version)

    return Said("signature", names, bits, why)


def _bits(bearing: NDArray[np.int64], count: NDArray[np.int64], accident: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits (S, M) from how many (S, M) of the probes (S, 1) bear each mark, borne by `accident` (M,) otherwise."""
    gain = bearing * np.log2(FAITHFUL / accident) + (count - bearing) * np.log2((1 - FAITHFUL) / (1 - accident))
    # where few bear it that is no accident, perhaps, but not this tool's traffic either
    return np.where(bearing < MOSTLY * count, ABSENT_BITS, np.clip(gain, ABSENT_BITS, MOST_BITS))
