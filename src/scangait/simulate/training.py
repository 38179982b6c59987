"""Learning data without data: simulated runs of every tool whose movement is its own, as one telescope sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from scangait.errors import ScannerError
from scangait.gait.samples import Sample, samples
from scangait.gait.streams import by_label
from scangait.recipe import Recipe
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import simulate
from scangait.telescope import Telescope

FULL_RATES: Final = (1e2, 1e3, 1e4, 1e5, 1e6, 1e7)
NEAR_RATES: Final = (400.0, 1000.0, 3000.0, 8000.0)
LOSSES: Final = (0.0, 0.1)
GAITS: Final = {"zmap": ("3.0", "4.3"), "masscan": ("1.0", "1.3")}
"""Versions that move differently: the others of ZMap move as 3.0 does, Masscan's head as 1.3."""
NMAP_MODES: Final = ("", "T4", "randomize-hosts")
"""-iR is left out: it moves as chance does."""
HITS: Final = 600
"""Probes wanted of each run: two windows of the default recipe."""
WIDER: Final = (4, 8)
"""Small target ranges are 2^4 and 2^8 times as large as the telescope's first prefix."""


def training(scope: Telescope, recipe: Recipe) -> list[Sample]:
    """Labelled samples of simulated runs; simulated data.

    ZMap and Masscan of every version that moves differently, over all addresses (rates 1e2 to 1e7 per second) and over
    small ranges around the
    telescope, Nmap, Unicornscan and sequential sweeps over small ranges, with loss. Tools that draw addresses at random
    with replacement (hping, Mirai, Shodan-like) move as chance does and are left to the model of chance. Path jitter is
    put on by the recipe. Raises ScannerError for a telescope too small to see enough of any scan.
    """
    rng = np.random.default_rng(recipe.seed)
    found = []
    for label, scan in runs(scope):
        loss = LOSSES[int(rng.integers(len(LOSSES)))]
        probes = simulate(SCANNERS[label], replace(scan, seed=int(rng.integers(1, 2**32))), scope, rng, loss=loss)
        found += samples(probes, by_label(probes), scope, recipe)
    if not found:
        raise ScannerError(f"a telescope of {scope.size} addresses sees too little of any scan to learn from")
    return found


def runs(scope: Telescope) -> Iterator[tuple[str, Scan]]:
    """The runs to learn from, as (tool, scan)."""
    everything = Telescope.ranges([(1, 2**32 - 2)])
    assert everything is not None
    for label in ("zmap", "masscan"):
        for version in GAITS[label]:
            for rate in FULL_RATES:
                seconds = HITS * everything.size / scope.size / rate
                yield label, Scan(version=version, targets=everything, ports=(80,), rate=rate, duration_s=seconds)
    for bits in WIDER:
        near = around(scope, bits)
        for rate in NEAR_RATES:
            for label in ("zmap", "masscan"):
                for version in GAITS[label]:
                    yield label, _short(Scan(version=version, targets=near, ports=(80,), rate=rate), scope)
            for mode in NMAP_MODES:
                for probes in (1, 2):
                    one = Scan(version="7", targets=near, ports=(80,), rate=rate / 4, mode=mode, probes=probes)
                    yield "nmap", one
        for mode in NMAP_MODES:
            yield "nmap", Scan(version="7", targets=near, ports=(80,), mode=mode, probes=2)
        for rate in NEAR_RATES[:2]:
            yield "unicornscan", Scan(version="0.4", targets=near, ports=(80,), rate=rate)
            yield "sweeper", Scan(version="any", targets=near, ports=(80,), rate=rate)


def around(scope: Telescope, bits: int) -> Telescope:
    """The aligned range that holds the telescope's first range and is 2^bits times as large."""
    low, high = int(scope.first[0]), int(scope.last[0])
    width = min((low ^ high).bit_length() + bits, 32)
    start = low >> width << width
    near = Telescope.ranges([(max(start, 1), min(start + 2**width - 1, 2**32 - 2))])
    assert near is not None
    return near


def _short(scan: Scan, scope: Telescope) -> Scan:
    """The scan stopped when the telescope has seen enough of it."""
    assert scan.rate is not None
    share = min(scope.size / scan.targets.size, 1.0)
    return replace(scan, duration_s=HITS / share / scan.rate)
