"""Unmixing: the traffic of one source to one port may hold several runs; each is taken out by what proves it.

First the marks in the headers part the tools, then walks part what one tool does twice: after a walk is found its
probes are taken out and the search repeats on the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.forecast import course
from scangait.evidence.signature import Marks, marks
from scangait.evidence.walk import find, jumps, thorough
from scangait.gait.samples import NANOSECOND, Sample
from scangait.probes import Probes
from scangait.telescope import Telescope

LEAST: Final = 16
"""Probes that a run has to have to be told apart."""
SHARE: Final = 0.02
"""Share of a sample that a run has to be."""


def unmixed(found: list[Sample], probes: Probes, scope: Telescope, blocked: str = "") -> list[Sample]:
    """The samples (of one source and port each) with the runs that are proven to be mixed in them as their own."""
    known = sorted(marks(probes), key=lambda mark: -mark.signature.accident)
    parted = zip(found, _by_marks(found, probes, known), strict=True)
    marked = [part for sample, parts in parted for part in parts or [sample]]
    return [
        part
        for sample in marked
        for part in (_by_walks(sample, probes, scope, blocked) if thorough(sample, known) else [sample])
    ]


def _by_marks(found: list[Sample], probes: Probes, known: list[Marks]) -> Iterator[list[Sample]]:
    """Each sample in parts by the tool whose mark its probes bear (the mark least likely by accident counts)."""
    best = np.full(len(probes), -1)
    for number, mark in enumerate(known):
        best[mark.found] = number
    for sample in found:
        own = best[sample.members]
        numbers, counts = np.unique(own[own >= 0], return_counts=True)
        runs = numbers[counts >= max(LEAST, SHARE * len(own))]
        if len(runs) < 2:
            yield []
            continue
        rest = ~np.isin(own, runs)
        parts = [_part(sample, own == number) for number in runs]
        yield parts + ([_part(sample, rest)] if rest.sum() >= LEAST else [])


def _by_walks(sample: Sample, probes: Probes, scope: Telescope, blocked: str) -> Iterator[Sample]:
    """Walk after walk, then what lies on none; a sample that is all one walk stays as it is."""
    while len(sample.members) >= 2 * LEAST and jumps(sample):
        seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
        dst = probes.dst[sample.members]
        line = find(seconds, dst, scope.size, blocked)
        if line is None:
            break
        on = course(line, seconds, dst).on
        if on.sum() < LEAST or (~on).sum() < max(LEAST, SHARE * len(on)):
            break
        yield _part(sample, on)
        sample = _part(sample, ~on)
    yield sample


def _part(sample: Sample, where: NDArray[np.bool_]) -> Sample:
    """The probes of a sample that belong to one run (mask (N,)); movements over what is taken out are its own."""
    chosen = np.flatnonzero(where)
    return replace(
        sample,
        members=sample.members[chosen],
        place=sample.place[chosen],
        time_ns=sample.time_ns[chosen],
        broken=np.zeros(len(chosen) - 1, np.bool_),
    )
