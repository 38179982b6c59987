"""Nmap raw SYN scan: header marks (Nmap 7.93, captured; head of 2026-08, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes, pack_options
from scangait.scanners.scanner import Signature

MSS_ONLY: Final = pack_options([2])
WINDOW: Final = 1024
MSS: Final = 1460
LOWEST_TTL: Final = 20
"""Probes leave with 37..59 and lose some hops."""
HIGHEST_TTL: Final = 59


def _raw_syn(probes: Probes) -> NDArray[np.bool_]:
    """Its raw packet; the sequence number, the same all through a host group, tells runs apart, not tools."""
    if probes.window is None or probes.mss is None or probes.options is None or probes.ttl is None or probes.df is None:
        return np.zeros(len(probes), np.bool_)
    shape = (probes.window == WINDOW) & (probes.mss == MSS) & (probes.options == MSS_ONLY) & ~probes.df
    return np.asarray(shape & (probes.ttl >= LOWEST_TTL) & (probes.ttl <= HIGHEST_TTL), np.bool_)


SIGNATURES: Final = (
    Signature(
        "any",
        "window 1024, MSS 1460 as the only option, no DF, TTL 20 to 59: Nmap",
        2.0**-16 * (HIGHEST_TTL - LOWEST_TTL + 1) / 256,
        _raw_syn,
    ),
)
