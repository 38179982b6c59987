"""Warming: load and compile everything that a watch will need, while files may still be read.

A program that gives up root may not read its own code afterwards, and compiling in the middle of a scan costs alerts.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import numpy as np

from scangait.evidence.library import Library
from scangait.probes import TCP, Probes, take
from scangait.recognise.live.watch import Watch
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import simulate
from scangait.telescope import Telescope, address, telescope

PROBES: Final = 80
SMALL: Final = telescope("93.184.216.0/24")
"""What a scan shows of itself to a large telescope would take seconds to simulate."""
LATER: Final = (
    "encodings.idna", "http.client", "http.server", "rich.live", "socketserver", "ssl", "tempfile", "zipfile",
    "scangait.capture.folder", "scangait.capture.whole",
)  # fmt: skip
"""Modules that are otherwise imported when they are first needed."""


def warmed(library: Library, scope: Telescope) -> None:
    """Judge a few simulated scans, of no tool and of ZMap, and forget them."""
    for name in LATER:
        import_module(name)
    seen = [(_of_no_tool(scope, 0.01), scope), (_of_no_tool(scope, 1.0), scope), (_of_zmap(), SMALL)]
    for probes, where in seen:
        watch = Watch(library, where, memory=1 << 20)
        list(watch.take(probes))
        list(watch.finish())
        watch.arena.make_room(lambda _: None, np.empty(0, np.int64))


def _of_no_tool(scope: Telescope, gap_s: float) -> Probes:
    rng, count = np.random.default_rng(0), min(PROBES, scope.size)
    return Probes(
        time_ns=10**18 + np.cumsum(rng.exponential(gap_s * 1e9, count)).astype(np.int64),
        src=np.full(count, 1, np.uint32),
        dst=address(scope, rng.permutation(scope.size)[:count]),
        sport=rng.integers(0, 2**16, count, np.uint16),
        dport=np.full(count, 80, np.uint16),
        proto=np.full(count, TCP, np.uint8),
        ip_id=rng.integers(0, 2**16, count, np.uint16),
        ttl=np.full(count, 64, np.uint8),
        length=np.full(count, 40, np.uint16),
        df=np.zeros(count, np.bool_),
        window=rng.integers(0, 2**16, count, np.uint16),
        seq=rng.integers(0, 2**32, count, np.uint32),
        mss=np.zeros(count, np.uint16),
        options=np.zeros(count, np.uint64),
    )


def _of_zmap() -> Probes:
    """One whose walk is proven and forecast, as SMALL sees it."""
    everything = Telescope.ranges([(1, 2**32 - 1)])
    assert everything is not None
    scan = Scan(version="2.1", targets=everything, ports=(80,), seed=1, rate=1e6)
    return take(simulate(SCANNERS["zmap"], scan, SMALL, np.random.default_rng(0)), slice(PROBES))
