"""The stages of the search for a walk: the clean case first, much other traffic last, each on every ground.

How the data flow: the first probes of a sample -> their logarithms on each ground, a table -> one call that goes
through the stages until one of them proves a line.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.line import NEIGHBOURS, Found, pairs_of, search
from scangait.evidence.points import Points
from scangait.kernel import inlined, kernel
from scangait.scanners.zmap import BATCH

PROOF_BITS: Final = 19.5
SURE_BITS: Final = 20.0
"""The search goes on for a better line until one has so many bits more than a proof needs."""
MOST_BITS: Final = 200.0


class Stage(NamedTuple):
    """One way to search: how many `probes` are looked at (the first of the sample with addresses of their own), how
    many times `slower` the rate may be than the mean gap says (other traffic hides it, threads share it) or `faster`
    (probes are lost, shards step over each other's), whether probes may be `late`, how many triples are tried, how many
    distances one triple may leave to try, whether `rare` grounds are tried, and whether probes may be
    `batched`, first and last of a batch at once.
    """

    probes: int
    slower: float
    faster: float
    late: bool
    triples: int
    listed: int = 2**14
    rare: bool = False
    batched: bool = False


STAGES: Final = (
    Stage(16, 4.0, 4.0, late=False, triples=8),
    Stage(16, 4.0, 4.0, late=True, triples=8, listed=2**11),
    Stage(16, 1 / 3, 12.0, late=False, triples=8, rare=True),
    Stage(32, 8.0, 4.0, late=False, triples=128, listed=2**12),
    Stage(32, 16.0, 4.0, late=True, triples=32, listed=2**11),
    Stage(32, 16.0, 4.0, late=True, triples=128, listed=2**11),
    Stage(48, 8.0, 2.0, late=True, triples=128, listed=2**11, batched=True),
    Stage(48, 16.0, 4.0, late=False, triples=1024, listed=2**11),
)
"""The clean case first; the last but one is for slow scans of near ranges, of which a batch (from ZMap 4.1 on:
scanners.md, 1.5) hits several times; the last, for much other traffic in between, is a matter of half a second.
"""


class Field(NamedTuple):
    """G grounds side by side: `root`, `prime`, `order` and share of `units` (G,) of their groups, and which are `rare`
    (G,).
    """

    root: NDArray[np.int64]
    prime: NDArray[np.int64]
    order: NDArray[np.int64]
    units: NDArray[np.float64]
    rare: NDArray[np.bool_]


def points_of(
    stage: Stage, ground: int, x: NDArray[np.int64], when: NDArray[np.float64], field: Field, size: int
) -> Points:
    """What this stage sees on this ground: x (G, K), when (K,), field (G,)."""
    probes = min(stage.probes, len(when))
    gap = when[probes - 1] / (probes - 1)
    jitter, drift = min(0.02, gap / 500), 0.004
    if stage.late:
        jitter, drift = min(0.4, max(gap / 10, min(0.02, gap / 2))), 0.05
    if stage.batched:  # one probe may be the first of its batch and another the last
        jitter = 2 * BATCH * gap * size / field.prime[ground]
    return Points(
        x[ground, :probes], when[:probes], field.root[ground], field.prime[ground], field.order[ground],
        field.units[ground], jitter, drift,
    )  # fmt: skip


_points_of = inlined(points_of)
"""For kernels: who follows a line that was found asks in Python."""


@kernel
def through(
    count: int, x: NDArray[np.int64], when: NDArray[np.float64], field: Field, size: int
) -> tuple[int, int, Found]:
    """Go through the first `count` stages until one proves a line: its number, the ground of the best line, and that.

    x (G, K) logarithms, -1 for none, when (K,) seconds, field (G,), size of the telescope -> numbers -1 for no line
    """
    best, at, pairs, most = Found(0, 0.0, 0, 0, 0.0), -1, 0, NEIGHBOURS * len(when)
    first, second, span = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    for number in range(count):
        stage, tries = STAGES[number], np.log2(len(x) * (number + 1.0))
        probes, jitter = min(stage.probes, len(when)), -1.0
        for ground in range(len(x)):
            if field.rare[ground] > stage.rare or when[probes - 1] <= 0 or not speaks(x, ground, probes, field.prime):
                continue
            points = _points_of(stage, ground, x, when, field, size)
            if points.jitter != jitter:  # most grounds have it in common, and with it the pairs
                jitter = points.jitter
                pairs = pairs_of(points.when, 3 * jitter, first, second, span)
            about = field.prime[ground] / size / when[probes - 1] * (probes - 1)
            slowest, fastest, enough = about / stage.slower, about * stage.faster, PROOF_BITS + SURE_BITS
            proof = PROOF_BITS + tries
            found = search(points, first, second, pairs, slowest, fastest, stage.triples, stage.listed, proof, enough)
            bits = min(found.bits - tries, MOST_BITS)
            if bits >= PROOF_BITS and bits > best.bits:
                best, at = Found(found.mu, found.rate, found.base, found.on, bits), ground
            if found.bits >= enough:  # no other ground is looked at, as no other line of this one is
                break
        if at >= 0:
            return number, at, best
    return -1, at, best


@inlined
def speaks(x: NDArray[np.int64], ground: int, probes: int, prime: NDArray[np.int64]) -> bool:
    """Whether a ground holds all of the first probes and says something else than those before it.

    x (G, K), prime (G,). Two block lists say the same below the first block by which they differ.
    """
    for a in range(probes):
        if x[ground, a] < 0:
            return False
    for other in range(ground):
        same = prime[other] == prime[ground]
        for a in range(probes):
            same = same and x[other, a] == x[ground, a]
        if same:
            return False
    return True
