"""Streams: which probes are read as one walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes


@dataclass(frozen=True, slots=True)
class Streams:
    """Probes grouped into walks: `order` (N,) indices into the probes, stream by stream and in time order inside each;
    `ends` (S,) exclusive end of each stream in `order`.
    """

    order: NDArray[np.int64]
    ends: NDArray[np.int64]


def by_source(probes: Probes) -> Streams:
    """One stream per (source, destination port, protocol): how unknown traffic is read."""
    return _grouped(probes, (probes.proto, probes.dport, probes.src))


def by_label(probes: Probes) -> Streams:
    """One stream per (label, destination port): the paper's sub-datasets. Raises ValueError without labels."""
    if probes.label is None:
        raise ValueError("probes have no label column")
    names, codes = np.unique(probes.label, return_inverse=True)
    grouped = _grouped(probes, (probes.dport, codes))
    unlabelled = np.flatnonzero(names == "")
    if not len(unlabelled):
        return grouped
    starts = np.r_[0, grouped.ends[:-1]]
    keep = codes[grouped.order[starts]] != unlabelled[0]
    lengths = (grouped.ends - starts)[keep]
    return Streams(grouped.order[np.repeat(keep, grouped.ends - starts)], np.cumsum(lengths))


def _grouped(probes: Probes, keys: tuple[NDArray[Any], ...]) -> Streams:
    """Sort by the keys, the last most significant, and by time inside; stable, so equal times keep their order."""
    order = np.lexsort((probes.time_ns, *keys))
    if not len(order):
        return Streams(order, np.empty(0, np.int64))
    new = np.zeros(len(order), np.bool_)
    for key in keys:
        sorted_key = key[order]
        new[1:] |= sorted_key[1:] != sorted_key[:-1]
    return Streams(order, np.r_[np.flatnonzero(new), len(order)])
