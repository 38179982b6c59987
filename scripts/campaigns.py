"""Campaigns among 200 independent scanners: precision and recall of `campaigns` beside the thresholds of Gates (2006).

Run: python scripts/campaigns.py [runs], the table; python scripts/campaigns.py RUNS alone, false joins of scanners that
all probe one port; python scripts/campaigns.py RUNS partial, shards that were seen in part, without a proof in headers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.random import Generator

from scangait.evidence.ground import Line
from scangait.evidence.walk import find
from scangait.gait.samples import NANOSECOND, Sample, samples
from scangait.gait.streams import by_source
from scangait.probes import Probes, take
from scangait.recipe import Recipe
from scangait.recognise.campaigns import campaigns
from scangait.scanners import SCANNERS, zmap_order
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.training import around
from scangait.simulate.view import mixed, simulate
from scangait.telescope import Telescope, telescope, without

SCOPE = telescope("93.184.208.0/20")
WHOLE = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
START_NS = 1_767_225_600_000_000_000
DAY_S = 86_400.0
SCAN_S = 4 * 3600.0
PORTS = (80, 443, 22, 23)
ALONE = 200
TOOLS = (
    ("zmap", "2.1"), ("zmap", "3.0"), ("zmap", "4.3"), ("masscan", "1.0"), ("masscan", "1.3"), ("mirai", "any"),
    ("hping", "3"), ("nmap", "7"), ("sweeper", "any"), ("unicornscan", "0.4"), ("shodan", "any"),
)  # fmt: skip
SOURCES = (2, 4, 8, 16, 32, 64)
KINDS = (
    ("sharded zmap 2.1", "zmap", "2.1"),
    ("sharded zmap 4.3", "zmap", "4.3"),
    ("sharded masscan 1.3", "masscan", "1.3"),
    ("pooled zmap 2.1", "zmap", "2.1"),
    ("pooled zmap 4.3", "zmap", "4.3"),
)
COVERAGE, OVERLAP = 0.95, 0.2


def independent(rng: Generator, ports: tuple[int, ...] = PORTS) -> Iterator[Probes]:
    """One day of scanners that know nothing of each other."""
    for number in range(ALONE):
        tool, version = TOOLS[int(rng.integers(len(TOOLS)))]
        near = tool in {"nmap", "sweeper", "unicornscan"}
        begin = rng.uniform(0, 0.8 * DAY_S)
        scan = Scan(
            version=version if version in SCANNERS[tool].versions else next(iter(SCANNERS[tool].versions)),
            targets=around(SCOPE, 4) if near else WHOLE,
            ports=(23,) if tool == "mirai" else (ports[int(rng.integers(len(ports)))],),
            seed=int(rng.integers(1, 2**62)),
            rate=10 ** rng.uniform(1, 3) if near else 10 ** rng.uniform(3.5, 6),
            sources=(0x0B000000 + 7919 * number,),
            start_ns=START_NS + int(begin * 1e9),
            duration_s=DAY_S - begin,
        )
        yield simulate(SCANNERS[tool], scan, SCOPE, rng, loss=0.05, jitter_s=0.01)


def campaign(kind: str, tool: str, version: str, sources: int, rng: Generator) -> Probes:
    """One scan of the Internet on port 80 in four hours, by shards on sources of their own or from one pool."""
    seed, begin = int(rng.integers(1, 2**62)), rng.uniform(0, 0.8 * DAY_S)
    pooled = kind.startswith("pooled")
    parts = []
    for shard in range(1 if pooled else sources):
        scan = Scan(
            version=version, targets=WHOLE, ports=(80,), seed=seed, shard=shard, shards=1 if pooled else sources,
            rate=WHOLE.size / SCAN_S / (1 if pooled else sources),
            sources=tuple(0x2D000010 + one for one in range(sources)) if pooled else (int(rng.integers(2**29, 2**31)),),
            start_ns=START_NS + int((begin + (0 if pooled else rng.uniform(0, 30))) * 1e9),
        )  # fmt: skip
        parts.append(simulate(SCANNERS[tool], scan, SCOPE, rng, loss=0.05, jitter_s=0.01))
    return mixed(parts)


@cache
def background(run: int) -> Probes:
    """The independent scanners of one run."""
    return mixed(independent(np.random.default_rng(run)))


LARGEST = 64
KNOWN: dict[tuple[int, int, int], Line | None] = {}


def lines(probes: Probes, scans: list[Sample]) -> list[Line | None]:
    """The walks of the largest scans, as identification finds them."""
    largest = sorted(range(len(scans)), key=lambda index: -len(scans[index].members))[:LARGEST]
    found: list[Line | None] = [None] * len(scans)
    for index in largest:
        scan = scans[index]
        key = (int(probes.src[scan.members[0]]), int(scan.time_ns[0]), len(scan.members))
        if key not in KNOWN:
            seconds = (scan.time_ns - scan.time_ns[0]) * NANOSECOND
            KNOWN[key] = find(seconds, probes.dst[scan.members], SCOPE.size)
        found[index] = KNOWN[key]
    return found


def gates(sets: list[np.ndarray]) -> list[list[int]]:
    """Gates' greedy with its two thresholds, for the scans of one port; each (A,) bool over the telescope."""
    left = [index for index, one in enumerate(sets) if one.sum() < COVERAGE * len(one)]
    found = []
    while len(left) > 1:
        pool, done = list(left), False
        while len(pool) > 1 and not done:
            chosen = greedy(sets, pool)
            total = np.sum([sets[one] for one in chosen], axis=0)
            hit = np.flatnonzero(total)
            overlap = (total.sum() - len(hit)) / len(hit)
            hull = hit[-1] - hit[0] + 1
            done = len(hit) >= COVERAGE * hull and overlap <= OVERLAP and len(chosen) > 1
            if not done:
                pool.remove(max(chosen, key=lambda one: (total[sets[one]] > 1).mean()))
        if not done:
            return found
        found.append(chosen)
        left = [one for one in left if one not in chosen]
    return found


def greedy(sets: list[np.ndarray], pool: list[int]) -> list[int]:
    """Pick whoever adds most until the hull is covered; who has become redundant leaves."""
    chosen, gone, covered = [], set(), np.zeros(len(sets[0]), bool)
    while True:
        free = [one for one in pool if one not in chosen and one not in gone]
        if not free:
            return chosen
        best = max(free, key=lambda one: (int((sets[one] & ~covered).sum()), -int((sets[one] & covered).sum())))
        if not (sets[best] & ~covered).any():
            return chosen
        chosen.append(best)
        total = np.sum([sets[one] for one in chosen], axis=0)
        for one in chosen[:-1]:
            if (total[sets[one]] > 1).mean() > OVERLAP:
                chosen.remove(one)
                gone.add(one)
                total = total - sets[one]
        covered = total > 0
        hit = np.flatnonzero(covered)
        if len(hit) >= COVERAGE * (hit[-1] - hit[0] + 1) and len(chosen) > 1:
            return chosen


def by_gates(probes: Probes, scans: list[Sample]) -> list[set[int]]:
    """The sources of each campaign by Gates' thresholds."""
    found = []
    for port in {scan.port for scan in scans}:
        own = [scan for scan in scans if scan.port == port]
        sets = [np.isin(np.arange(SCOPE.size), scan.place) for scan in own]
        found += [{int(probes.src[own[one].members[0]]) for one in group} for group in gates(sets)]
    return found


def score(found: list[set[int]], truth: set[int]) -> tuple[int, int]:
    """True sources in the campaign that holds most of them, and all other sources in any campaign."""
    best = max((len(group & truth) for group in found), default=0)
    return best, sum(len(group) for group in found) - best


def row(probes: Probes, truth: set[int]) -> tuple[np.ndarray, str]:
    """Right and wrong sources by our way and by Gates', seconds of each, and our proof."""
    scans = samples(probes, by_source(probes), SCOPE, Recipe())
    known, begun = lines(probes, scans), time.perf_counter()
    ours = campaigns(probes, SCOPE, scans, known)
    middle = time.perf_counter()
    theirs = by_gates(probes, scans)
    took = middle - begun, time.perf_counter() - middle
    named = [one.proof for one in ours if set(one.sources) & truth]
    return np.array([*score([set(one.sources) for one in ours], truth), *score(theirs, truth), *took]), "; ".join(named)


@cache
def one_port(run: int) -> Probes:
    """Independent scanners that all probe port 80."""
    return mixed(independent(np.random.default_rng(1000 + run), (80,)))


def found_in(probes: Probes) -> list[set[int]]:
    """The sources of each campaign where no walk is known beforehand."""
    scans = samples(probes, by_source(probes), SCOPE, Recipe())
    return [set(one.sources) for one in campaigns(probes, SCOPE, scans, [None] * len(scans))]


def alone() -> None:
    """How many sources of independent scanners are joined."""
    print(f"Simulated data: {ALONE} independent scanners of one port, one day, a /20; {RUNS} runs")
    print("sources joined in each run:", *(sum(map(len, found_in(one_port(run)))) for run in range(RUNS)), flush=True)


def partial() -> None:
    """Shards of Masscan with a source port of their own, seen for a part of the scan."""
    print(f"Simulated data: Masscan shards among {ALONE} independent scanners of one port, a /20; {RUNS} runs a line")
    for sources in (2, 8, 32):
        for share in (1.0, 0.5, 0.25, 0.1):
            total = np.zeros(2, int)
            for run in range(RUNS):
                own = campaign("sharded", "masscan", "1.3", sources, np.random.default_rng([run, sources]))
                part = take(own, own.time_ns < own.time_ns[0] + share * np.ptp(own.time_ns))
                part = replace(part, sport=np.full(len(part), 61000, np.uint16))
                total += score(found_in(mixed([one_port(run), part])), set(np.unique(own.src).tolist()))
            said = f"{total[0]:4} of {sources * RUNS} joined, {total[1]} wrong"
            print(f"{sources:3} sources, {share:4.0%} of the scan: {said}", flush=True)


def table() -> None:
    """Every kind of campaign, every number of sources."""
    print(f"Simulated data: one day, a /20, {ALONE} independent scanners on {len(PORTS)} ports; {RUNS} runs a line")
    print(f"{'campaign':22}{'sources':>8}   {'ours: recall precision seconds':32}{'Gates: the same':34}proof")
    for name, tool, version in (("none", "", ""), *KINDS):
        for sources in SOURCES if tool else (0,):
            total, proofs = np.zeros(6), set()
            for run in range(RUNS):
                rng = np.random.default_rng([run, sources])
                other = campaign(name, tool, version, sources, rng) if tool else None
                probes = mixed([background(run), other]) if other else background(run)
                truth = set(np.unique(other.src).tolist()) if other else set()
                one, proof = row(probes, truth)
                total, proofs = total + one, proofs | {proof}
            cells = ""
            for right, wrong, seconds in ((total[0], total[1], total[4]), (total[2], total[3], total[5])):
                recall = f"{right / (sources * RUNS):9.3f}" if sources else " " * 9
                precise = f"{right / (right + wrong):10.3f}" if right + wrong and sources else f"{wrong:4.0f} wrong"
                cells += f"{recall}{precise}{seconds / RUNS:8.2f} s   "
            print(f"{name:22}{sources:8} {cells} {' | '.join(sorted(proofs))}", flush=True)


if __name__ == "__main__":
    zmap_order.WALKED = 0  # place shards by logarithms: to walk each of 64 takes seconds
    RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    {"alone": alone, "partial": partial}.get(sys.argv[-1], table)()
