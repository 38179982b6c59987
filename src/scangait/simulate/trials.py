"""Trials: scans of every tool in all the ways a telescope meets them, to measure how far a verdict is to be believed.

Simulated data. Nothing here is learned from: seeds and conditions are other ones than those of `training`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator

from scangait.probes import Probes, labelled, take
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.forge import worn
from scangait.simulate.training import around
from scangait.simulate.view import noise, simulate
from scangait.telescope import Telescope, telescope, without

TOOLS: Final = ("zmap", "masscan", "nmap", "unicornscan", "sweeper", "mirai", "hping", "shodan")
WIDER: Final = (4, 8, 12)
"""Ranges that are 2^4 to 2^12 times as large as the telescope's first prefix, beside all addresses."""
STEPPING: Final = ("nmap", "unicornscan", "sweeper")
THIN: Final = 1e-4
"""Share of the targets below which the telescope sees a scan thinly: then it is a fast one."""
MORE: Final = 400
"""Probes simulated beyond those looked at: the sample is somewhere in the middle of its scan."""
LENGTHS: Final = (16, 32, 64, 128, 300, 1000)
"""Probes of which a sample is made."""
LOSSES: Final = (0.0, 0.1, 0.3)
JITTERS_S: Final = (0.0, 200e-6, 1e-3)
FORGED: Final = 0.05
ALTERED: Final = 0.05
"""Share of scans that wear another tool's headers, and of those whose headers were changed to mean nothing."""
START_NS: Final = 1_767_225_600_000_000_000


@dataclass(frozen=True, slots=True)
class Trial:
    """One scan of `label` by one source: the first of its `probes`, and whose `headers` they bear (own, altered, or a
    tool's name).
    """

    label: str
    probes: Probes
    headers: str


def trials(scope: Telescope, count: int, rng: Generator) -> list[Trial]:
    """`count` trials, each tool in turn, with sources of their own; simulated data."""
    return [_trial(TOOLS[index % len(TOOLS)], scope, 0x0B000000 + index, rng) for index in range(count)]


def _trial(label: str, scope: Telescope, source: int, rng: Generator) -> Trial:
    length = int(rng.choice(LENGTHS))
    probes = _run(label, scope, source, length, rng)
    start = int(rng.integers(0, max(len(probes) - length, 0) + 1))
    probes = take(probes, slice(start, start + length))
    draw = rng.random()
    if draw < FORGED:
        others = [name for name, tool in SCANNERS.items() if tool.wear and name != label]
        headers = str(rng.choice(others))
        return Trial(label, worn(probes, SCANNERS[headers], rng), headers)
    if draw < FORGED + ALTERED:
        return Trial(label, altered(probes, scope, rng), "altered")
    return Trial(label, probes, "own")


def _run(label: str, scope: Telescope, source: int, length: int, rng: Generator) -> Probes:
    """At least `length` probes of one run of a tool where the telescope sees so many."""
    if label == "mirai":  # its draws are as good as uniform: hping's stand for them, since they are quick
        drawn = _run("hping", scope, source, length, rng)
        return worn(labelled(drawn, np.full(len(drawn), label)), SCANNERS[label], rng)
    targets, scanner = _targets(label, scope, rng), SCANNERS[label]
    share = min(scope.size / targets.size, 1.0)
    rate = float(10 ** rng.uniform(2, 6 if share < THIN else 4))
    nmap = label == "nmap"
    scan = Scan(
        version=str(rng.choice(list(scanner.versions))),
        targets=targets,
        ports=(80,),
        seed=int(rng.integers(1, 2**32)),
        threads=int(rng.integers(1, 5)) if label == "zmap" else 1,
        rate=None if nmap and rng.random() < 0.5 else rate,
        probes=int(rng.integers(1, 3)) if nmap else 1,
        mode=str(rng.choice(("", "T4", "randomize-hosts"))) if nmap else "",
        sources=(source,),
        start_ns=START_NS,
        duration_s=1e9 if label in STEPPING else (2 * length + MORE) / share / rate,
    )
    loss, jitter_s = float(rng.choice(LOSSES)), float(rng.choice(JITTERS_S))
    return simulate(scanner, scan, scope, rng, loss=loss, jitter_s=jitter_s)


def _targets(label: str, scope: Telescope, rng: Generator) -> Telescope:
    """A range around the telescope, or as often all addresses; tools that step through addresses take near ranges."""
    if label in STEPPING:
        return around(scope, int(rng.choice(WIDER[:2])))
    if rng.random() < 0.5:
        return around(scope, int(rng.choice(WIDER)))
    everything = Telescope.ranges([(1, 2**32 - 2)])
    assert everything is not None
    return without(everything, telescope(DEFAULT_BLOCKED)) if label == "zmap" else everything


def altered(probes: Probes, scope: Telescope, rng: Generator) -> Probes:
    """The same probes with header fields that mean nothing: uniformly random."""
    other = noise(scope, 4.0 * len(probes) + 1000, 1.0, 0, rng)
    other = take(other, slice(len(probes)))
    kept = {name: getattr(probes, name) for name in ("time_ns", "src", "dst", "dport", "proto", "label")}
    return replace(other, **kept)
