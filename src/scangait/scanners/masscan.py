"""Masscan: pacing, header fields and marks (1.0.5 and 1.3.2, captured; the development head of 2026-03, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.probes import Probes
from scangait.scanners.masscan_order import seen, targets
from scangait.scanners.scanner import Scan, Scanner, Signature, packets
from scangait.scanners.siphash import siphash
from scangait.telescope import Telescope

ID_CHANCE: Final = 2.0**-16


def _relation(probes: Probes) -> NDArray[np.bool_]:
    """The IP id is the low half of destination XOR port XOR sequence number, in every version."""
    if probes.ip_id is None or probes.seq is None:
        return np.zeros(len(probes), np.bool_)
    mixed = probes.dst ^ probes.dport.astype(np.uint32) ^ probes.seq
    return np.asarray((mixed & np.uint32(0xFFFF)) == probes.ip_id, np.bool_)


def _released(probes: Probes) -> NDArray[np.bool_]:
    return _relation(probes) & (probes.window != 1025 if probes.window is not None else True)


def _head(probes: Probes) -> NDArray[np.bool_]:
    return _relation(probes) & (probes.window == 1025 if probes.window is not None else False)


SIGNATURES: Final = (
    Signature("<=1.3.2", "IP id = low 16 bits of (destination ^ port ^ sequence): Masscan", ID_CHANCE, _released),
    Signature(
        "after 1.3.2", "the Masscan IP id relation with window 1025: Masscan after 1.3.2", ID_CHANCE / 2**16, _head
    ),
)
DEFAULT_RATE: Final = 100
FIRST_PORT: Final = 40_000
START_CYCLE: Final = 20_000
"""The source port is FIRST_PORT + the second of the start modulo START_CYCLE, unless one is given."""
CALLS: Final = 2**17
"""So many calls of the throttler are simulated; after that their second half repeats."""
PACKET_S: Final = 3.5e-6
SLEEP_S: Final = 60e-6
CALL_S: Final = 2e-7
"""Time of sending one packet (captured), of waking from a sleep, and of one call of the throttler."""
CLOCK_S: Final = 1e9
"""Any time of day: the throttler's first window reaches back to the epoch."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    del rng  # seed and start time decide every field
    rate = max(int(scan.rate or DEFAULT_RATE), 1)
    hits = seen(scan, scope, rate)
    seconds = _seconds(hits.number, rate)
    kept = seconds < scan.duration_s
    return _packets(scan, seconds[kept], hits.dst[kept], hits.dport[kept], hits.copy[kept])


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    del rng
    return _packets(scan, seconds, dst, np.full(len(dst), scan.ports[0], np.uint16), np.zeros(len(dst), np.int64))


def _packets(
    scan: Scan,
    seconds: NDArray[np.float64],
    dst: NDArray[np.uint32],
    dport: NDArray[np.uint16],
    copy: NDArray[np.int64],
) -> Probes:
    first = FIRST_PORT + scan.start_ns // 1_000_000_000 % START_CYCLE
    sport = np.full(len(dst), first)
    if scan.version == "head":  # one of 16 source ports; which one is a hash that is not modelled
        sport = first + (dst.astype(np.int64) + copy) % 16
    seq = _sequence(scan, dst, dport, sport)
    return packets(
        scan,
        seconds,
        dst,
        dport,
        sport=sport,
        ip_id=(dst ^ dport.astype(np.uint32) ^ seq) & np.uint32(0xFFFF),
        ttl=255,
        window=1025 if scan.version == "head" else 1024,
        seq=seq,
        options=(2,) if scan.version == "head" else (),
        mss=1460 if scan.version == "head" else 0,
    )


def _sequence(
    scan: Scan, dst: NDArray[np.uint32], dport: NDArray[np.uint16], sport: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Low half of SipHash over dst, dport, src, sport as 32-bit words; the seed is both halves of the key."""
    wide = np.uint64(32)
    words = np.empty((len(dst), 2), np.uint64)
    words[:, 0] = dst.astype(np.uint64) | dport.astype(np.uint64) << wide
    words[:, 1] = np.uint64(scan.sources[0]) | sport.astype(np.uint64) << wide
    key = scan.seed % 2**64
    return siphash((key, key), words).astype(np.uint32)


def _seconds(number: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    """When each packet (N,) of a sender leaves: clumps as the throttler lets them go."""
    first, start = _throttle(float(rate), min(PACKET_S, 0.5 / rate))
    half = len(first) // 2
    turns = np.maximum(0, (number - first[half]) // (first[-1] - first[half]))
    number = number - turns * (first[-1] - first[half])
    clump = np.searchsorted(first, number, side="right") - 1
    late = turns * (start[-1] - start[half])
    return np.asarray(start[clump] + (number - first[clump]) * min(PACKET_S, 0.5 / rate) + late)


@kernel
def _throttle(rate: float, packet_s: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The throttler (scanners.md, 2.3) -> first packet (C,) and start (C,) in seconds of each clump."""
    first, start = np.empty(CALLS, np.int64), np.empty(CALLS)
    stamps, counts = np.zeros(256), np.zeros(256, np.int64)
    now, sent, batch, calls, clumps = CLOCK_S, 0, 1.0, 0, 0
    while clumps < CALLS:
        stamps[calls % 256], counts[calls % 256] = now, sent
        calls += 1
        since = now - stamps[calls % 256]
        now += CALL_S
        if since > 1:
            batch = 1.0
            continue
        current = (sent - counts[calls % 256]) / max(since, CALL_S)
        if current > rate:
            batch *= 0.999
            now += min((current - rate) / rate * 0.1, 0.1) + SLEEP_S
            continue
        batch = min(batch * 1.005, 10_000.0)
        first[clumps], start[clumps] = sent, now - CLOCK_S
        clumps += 1
        now += max(1, int(batch)) * packet_s
        sent += max(1, int(batch))
    return first, start


SCANNER: Final = Scanner(
    blends=True,
    name="masscan",
    versions={"1.0": (1,), "1.3": (1, 3, 2), "head": (1, 3, 3)},
    view=_view,
    signatures=SIGNATURES,
    targets=targets,
    wear=_wear,
)
