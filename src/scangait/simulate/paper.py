"""A data set of the shape of Table I of De Santis et al. (2018), simulated: the paper's own traffic is not public."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator

from scangait.probes import Probes, concat, in_time_order, labelled, take, without_headers
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.telescope import Telescope, telescope, without

ZMAP_SOURCES, ZMAP_PORTS, ZMAP_DAYS, ZMAP_PACKETS = 253, 28, 533.69, 7_992_496
SHODAN_SOURCES, SHODAN_PORTS, SHODAN_DAYS, SHODAN_PACKETS = 13, 244, 12.0, 708_160
COMMON_PORTS = 17
"""Ports below 1024 that both scan, as in the paper: 34 sets of (scanner, port)."""
SCOPE: Final = "93.184.208.0/20"
"""4,096 destinations, as in the paper; which they are does not matter."""
RATES: Final = (3e4, 1e6)
"""ZMap's packets per second, log-uniform: whole scans of one hour to a day and a half."""
DAY_S: Final = 86_400.0
START_NS: Final = 1_767_225_600_000_000_000


def dataset(seed: int, scale: float = 1.0) -> tuple[Probes, Telescope]:
    """The labelled probes, without header fields, and their telescope; simulated data.

    ZMap 2.1 scans the Internet again and again from 253 sources on 28 ports; a Shodan-like scanner draws addresses and
    244 ports, among them ZMap's, from 13 sources. `scale` shrinks days and packets alike, for tests.
    """
    rng = np.random.default_rng(seed)
    scope = telescope(SCOPE)
    common = rng.choice(np.arange(1, 1024), COMMON_PORTS, replace=False)
    high = rng.choice(np.arange(1024, 2**16), SHODAN_PORTS - COMMON_PORTS, replace=False)
    ports = np.concatenate([common, high])
    zmap = _zmap(scope, ports[:ZMAP_PORTS], scale, rng)
    return in_time_order(concat([zmap, _shodan(scope, ports, scale, rng)])), scope


def _zmap(scope: Telescope, ports: np.ndarray, scale: float, rng: Generator) -> Probes:
    everything = Telescope.ranges([(1, 2**32 - 1)])
    assert everything is not None
    targets, wanted = without(everything, telescope(DEFAULT_BLOCKED)), int(ZMAP_PACKETS * scale)
    parts = []
    for index in range(-(-wanted // scope.size)):
        rate = float(np.exp(rng.uniform(*np.log(RATES))))
        latest = ZMAP_DAYS * scale * DAY_S - targets.size / rate
        scan = Scan(
            version="2.1",
            targets=targets,
            ports=(int(ports[index % len(ports)]),),
            seed=int(rng.integers(2**62)),
            rate=rate,
            sources=(0x0B000000 + index % ZMAP_SOURCES,),
            start_ns=START_NS + int(max(latest, 0.0) * rng.random() * 1e9),
        )
        parts.append(without_headers(SCANNERS["zmap"].view(scan, scope, rng)))
    return _labelled(parts, "zmap", wanted)


def _shodan(scope: Telescope, ports: np.ndarray, scale: float, rng: Generator) -> Probes:
    wanted, seconds = int(SHODAN_PACKETS * scale), SHODAN_DAYS * scale * DAY_S
    scan = Scan(
        version="any",
        targets=scope,
        ports=tuple(ports.tolist()),
        rate=(wanted + 1) / seconds,
        sources=tuple(0x0C000000 + index for index in range(SHODAN_SOURCES)),
        start_ns=START_NS,
        duration_s=seconds,
    )
    return _labelled([without_headers(SCANNERS["shodan"].view(scan, scope, rng))], "shodan", wanted)


def _labelled(parts: list[Probes], name: str, wanted: int) -> Probes:
    probes = concat(parts)
    return take(labelled(probes, np.full(len(probes), name)), slice(wanted))
