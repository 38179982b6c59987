"""hping3 --rand-dest: uniform draws with replacement (hping3 3.0.0-alpha-2, captured)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.probes import TCP, Probes
from scangait.scanners.scanner import Scan, Scanner, Signature, packets, uniform
from scangait.telescope import Telescope

WINDOW: Final = 512
DEFAULT_RATE: Final = 1.0


def _plain_syn(probes: Probes) -> NDArray[np.bool_]:
    if probes.window is None or probes.length is None or probes.ttl is None or probes.df is None:
        return np.zeros(len(probes), np.bool_)
    shape = (probes.window == WINDOW) & (probes.length == 40) & (probes.proto == TCP) & ~probes.df
    return np.asarray(shape & (probes.ttl <= 64), np.bool_)


SIGNATURES: Final = (
    Signature("any", "window 512, no options, no DF, TTL at most 64: hping3", 2.0**-16 / 4 / 16, _plain_syn),
)


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    rate = scan.rate or DEFAULT_RATE
    number, dst = uniform(scan, scope, rate, rng)
    return _packets(scan, number / rate, dst, number, rng)


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    return _packets(scan, seconds, dst, np.arange(len(dst)), rng)


def _packets(
    scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], number: NDArray[np.int64], rng: Generator
) -> Probes:
    return packets(
        scan,
        seconds,
        dst,
        np.full(len(dst), scan.ports[0]),
        sport=(1024 + rng.integers(2000) + number) % 2**16,
        ip_id=rng.integers(0, 2**16, len(dst)),
        ttl=64,
        window=WINDOW,
        seq=rng.integers(0, 2**32, len(dst), np.uint32),
    )


SCANNER: Final = Scanner(
    blends=True, permutes=False, name="hping", versions={"3": (0,)}, view=_view, signatures=SIGNATURES, wear=_wear
)
