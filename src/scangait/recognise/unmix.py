"""Unmixing: the traffic of one source to one port may hold several runs; each is taken out by what proves it.

First the marks in the headers part the tools, then walks part what one tool does twice: after a walk is found its
probes are taken out and the search repeats on the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.case import Case
from scangait.evidence.forecast import course
from scangait.evidence.ground import Line
from scangait.evidence.walk import searched
from scangait.gait.samples import NANOSECOND, Sample

LEAST: Final = 16
"""Probes that a run has to have to be told apart."""
SHARE: Final = 0.02
"""Share of a sample that a run has to be."""


class _Searched(NamedTuple):
    """A sample, how many stages of the search its first probes may go through, and the walk that was found."""

    sample: Sample
    stages: int
    line: Line | None


def unmixed(case: Case) -> Case:
    """The case with the runs that are proven to be mixed in its samples as samples of their own."""
    known = sorted(case.marks, key=lambda mark: -mark.signature.accident)
    best = np.full(len(case.probes), -1)
    for number, mark in enumerate(known):
        best[mark.found] = number
    marked = [part for sample in case.samples for part in _by_marks(sample, best[sample.members])]
    parts = [part for sample in marked for part in _by_walks(sample, case)]
    return replace(
        case,
        samples=[part.sample for part in parts],
        depths=tuple(part.stages for part in parts),
        lines=tuple(part.line for part in parts),
    )


def _by_marks(sample: Sample, own: NDArray[np.int64]) -> list[Sample]:
    """The sample in parts by the mark that its probes bear, `own` (N,) (-1: none; the one least likely by accident)."""
    counts = np.bincount(own + 1)
    runs = np.flatnonzero(counts[1:] >= max(LEAST, SHARE * len(own)))
    if len(runs) < 2:
        return [sample]
    rest = ~np.isin(own, runs)
    parts = [_part(sample, own == number) for number in runs]
    return parts + ([_part(sample, rest)] if rest.sum() >= LEAST else [])


def _by_walks(sample: Sample, case: Case) -> Iterator[_Searched]:
    """Walk after walk, then what lies on none; what is one walk stays as it is."""
    while True:
        whole = _Searched(sample, *searched(case, sample))
        on = None if whole.line is None else _on(whole.line, sample, case)
        if on is None:
            yield whole
            return
        walk, sample = _part(sample, on), _part(sample, ~on)
        yield _Searched(walk, *searched(case, walk))


def _on(line: Line, sample: Sample, case: Case) -> NDArray[np.bool_] | None:
    """Which probes (N,) of a sample are those of a walk, None where that is too few or all."""
    if len(sample.members) < 2 * LEAST:
        return None
    seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
    on = course(line, seconds, case.probes.dst[sample.members]).on
    apart = on.sum() >= LEAST and (~on).sum() >= max(LEAST, SHARE * len(on))
    return on if apart else None


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
