"""Masscan: header marks (masscan 1.0.5 and 1.3.2, captured; the development head of 2026-03, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes
from scangait.scanners.scanner import Signature

ID_CHANCE: Final = 2.0**-16


def _relation(probes: Probes) -> NDArray[np.bool_]:
    """The IP id is the low half of destination XOR port XOR sequence number, in every version."""
    if probes.ip_id is None or probes.seq is None:
        return np.zeros(len(probes), np.bool_)
    mixed = probes.dst ^ probes.dport.astype(np.uint32) ^ probes.seq
    return np.asarray((mixed & np.uint32(0xFFFF)) == probes.ip_id, np.bool_)


def _released(probes: Probes) -> NDArray[np.bool_]:
    return _relation(probes) & (probes.window != 1025 if probes.window is not None else True)


def _head(probes: Probes) -> NDArray[np.bool_]:
    return _relation(probes) & (probes.window == 1025 if probes.window is not None else False)


SIGNATURES: Final = (
    Signature("<=1.3.2", "IP id = low 16 bits of (destination ^ port ^ sequence): Masscan", ID_CHANCE, _released),
    Signature(
        "after 1.3.2", "the Masscan IP id relation with window 1025: Masscan after 1.3.2", ID_CHANCE / 2**16, _head
    ),
)
