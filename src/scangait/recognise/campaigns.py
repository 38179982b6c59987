"""Campaigns: which scans of different sources are one, and what proves it.

Proofs come first: one ZMap walk, a pool of sources, a key or a start second in the headers. What none of them joins is
searched for sources that cover the telescope without meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from scangait.engine import Engine, Serial
from scangait.evidence.ground import Line
from scangait.gait.samples import Sample
from scangait.probes import Probes
from scangait.recognise.joins.cover import covers
from scangait.recognise.joins.keys import shared_keys, shared_starts
from scangait.recognise.joins.pools import pools
from scangait.recognise.joins.scans import Join, Scans, in_order
from scangait.recognise.joins.walks import proven, walks
from scangait.telescope import Telescope

MANY: Final = 2000
"""Scans from which their ports are worth being looked at side by side."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Scans that act as one: `members` are indices of the samples, `sources` and `ports` theirs, both sorted.

    `proof` names what joins them, `bits` speak against accident, `reason` is for the analyst. `coverage` is the share
    of the telescope that they hit together, `overlap` the addresses hit again, as a share of those hit.
    """

    members: tuple[int, ...]
    sources: tuple[int, ...]
    ports: tuple[int, ...]
    proof: str
    bits: float
    reason: str
    coverage: float
    overlap: float
    line: Line | None = None


def campaigns(
    probes: Probes,
    scope: Telescope,
    samples: Sequence[Sample],
    lines: Sequence[Line | None],
    blocked: str = "",
    settled: Sequence[bool] = (),
    engine: Engine | None = None,
) -> list[Campaign]:
    """The campaigns among samples of one source each, the one of most sources first; no sample is in two.

    `lines` are the walks that were proven (None: none), `blocked` a block list that scanners are known to keep to;
    samples of which it is `settled` that they are no walk are not laid on those of others.
    """
    if len(samples) < 2:
        return []
    scans, order = in_order(probes, scope, samples, lines, ~np.array(settled or [False] * len(samples), np.bool_))
    run = engine if engine and len(samples) >= MANY else Serial()
    proofs = [  # what looks at all scans first, as it takes longest
        partial(shared_starts, scans),
        partial(pools, scans, blocked),
        partial(shared_keys, scans),
        *(partial(walks, scans, group) for group in scans.groups()),
    ]
    starts, *found = run.map(_asked, proofs)
    joins = [join for one in found for join in one]
    free = np.ones(len(samples), np.bool_)
    for join in joins:
        free[list(join.members)] = False
    # starts are shared by a part of the sources, perhaps: the others show by what they cover
    masscan = {scan for join in starts for scan in join.members}
    for join in covers(scans, free, run):
        walk = None if masscan & set(join.members) else proven(scans, join.members, free, blocked)
        joins += [join, walk] if walk else [join]
    joins += starts
    joins = _across_ports(scans, _united(joins))
    named = [_campaign(scans, order, join) for join in joins]
    return sorted(named, key=lambda campaign: (-len(campaign.sources), campaign.members))


def _asked(proof: Callable[[], list[Join]]) -> list[Join]:
    return proof()


def _united(joins: Iterable[Join]) -> list[Join]:
    """Joins that share a scan become one."""
    left: list[list[Join]] = []
    for join in joins:
        near = [parts for parts in left if any(set(part.members) & set(join.members) for part in parts)]
        left = [parts for parts in left if parts not in near] + [[join, *(part for parts in near for part in parts)]]
    return sorted((_both(parts) for parts in left), key=lambda join: join.members)


def _both(parts: list[Join]) -> Join:
    """Several proofs as one; of one kind of proof, the strongest speaks."""
    parts = sorted(parts, key=lambda part: (-part.bits, part.members))
    kinds = {part.proof: part for part in reversed(parts)}
    best = sorted(kinds.values(), key=lambda part: -part.bits)
    return Join(
        tuple(sorted({scan for part in parts for scan in part.members})),
        ", ".join(part.proof for part in best),
        max(part.bits for part in parts),
        "; ".join(part.reason for part in best),
        next((part.line for part in parts if part.line), None),
    )


def _across_ports(scans: Scans, joins: list[Join]) -> list[Join]:
    """The same sources on several ports are one campaign."""
    first: dict[tuple[int, ...], Join] = {}
    for join in joins:
        sources = tuple(np.unique(scans.source[list(join.members)]).tolist())
        known = first.get(sources)
        first[sources] = replace(join, members=tuple(sorted({*join.members, *known.members}))) if known else join
    return list(first.values())


def _campaign(scans: Scans, order: np.ndarray, join: Join) -> Campaign:
    members = list(join.members)
    *own, union = scans.sizes(members).tolist()
    return Campaign(
        members=tuple(sorted(order[members].tolist())),
        sources=tuple(np.unique(scans.source[members]).tolist()),
        ports=tuple(np.unique(scans.port[members]).tolist()),
        proof=join.proof,
        bits=join.bits,
        reason=join.reason,
        coverage=union / scans.scope.size,
        overlap=(sum(own) - union) / union,
        line=join.line,
    )
