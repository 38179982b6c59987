"""Sources as evidence: a list of known scanners holds the sender's address; what a list says fades with its age."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np

from scangait.evidence.case import Case
from scangait.evidence.finding import Finding
from scangait.evidence.listed import SourceList, entry

LISTED_BITS: Final = 10.0
"""What a list of today is worth: one entry in a thousand is wrong."""
HALF_LIFE_DAYS: Final = 180.0
"""Addresses change hands: an entry of this age is worth half of that."""
DAY_NS: Final = 86_400 * 10**9


def findings(case: Case) -> list[list[Finding]]:
    """Bits for the label under which the list of known scanners, if there is one, has a sample's source."""
    if case.listed is None:
        return [[] for _ in case.samples]
    first = np.array([sample.members[0] for sample in case.samples], np.int64)
    found = entry(case.listed, case.probes.src[first])
    return [
        [_one(case.listed, place, int(sample.time_ns[-1]))] if place >= 0 else []
        for place, sample in zip(found.tolist(), case.samples, strict=True)
    ]


def _one(listed: SourceList, place: int, seen_ns: int) -> Finding:
    label, dated_ns = str(listed.label[place]), int(listed.dated_ns[place])
    days = max(seen_ns - dated_ns, 0) / DAY_NS if dated_ns else 0.0
    when = datetime.fromtimestamp(dated_ns / 1e9, UTC).strftime("%Y-%m-%d") if dated_ns else "without a date"
    return Finding(
        "sources", label, LISTED_BITS * 0.5 ** (days / HALF_LIFE_DAYS), f"the source is listed as {label} ({when})"
    )
