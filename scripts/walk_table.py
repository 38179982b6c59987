"""How often the walk is proven, and how fast: python scripts/walk_table.py [windows of each kind without a walk].

Simulated data throughout: full scans as a /20 sees them, one row per setting of scanners.md, section 3.3, and windows
of traffic without a walk, in which nothing may be found.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

import numpy as np

from scangait.evidence.walk import find
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import simulate
from scangait.telescope import Telescope, telescope, without

SCOPE = telescope("93.184.208.0/20")
SMALL = telescope("93.184.208.0/24")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
RUNS = 40
WOBBLE, JITTER_S = 0.003, 0.001  # where a row says nothing else: the rate's slow swing, the mean lateness
ROWS = [  # name, version, probes, and what is unusual
    *[(f"2.1.1, K = {k}, 10 % loss", "2.1", k, {"loss": 0.1}) for k in (5, 6, 8, 12)],
    ("2.1.1, K = 6, 50 % loss", "2.1", 6, {"loss": 0.5}),
    ("2.1.1, K = 8, wobble 5 %", "2.1", 8, {"wobble": 0.05}),
    ("2.1.1, K = 8, jitter 100 ms at 1e4/s", "2.1", 8, {"jitter_s": 0.1, "rate": 1e4}),
    ("2.1.1, K = 8, jitter 20 ms at 1e6/s", "2.1", 8, {"jitter_s": 0.02, "rate": 1e6}),
    ("2.1.1 by a /24, K = 6", "2.1", 6, {"scope": SMALL}),
    ("3.0, K = 6, 10 % loss", "3.0", 6, {"loss": 0.1}),
    ("3.0, K = 8, 10 % loss", "3.0", 8, {"loss": 0.1}),
    ("4.3.4, K = 4", "4.3", 4, {}),
    ("4.3.4, K = 5", "4.3", 5, {}),
    ("4.3.4 by a /24, K = 5", "4.3", 5, {"scope": SMALL}),
    *[(f"4.3.4, {t} threads, K = {k}", "4.3", k, {"threads": t}) for t, k in ((2, 12), (3, 18), (4, 20), (4, 32))],
    *[(f"2.1.1, {t} threads, K = {k}", "2.1", k, {"threads": t}) for t, k in ((2, 12), (4, 20))],
    *[(f"2.1.1, one shard of {n}, K = 8", "2.1", 8, {"shards": n}) for n in (2, 3, 4, 8)],
    *[(f"4.3.4, one shard of {n}, K = 8", "4.3", 8, {"shards": n}) for n in (2, 4, 16)],
    *[
        (f"{v}, {int(share * 100)} % noise, K = {k}", v, k, {"noise": share})
        for v in ("2.1", "4.3")
        for share, k in ((0.3, 12), (0.5, 16), (0.7, 30), (0.85, 40))
    ],
    ("2.1.1, two scans at once, K = 16", "2.1", 16, {"twice": True}),
    ("4.3.4, two scans at once, K = 16", "4.3", 16, {"twice": True}),
]


def window(version: str, probes: int, seed: int, unusual: dict) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (K,) and addresses (K,) of consecutive probes at a random place of one scan."""
    rng = np.random.default_rng(seed)
    scope = unusual.get("scope", SCOPE)
    rate = unusual.get("rate", 10 ** rng.uniform(3, 6))
    parts = []
    for run in range(1 + unusual.get("twice", False)):
        scan = Scan(
            version=version, targets=TARGETS, ports=(80,), rate=rate, seed=int(rng.integers(1, 2**32)) + run,
            threads=unusual.get("threads", 1), shards=unusual.get("shards", 1),
        )  # fmt: skip
        view = simulate(
            SCANNERS["zmap"],
            scan,
            scope,
            rng,
            loss=unusual.get("loss", 0.0),
            jitter_s=unusual.get("jitter_s", JITTER_S),
        )
        parts.append(((view.time_ns - scan.start_ns) / 1e9, view.dst))
    start, share = rng.uniform(0, 0.9), unusual.get("noise", 0.0)
    length = max(part[0][-1] for part in parts)
    if share:
        extra = int(len(parts[0][0]) * share / (1 - share))
        where = rng.integers(0, scope.size, extra)
        parts.append((rng.uniform(0, length, extra), (where + int(scope.first[0])).astype(np.uint32)))
    seconds, dst = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(seconds)
    first = int(start * (len(order) - probes))
    order = order[first : first + probes]
    seconds = seconds[order] - seconds[order[0]]
    wobble = unusual.get("wobble", WOBBLE)
    seconds = seconds + wobble * seconds[-1] / 6.3 * np.sin(6.3 * seconds / seconds[-1])
    return seconds, dst[order]


def nothing(kind: str, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Windows of 5 to 8 probes without a walk: random targets, or Masscan's order."""
    rng = np.random.default_rng(seed)
    first = int(SCOPE.first[0])
    while True:
        if kind == "random":
            seconds, dst = np.cumsum(rng.exponential(100, 4096)), rng.integers(0, 4096, 4096).astype(np.uint32) + first
        else:
            scan = Scan(
                version=kind, targets=TARGETS, ports=(80,), seed=int(rng.integers(2**32)), rate=10 ** rng.uniform(3, 6)
            )
            view = SCANNERS["masscan"].view(scan, SCOPE, rng)
            order = np.argsort(view.time_ns)
            seconds, dst = (view.time_ns[order] - view.time_ns[order[0]]) / 1e9, view.dst[order]
        place = 0
        while place + 16 < len(seconds):
            count = int(rng.integers(5, 9))
            part = slice(place, place + count)
            yield seconds[part] - seconds[place], dst[part].astype(np.uint32)
            place += count


def accepted(job: tuple[str, int, int]) -> int:
    """How many of the windows without a walk are taken for one."""
    kind, seed, count = job
    return sum(find(seconds, dst, SCOPE.size) is not None for seconds, dst in islice(nothing(kind, seed), count))


if __name__ == "__main__":
    find(*window("2.1", 8, 0, {}), SCOPE.size)
    print("Simulated scans of the whole Internet; found (of), median ms when found")
    for name, version, probes, unusual in ROWS:
        times, hit = [], 0
        for seed in range(RUNS):
            seconds, dst = window(version, probes, seed, unusual)
            begun = time.perf_counter()
            line = find(seconds, dst, unusual.get("scope", SCOPE).size)
            times.append((time.perf_counter() - begun) * 1e3)
            hit += line is not None
        print(f"{name:42} {hit:3} ({RUNS})  {np.median(times):7.1f} ms", flush=True)
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for kind in ("random", "1.3", "1.0"):
        begun = time.perf_counter()
        jobs = [(kind, seed, each // 20) for seed in range(20)]
        with ProcessPoolExecutor(2) as pool:
            false = sum(pool.map(accepted, jobs))
        name = kind if kind == "random" else f"masscan {kind}"
        print(f"{name:42} {false} of {each} windows taken for a walk, {time.perf_counter() - begun:.0f} s", flush=True)
