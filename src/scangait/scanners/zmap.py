"""ZMap: header marks by version (ZMap sources v1.0 to v4.3.4; captures of 2.1.1, 3.0.0 and 4.3.4)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import TCP, Probes, pack_options
from scangait.scanners.scanner import Signature

FIXED_ID: Final = 54321
WINDOW: Final = 65535
FIRST_PORT: Final = 32768
LAST_PORT: Final = 61000
ID_CHANCE: Final = 2.0**-16
PORT_CHANCE: Final = (LAST_PORT - FIRST_PORT + 1) / 2**16
WINDOWS_OPTIONS: Final = pack_options([2, 1, 3, 1, 1, 4])
OPTION_CHANCE: Final = 2.0**-12
"""Generous guess at how often an unrelated stack sends just these options without DF and with this window."""


def _old(probes: Probes, length: int) -> NDArray[np.bool_]:
    if probes.ip_id is None or probes.window is None or probes.length is None:
        return np.zeros(len(probes), np.bool_)
    fixed = (probes.ip_id == FIXED_ID) & (probes.window == WINDOW) & (probes.length == length)
    return np.asarray(fixed & (probes.proto == TCP), np.bool_)


def _version_2(probes: Probes) -> NDArray[np.bool_]:
    return _old(probes, 40)


def _version_3(probes: Probes) -> NDArray[np.bool_]:
    return _old(probes, 44)


def _version_4(probes: Probes) -> NDArray[np.bool_]:
    """Windows-like options without DF, from 4.1 on."""
    if probes.options is None or probes.window is None or probes.df is None or probes.ttl is None:
        return np.zeros(len(probes), np.bool_)
    stack = (probes.options == WINDOWS_OPTIONS) & (probes.window == WINDOW) & ~probes.df & (probes.ttl <= 64)
    return np.asarray(stack & (probes.sport >= FIRST_PORT) & (probes.sport <= LAST_PORT), np.bool_)


SIGNATURES: Final = (
    Signature("<=2.1", "IP id 54321, window 65535, no options: ZMap up to 2.1", ID_CHANCE * 2.0**-16, _version_2),
    Signature("3.0/4.0", "IP id 54321, window 65535, MSS only: ZMap 3.0 or 4.0", ID_CHANCE * 2.0**-16, _version_3),
    Signature(
        ">=4.1",
        "window 65535, Windows-like options without DF, TTL at most 64, source port 32768-61000: ZMap from 4.1",
        PORT_CHANCE * OPTION_CHANCE,
        _version_4,
    ),
)
