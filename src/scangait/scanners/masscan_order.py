"""Masscan's order: from a seed to the targets, as `masscan -sL` prints them (1.3.2; 1.0.5 with 4 rounds)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from scangait.scanners.blackrock import encrypt, permutation
from scangait.scanners.scanner import Scan
from scangait.telescope import address

ROUNDS: Final = {"1.0": 4, "1.3": 14}
"""Rounds of the permutation by version class: 1.0.4 to 1.3.1, and from 1.3.2 on."""


def targets(scan: Scan) -> Iterator[tuple[int, int]]:
    """The (address, port) pairs of one shard in list mode; ports count upwards whatever their order was."""
    ports, size = sorted(scan.ports), scan.targets.size
    order = permutation(size * len(ports), scan.seed, ROUNDS[scan.version])
    for index in range(scan.shard, order.size, scan.shards):
        target = encrypt(order, index)
        place = np.array([target % size])
        yield int(address(scan.targets, place)[0]), ports[target // size]


def first_targets(scan: Scan, count: int) -> list[tuple[int, int]]:
    """The first `count` targets."""
    return list(islice(targets(scan), count))
