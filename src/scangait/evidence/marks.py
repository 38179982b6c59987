"""Marks: which probes bear the header relations of which tool."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Signature


@dataclass(frozen=True, slots=True)
class Marks:
    """Which of N probes bear the mark `signature` of `label`: `found` (N,)."""

    label: str
    signature: Signature
    found: NDArray[np.bool_]


def marks(probes: Probes, run: NDArray[np.integer] | None = None) -> tuple[Marks, ...]:
    """Look for the marks of every tool and version once over all probes; none without the header columns.

    Some marks are relations among the probes of one sender: `run` (N,) numbers what is to be looked at by itself, each
    source where it is not given.
    """
    if probes.window is None and probes.ip_id is None and probes.seq is None:
        return ()
    if run is not None:
        probes = replace(probes, src=run.astype(np.uint32))
    return tuple(
        Marks(label, signature, signature.match(probes))
        for label, scanner in SCANNERS.items()
        for signature in scanner.signatures
    )
