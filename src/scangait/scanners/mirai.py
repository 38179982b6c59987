"""Mirai and its many descendants: header marks (the published scanner source)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.probes import TCP, Probes
from scangait.scanners.scanner import Signature


def _sequence_is_destination(probes: Probes) -> NDArray[np.bool_]:
    if probes.seq is None:
        return np.zeros(len(probes), np.bool_)
    return np.asarray((probes.seq == probes.dst) & (probes.proto == TCP), np.bool_)


SIGNATURES: Final = (
    Signature("any", "sequence number = destination address: Mirai", 2.0**-32, _sequence_is_destination),
)
