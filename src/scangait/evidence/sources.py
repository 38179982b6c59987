"""Sources as evidence: a list of known scanners holds the sender's address; what a list says fades with its age."""

from __future__ import annotations

from datetime import UTC, datetime
from math import exp2
from typing import Final

import numpy as np

from scangait.evidence.case import Case
from scangait.evidence.finding import Said, Why, nothing
from scangait.evidence.listed import entry

LISTED_BITS: Final = 10.0
"""What a list of today is worth: one entry in a thousand is wrong."""
HALF_LIFE_DAYS: Final = 180.0
"""Addresses change hands: an entry of this age is worth half of that."""
DAY_NS: Final = 86_400 * 10**9


def said(case: Case) -> Said:
    """Bits for the label under which the list of known scanners, if there is one, has a sample's source."""
    listed = case.listed
    if listed is None or not case.samples:
        return nothing("sources", len(case.samples))
    first = np.array([sample.members[0] for sample in case.samples], np.int64)
    place = entry(listed, case.probes.src[first])
    labels = tuple(np.unique(listed.label[place[place >= 0]]).tolist())
    bits = np.full((len(place), len(labels)), np.nan)
    for row in np.flatnonzero(place >= 0).tolist():
        column = labels.index(str(listed.label[place[row]]))
        bits[row, column] = _bits(int(listed.dated_ns[place[row]]), int(case.samples[row].time_ns[-1]))

    def why(row: int, column: int) -> Why:
        dated_ns = int(listed.dated_ns[place[row]])
        when = datetime.fromtimestamp(dated_ns / 1e9, UTC).strftime("%Y-%m-%d") if dated_ns else "without a date"
        reason = f"the source is listed as {labels[column]} ({when})"
        return Why(reason)

    return Said("sources", labels, bits, why)


def _bits(dated_ns: int, seen_ns: int) -> float:
    days = max(seen_ns - dated_ns, 0) / DAY_NS if dated_ns else 0.0
    return LISTED_BITS * exp2(-days / HALF_LIFE_DAYS)
