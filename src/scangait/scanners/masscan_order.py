"""Masscan's order: from a seed to the targets (1.3.2; 1.0.5 with 4 rounds), and from an address to its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.scanners.blackrock import Permutation, decrypt, encrypt, permutation
from scangait.scanners.scanner import Scan, within
from scangait.telescope import Telescope, address, position

ROUNDS: Final = {"1.0": 4, "1.3": 14, "head": 14}
"""Rounds of the permutation by version class: 1.0.4 to 1.3.1, from 1.3.2 on, and after it."""
AT_ONCE: Final = 4096


class Seen(NamedTuple):
    """What a telescope sees of one shard: (N,) addresses, ports, packets that the shard sent before, and which copy."""

    dst: NDArray[np.uint32]
    dport: NDArray[np.uint16]
    number: NDArray[np.int64]
    copy: NDArray[np.int64]


def order_of(scan: Scan) -> Permutation:
    """The permutation of all (port, address) pairs of a scan."""
    return permutation(scan.targets.size * len(scan.ports), scan.seed, ROUNDS[scan.version])


def targets(scan: Scan, thread: int = 0) -> Iterator[tuple[int, int]]:
    """The (address, port) pairs of one shard in list mode; ports count upwards whatever their order was."""
    del thread  # Masscan has none
    ports, size, order = sorted(scan.ports), scan.targets.size, order_of(scan)
    for start in range(scan.shard, order.size, scan.shards * AT_ONCE):
        index = np.arange(start, min(start + scan.shards * AT_ONCE, order.size), scan.shards)
        number = encrypt(order, index)
        yield from zip(
            address(scan.targets, number % size).tolist(), (ports[port] for port in number // size), strict=True
        )


def seen(scan: Scan, scope: Telescope, rate: int) -> Seen:
    """What a telescope sees of one shard, in the order of sending (scanners.md, 2.2).

    Each step i sends index (i + q * rate) mod size for q = probes..1, so that copies come a second or so apart.
    """
    order, ports = order_of(scan), np.array(sorted(scan.ports), np.uint16)
    dst = address(inside := within(scan, scope), np.arange(inside.size))
    number = (position(scan.targets, dst)[:, None] + np.arange(len(ports)) * scan.targets.size).ravel()
    index = decrypt(order, number)
    parts = []
    for again in range(scan.probes, 0, -1):
        step = (index - again * rate) % order.size
        for late in (0, order.size):
            mine = (step + late < order.size + (scan.probes - 1) * rate) & ((step + late) % scan.shards == scan.shard)
            turn = (step[mine] + late) // scan.shards
            pair = number[mine]
            parts.append((pair, turn * scan.probes + scan.probes - again, np.full(len(pair), scan.probes - again)))
    pair, sent, copy = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order_sent = np.argsort(sent, kind="stable")
    pair, size = pair[order_sent], scan.targets.size
    return Seen(address(scan.targets, pair % size), ports[pair // size], sent[order_sent], copy[order_sent])
