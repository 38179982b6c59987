"""Mirai and its many descendants: draws, pacing, header fields and marks (the published scanner source)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.probes import TCP, Probes, concat
from scangait.scanners.scanner import Scan, Scanner, Signature, ending, packets, within
from scangait.telescope import Telescope


def _sequence_is_destination(probes: Probes) -> NDArray[np.bool_]:
    if probes.seq is None:
        return np.zeros(len(probes), np.bool_)
    return np.asarray((probes.seq == probes.dst) & (probes.proto == TCP), np.bool_)


SIGNATURES: Final = (
    Signature("any", "sequence number = destination address: Mirai", 2.0**-32, _sequence_is_destination),
)
BURST: Final = 160
"""SYN per second and bot."""
BETWEEN_S: Final = 1e-5
REFUSED: Final = frozenset(
    {0, 3, 6, 7, 10, 11, 15, 16, 21, 22, 26, 28, 29, 30, 33, 55, 56, 127, 214, 215} | set(range(224, 256))
)
REFUSED_SECOND: Final = {100: range(64, 127), 172: range(16, 32), 192: range(168, 169), 198: range(18, 20)}


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Each source is a bot with a generator, a window and a source port of its own; its ports are 23 and 2323."""
    return concat([_bot(scan, scope, source, rng) for source in scan.sources])


def _bot(scan: Scan, scope: Telescope, source: int, rng: Generator) -> Probes:
    inside = within(scan, scope)
    clock, process = rng.integers(0, 2**20, 2)
    state = np.array([scan.start_ns // 10**9, process, clock, clock ^ process], np.uint32)
    number, dst, ip_id = _draws(state, int(ending(scan)) * BURST, _refused(), inside.first, inside.last)
    turn = number % BURST
    dport = np.where(turn % 10 == 0, 2323, 23).astype(np.uint16)
    return _packets(scan, number // BURST + turn * BETWEEN_S, dst, dport, ip_id, source, rng)


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    ip_id = rng.integers(0, 2**16, len(dst), np.uint16)
    return _packets(scan, seconds, dst, np.full(len(dst), scan.ports[0], np.uint16), ip_id, scan.sources[0], rng)


def _packets(
    scan: Scan,
    seconds: NDArray[np.float64],
    dst: NDArray[np.uint32],
    dport: NDArray[np.uint16],
    ip_id: NDArray[np.uint16],
    source: int,
    rng: Generator,
) -> Probes:
    window, sport = rng.integers(1, 2**16), rng.integers(1024, 2**16)
    return packets(
        scan,
        seconds,
        dst,
        dport,
        src=source,
        sport=sport,
        ip_id=ip_id,
        ttl=64,
        window=window,
        seq=dst,
    )


def _refused() -> NDArray[np.bool_]:
    """(65536,) by the first two octets: addresses that a bot draws again."""
    table = np.zeros((256, 256), np.bool_)
    table[list(REFUSED)] = True
    for first, seconds in REFUSED_SECOND.items():
        table[first, list(seconds)] = True
    return table.ravel()


@kernel
def _draws(
    state: NDArray[np.uint32], count: int, refused: NDArray[np.bool_], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint16]]:
    """`count` packets of one xorshift128 -> (N,) numbers, addresses and IP ids of those inside low..high (R,), (R,)."""
    numbers, dst, ids = np.empty(256, np.int64), np.empty(256, np.uint32), np.empty(256, np.uint16)
    x, y, z, w = state[0], state[1], state[2], state[3]
    found = 0
    for number in range(count):
        ip_id, address, first = np.uint16(0), np.uint32(0), True
        while True:
            t = x ^ np.uint32(x << np.uint32(11))
            t ^= t >> np.uint32(8)
            x, y, z = y, z, w
            w = np.uint32(w ^ w >> np.uint32(19) ^ t)
            if first:
                ip_id, first = np.uint16(w & np.uint32(0xFFFF)), False
                continue
            # the first octet is the low byte of the draw
            address = np.uint32(
                w << np.uint32(24)
                | (w & np.uint32(0xFF00)) << np.uint32(8)
                | w >> np.uint32(8) & np.uint32(0xFF00)
                | w >> np.uint32(24)
            )
            if not refused[address >> np.uint32(16)]:
                break
        run = np.searchsorted(low, np.int64(address), side="right") - 1
        if run >= 0 and np.int64(address) <= high[run]:
            if found == len(numbers):
                numbers, dst = np.concatenate((numbers, numbers)), np.concatenate((dst, dst))
                ids = np.concatenate((ids, ids))
            numbers[found], dst[found], ids[found] = number, address, ip_id
            found += 1
    return numbers[:found].copy(), dst[:found].copy(), ids[:found].copy()


SCANNER: Final = Scanner(
    blends=True, permutes=False, name="mirai", versions={"any": (0,)}, view=_view, signatures=SIGNATURES, wear=_wear
)
