"""Unicornscan: header marks (0.4.7 and the 0.4.52 fork, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import TCP, Probes
from scangait.scanners.scanner import Signature


def _constant_key(probes: Probes) -> NDArray[np.bool_]:
    """Two probes of one source share the key seq ^ dst in memory order ^ (dport << 16) + sport."""
    if probes.seq is None:
        return np.zeros(len(probes), np.bool_)
    ports = (probes.dport.astype(np.uint32) << np.uint32(16)) + probes.sport
    key = probes.seq ^ probes.dst.byteswap() ^ ports
    pair = probes.src.astype(np.uint64) << np.uint64(32) | key
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    return np.asarray((count[place] >= 2) & (probes.proto == TCP), np.bool_)


SIGNATURES: Final = (
    Signature(
        "0.4",
        "sequence ^ destination ^ ports is one key for several probes of the source: Unicornscan",
        2.0**-24,  # 2**-32 for each pair of one source's probes; a source rarely sends more than a few hundred
        _constant_key,
    ),
)
