"""Sequential sweepers: one address after another through the sockets of an operating system (no one program)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator

from scangait.probes import Probes
from scangait.scanners.scanner import Scan, Scanner, packets, within
from scangait.telescope import Telescope, address, position

DEFAULT_RATE: Final = 100.0
LINUX: Final = (2, 4, 8, 1, 3)
"""The options of a Linux SYN: MSS, SACK permitted, timestamps, NOP, window scale."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Port after port, addresses ascending."""
    inside, rate = within(scan, scope), scan.rate or DEFAULT_RATE
    dst = np.tile(address(inside, np.arange(inside.size)), len(scan.ports))
    turn = np.repeat(np.arange(len(scan.ports)), inside.size)
    seconds = (position(scan.targets, dst) + turn * scan.targets.size) / rate
    kept = seconds < scan.duration_s
    count = int(kept.sum())
    return packets(
        scan,
        seconds[kept],
        dst[kept],
        np.array(scan.ports, np.uint16)[turn[kept]],
        sport=rng.integers(32768, 61000, count),
        ip_id=rng.integers(0, 2**16, count),
        ttl=64,
        df=True,
        window=64240,
        seq=rng.integers(0, 2**32, count, np.uint32),
        options=LINUX,
        mss=1460,
    )


SCANNER: Final = Scanner(name="sweeper", versions={"any": (0,)}, view=_view)
