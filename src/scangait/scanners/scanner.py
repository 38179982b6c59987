"""What is known of a scanner: how one run is started, and the marks it leaves in headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scangait.probes import Probes
from scangait.telescope import Telescope


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One run of one tool, as its user starts it.

    `version` is a version class of the tool, `targets` are the addresses it may probe (after its block list). Shards
    count from 0; `threads` share a shard.
    """

    version: str
    targets: Telescope
    ports: tuple[int, ...]
    seed: int
    shard: int = 0
    shards: int = 1
    threads: int = 1


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
