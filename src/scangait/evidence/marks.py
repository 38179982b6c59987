"""Marks: which probes bear the header relations of which tool."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
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


def side_by_side(found: tuple[Marks, ...], count: int) -> NDArray[np.bool_]:
    """The marks of `count` probes as a table (N, M)."""
    return np.stack([mark.found for mark in found], axis=1) if found else np.zeros((count, 0), np.bool_)


def borne(bearing: NDArray[np.bool_], members: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many members of each sample bear each mark (S, M), of a table `bearing` (N, M); members (K,) sample after
    sample, their exclusive ends (S,).
    """
    counts = np.zeros((len(ends), bearing.shape[1]), np.int64)
    _borne(bearing, members, ends, counts)
    return counts


@kernel
def _borne(
    bearing: NDArray[np.bool_], members: NDArray[np.int64], ends: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Bearing (N, M), members (K,), ends (S,): added to counts (S, M)."""
    start = 0
    for sample in range(len(ends)):
        for probe in members[start : ends[sample]]:
            for mark in range(bearing.shape[1]):
                counts[sample, mark] += bearing[probe, mark]
        start = ends[sample]
