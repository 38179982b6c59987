"""Shodan-like: a model, since its source is not public (Matherly, Complete Guide to Shodan; De Santis et al., Table I).

A few sources draw a random address and a random port from a long list, with replacement, all the time. The rate of
Table I is 0.683 packets per second on 4,096 addresses; the operating system repeats a silent SYN.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator

from scangait.probes import Probes
from scangait.scanners.scanner import Scan, Scanner, packets, uniform
from scangait.scanners.sweeper import LINUX
from scangait.telescope import Telescope

RATE_PER_ADDRESS: Final = 0.683 / 4096
"""Packets per second and address (De Santis et al., Table I: 708,160 packets, 12 days, 4,096 addresses)."""
REPEATS_S: Final = np.array([0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0])
"""When Linux repeats an unanswered SYN."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    rate = scan.rate or RATE_PER_ADDRESS * scan.targets.size
    copies = min(scan.probes, len(REPEATS_S))
    number, dst = uniform(scan, scope, rate / copies, rng)
    count = len(dst)

    def column(low: int, high: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.repeat(rng.integers(low, high, count), copies)

    seconds = np.repeat(number * copies / rate, copies) + np.tile(REPEATS_S[:copies], count)
    return packets(
        scan,
        seconds,
        np.repeat(dst, copies),
        np.array(scan.ports, np.uint16)[column(0, len(scan.ports))],
        src=np.array(scan.sources, np.uint32)[column(0, len(scan.sources))],
        sport=column(32768, 61000),
        ip_id=rng.integers(0, 2**16, count * copies),
        ttl=64,
        df=True,
        window=64240,
        seq=column(0, 2**32),
        options=LINUX,
        mss=1460,
    )


SCANNER: Final = Scanner(
    blends=True,
    permutes=False,
    name="shodan",
    versions={"any": (0,)},
    view=_view,
    modelled="a model from published descriptions: Shodan's own program is not public",
)
