"""Labels for learning: the tool of each probe by its header marks, then by a list of sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.listed import SourceList, entry
from scangait.evidence.marks import marks
from scangait.probes import Probes


@dataclass(frozen=True, slots=True)
class Labels:
    """`label` (N,) of each probe, "" where nobody knows; how many probes each `reason` named; how many are disputed."""

    label: NDArray[np.str_]
    reasons: dict[tuple[str, str], int]
    conflicts: int


def label(probes: Probes, sources: SourceList | None = None) -> Labels:
    """Name the tool of each probe: the mark least likely by accident, else the source list, else its own column.

    A probe with the marks of two tools, or whose source list says otherwise than its marks, is a conflict.
    """
    given = np.full(len(probes), "") if probes.label is None else probes.label
    chosen, reasons, conflict = np.full(len(probes), "", "<U64"), {}, np.zeros(len(probes), np.bool_)
    for mark in sorted(marks(probes), key=lambda mark: mark.signature.accident):
        conflict |= mark.found & (chosen != "") & (chosen != mark.label)
        reasons[mark.label, mark.signature.reason] = _name(chosen, mark.found, mark.label)
    listed = np.full(len(probes), "", "<U64")
    if sources:
        place = entry(sources, probes.src)
        listed[place >= 0] = sources.label[place[place >= 0]]
    for others, why in ((listed, "listed source"), (given, "label column")):
        conflict |= (others != "") & (chosen != "") & (chosen != others)
        for name in np.unique(others[others != ""]).tolist():
            reasons[name, why] = _name(chosen, others == name, name)
    counted = {reason: count for reason, count in reasons.items() if count}
    return Labels(chosen, counted, int(conflict.sum()))


def _name(chosen: NDArray[np.str_], found: NDArray[np.bool_], name: str) -> int:
    """Give the name to the probes that have none yet, in place; how many."""
    fresh = found & (chosen == "")
    chosen[fresh] = name
    return int(fresh.sum())
