"""A large capture of simulated traffic: every tool in many ways, and noise, at one telescope within a day.

Simulated data. python scripts/big_capture.py OUT.pcap --probes 20000000 --streams 50000 --seed 1
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.random import Generator

from scangait.capture.pcap_write import write_pcap
from scangait.errors import ScannerError
from scangait.probes import Probes, concat, in_time_order, labelled, take
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.forge import worn
from scangait.simulate.training import around
from scangait.simulate.view import noise, simulate
from scangait.telescope import Telescope, telescope, without

SCOPE = "93.184.208.0/20"
DAY_S = 86_400.0
START_NS = 1_767_225_600_000_000_000
TOOLS = {
    "zmap": 0.2, "masscan": 0.25, "mirai": 0.2, "nmap": 0.08, "hping": 0.07, "shodan": 0.1, "unicornscan": 0.02,
    "sweeper": 0.08,
}  # fmt: skip
"""Share of the streams that each tool has."""
STEPPING = ("nmap", "unicornscan", "sweeper")
PORTS = (22, 23, 25, 80, 110, 143, 443, 445, 1433, 2222, 2323, 3306, 3389, 5060, 5555, 6379, 8080, 8081, 8443, 9200)
NOISE = 0.05
"""Share of the probes that are uniformly random: nearly each of them is a stream of its own."""
PLACED = 600
"""Runs are simulated as if for so many probes at least: short ones ZMap's simulation would walk step by step."""
SPREAD = 1.3
"""Of the logarithm of a stream's length: few streams are long, most are short."""


def lengths(probes: int, streams: int, most: int, rng: Generator) -> np.ndarray:
    """Probes of each stream, 12 at least and `most` at most, log-normal, with about the sum that is wanted."""
    size = np.exp(rng.normal(0.0, SPREAD, streams))
    for _ in range(20):
        size = np.clip(size * (probes / size.sum()), 12, most)
    return size.astype(np.int64)


def stream(label: str, scope: Telescope, source: int, length: int, rng: Generator) -> Probes:
    """One run of a tool from one source to one port, at most `length` probes of it."""
    if label == "mirai":  # its draws are as good as uniform: hping's stand for them, since they are quick
        drawn = stream("hping", scope, source, length, rng)
        return worn(labelled(drawn, np.full(len(drawn), label)), SCANNERS[label], rng)
    targets = around(scope, 4) if label in STEPPING else everything(label)
    share = min(scope.size / targets.size, 1.0)
    rate = float(10 ** rng.uniform(4, 6.5)) if share < 1e-4 else float(10 ** rng.uniform(1, 4))
    scan = Scan(
        version=str(rng.choice(list(SCANNERS[label].versions))),
        targets=targets,
        ports=(int(rng.choice(PORTS)),),
        seed=int(rng.integers(1, 2**32)),
        threads=int(rng.integers(1, 5)) if label == "zmap" else 1,
        rate=None if label == "nmap" and rng.random() < 0.5 else rate,
        probes=2 if label == "nmap" else 1,
        mode=str(rng.choice(("", "T4", "randomize-hosts"))) if label == "nmap" else "",
        sources=(source,),
        start_ns=START_NS + int(rng.random() * DAY_S * 1e9),
        duration_s=1e9 if label in STEPPING else 1.3 * max(length + 8, PLACED) / share / rate,
    )
    loss, jitter_s = float(rng.choice((0.0, 0.02, 0.1))), float(rng.choice((200e-6, 1e-3, 20e-3)))
    return take(simulate(SCANNERS[label], scan, scope, rng, loss=loss, jitter_s=jitter_s), slice(length))


def everything(label: str) -> Telescope:
    """All addresses, less ZMap's default block list where it is ZMap."""
    whole = Telescope.ranges([(1, 2**32 - 2)])
    assert whole is not None
    return without(whole, telescope(DEFAULT_BLOCKED)) if label == "zmap" else whole


def capture(probes: int, streams: int, seed: int, share_of_noise: float = NOISE) -> Probes:
    """The probes of all streams and of the noise in time order, without labels; simulated data."""
    rng, scope = np.random.default_rng(seed), telescope(SCOPE)
    labels = rng.choice(list(TOOLS), streams, p=list(TOOLS.values()))
    wanted = probes - int(probes * share_of_noise)
    parts, sizes = [], lengths(wanted, streams, scope.size, rng).tolist()
    for index, (label, length) in enumerate(zip(labels.tolist(), sizes, strict=True)):
        try:
            own = stream(label, scope, 0x0B000000 + index * 97, length, rng)
        except ScannerError:  # a run so fast or short that the telescope never sees it
            continue
        parts.append(replace(own, label=None))
    count = max(probes - sum(map(len, parts)), 0)
    other = noise(scope, 1.1 * count / DAY_S, DAY_S, START_NS, rng)
    parts.append(replace(take(other, np.sort(rng.permutation(len(other))[:count])), label=None))
    return in_time_order(concat(parts))


def main() -> None:
    """Write the file."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("out", type=Path)
    words.add_argument("--probes", type=int, default=20_000_000)
    words.add_argument("--streams", type=int, default=50_000)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    found = capture(given.probes, given.streams, given.seed)
    write_pcap(given.out, found)
    print(f"{given.out}: {len(found)} simulated probes of {given.streams} streams and noise, seed {given.seed}")


if __name__ == "__main__":
    main()
