"""Campaigns while they run: which of the scans that are open act as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from scangait.evidence.walk import find
from scangait.gait.samples import NANOSECOND, Sample
from scangait.probes import Probes, concat, take
from scangait.recognise.campaigns import campaigns
from scangait.recognise.decide import UNKNOWN
from scangait.recognise.joined import joined
from scangait.recognise.results import Verdict
from scangait.telescope import Telescope, position

MOST: Final = 1000
"""Open scans that are compared with each other, those that began last."""


def together(runs: Sequence[tuple[Verdict, Probes]], scope: Telescope) -> list[Verdict]:
    """The verdicts with the campaigns that their scans are found to be parts of.

    Each comes with the probes of its run in time order. A campaign that grows keeps its name.
    """
    probes, samples, lines, start = concat(run for _, run in runs), list[Sample](), [], 0
    for verdict, run in runs:
        members = np.arange(start, start + len(run))
        start += len(run)
        broken = np.zeros(max(len(run) - 1, 0), np.bool_)
        samples.append(Sample(members, position(scope, run.dst), run.time_ns, broken, "", verdict.ports[0]))
        seconds = (run.time_ns - run.time_ns[0]) * NANOSECOND
        lines.append(find(seconds, run.dst, scope.size) if verdict.walk else None)
    settled = [verdict.label not in {"zmap", UNKNOWN} for verdict, _ in runs]
    found = campaigns(probes, scope, samples, lines, settled=settled)
    old = [verdict.campaign for verdict, _ in runs]
    fresh = [verdict.campaign for verdict in joined(found, [replace(verdict, campaign=None) for verdict, _ in runs])[0]]
    for campaign in found:
        known = sorted(name for index in campaign.members if (name := old[index]))
        for index in campaign.members:
            fresh[index] = old[index] or (known[0] if known else fresh[index])
    return [replace(verdict, campaign=name or verdict.campaign) for (verdict, _), name in zip(runs, fresh, strict=True)]


def since(run: Probes, first_ns: int) -> Probes:
    """The probes of a run from the first of one of its scans on."""
    return take(run, run.time_ns >= first_ns)
