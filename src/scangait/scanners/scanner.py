"""What a scanner is to this program: one table, read forwards to simulate it and backwards to recognise it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes
from scangait.telescope import Telescope


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One run of one tool, as its user starts it.

    `targets` are the addresses it may probe (after its block list), `rate` is packets per second of the whole run
    (all its threads, one shard), `sources` host-order addresses it sends from, `probes_per_target` SYNs per target
    (1 = no retry). Shards count from 0. `start_ns` is UTC.
    """

    version: str
    targets: Telescope
    ports: tuple[int, ...]
    rate: float
    seed: int
    sources: tuple[int, ...]
    start_ns: int = 0
    shard: int = 0
    shards: int = 1
    threads: int = 1
    probes_per_target: int = 1


@dataclass(frozen=True, slots=True)
class Hits:
    """The H packets of one scan that reach a telescope, in no fixed order.

    `dst` and `dport` (H,) are the target; `packet` (H,) float64 is how many packets its sender sent before it;
    `sender` (H,) int64 numbers the threads, each with its own clock and `rate / threads`; `attempt` (H,) int64 counts
    the repeats of one target from 0.
    """

    dst: NDArray[np.uint32]
    dport: NDArray[np.uint16]
    packet: NDArray[np.float64]
    sender: NDArray[np.int64]
    attempt: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Signature:
    """Header relations that mark the probes of one tool and version class.

    `match` says for each of N probes (of any mixture of scans) whether it bears the mark (N,) bool; it is all False
    where the columns it needs are missing. `accident` is the chance that a probe with uniformly random header fields
    matches. `reason` is the sentence an analyst reads.
    """

    version: str
    reason: str
    accident: float
    match: Callable[[Probes], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Everything known of one tool. `versions` are the behaviour classes, oldest first; the last is the default.

    `order(scan, count)` gives the first targets as (address, port) columns, None where the tool draws at random;
    `view(scan, telescope, rng)` the hits of a whole scan; `pace(scan, hits, rng)` (H,) seconds after `scan.start_ns`
    at which each leaves; `headers(scan, hits, rng)` the columns src, sport, proto and all header fields.
    `modelled` is True where no source or capture of the tool exists and the file follows a published description.
    """

    name: str
    versions: tuple[str, ...]
    signatures: tuple[Signature, ...]
    order: Callable[[Scan, int], tuple[NDArray[np.uint32], NDArray[np.uint16]]] | None
    view: Callable[[Scan, Telescope, np.random.Generator], Hits]
    pace: Callable[[Scan, Hits, np.random.Generator], NDArray[np.float64]]
    headers: Callable[[Scan, Hits, np.random.Generator], Mapping[str, NDArray[Any]]]
    modelled: bool = False
