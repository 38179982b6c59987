"""Nmap raw SYN scan: order, pacing, header fields and marks (Nmap 7.93, captured; head of 2026-08, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.probes import Probes, concat, pack_options
from scangait.scanners.nmap_random import state_of, step_of
from scangait.scanners.scanner import Scan, Scanner, Signature, packets, within
from scangait.telescope import Telescope, address, position

MSS_ONLY: Final = pack_options([2])
WINDOW: Final = 1024
MSS: Final = 1460
LOWEST_TTL: Final = 20
"""Probes leave with 37..59 and lose some hops."""
HIGHEST_TTL: Final = 59


def _raw_syn(probes: Probes) -> NDArray[np.bool_]:
    """Its raw packet; the sequence number, the same all through a host group, tells runs apart, not tools."""
    if probes.window is None or probes.mss is None or probes.options is None or probes.ttl is None or probes.df is None:
        return np.zeros(len(probes), np.bool_)
    shape = (probes.window == WINDOW) & (probes.mss == MSS) & (probes.options == MSS_ONLY) & ~probes.df
    return np.asarray(shape & (probes.ttl >= LOWEST_TTL) & (probes.ttl <= HIGHEST_TTL), np.bool_)


SIGNATURES: Final = (
    Signature(
        "any",
        "window 1024, MSS 1460 as the only option, no DF, TTL 20 to 59: Nmap",
        2.0**-16 * (HIGHEST_TTL - LOWEST_TTL + 1) / 256,
        _raw_syn,
    ),
)
BURST: Final = 10
"""Without an answer its window stays at 10 probes for each timeout (captured at -T3 and -T4)."""
TIMEOUT_S: Final = {"": 1.001, "T4": 0.501, "randomize-hosts": 1.001, "iR": 1.001}
PASSED_OVER: Final = 2
"""Hosts that each burst passes over until a later round (captured)."""
TICK_S: Final = 2.3e-3
PACKET_S: Final = 6e-6
START_S: Final = 8e-3
BETWEEN_S: Final = 0.05
"""Under --min-rate it sends every 2.3 ms, and 8 ms' worth at once first; groups lie 50 ms apart (captured)."""
SHUFFLED: Final = 16384
"""Hosts that --randomize-hosts shuffles together."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Group after group; what a group costs in time is the same for all of them, since nothing answers."""
    inside = within(scan, scope)
    if scan.mode == "iR":
        return _random_view(scan, inside, rng)
    place = position(scan.targets, address(inside, np.arange(inside.size)))
    size = max(1024 // len(scan.ports), 64)
    seconds = _schedule(size, scan)
    base, lasts = 33000 + int(rng.integers(32261)), seconds.max() + TIMEOUT_S[scan.mode] + BETWEEN_S
    if scan.mode == "randomize-hosts":
        batches = {int(batch): _shuffled(int(batch), scan, rng) for batch in np.unique(place // SHUFFLED)}
        hosts = np.concatenate(list(batches.values()))
        group = np.concatenate([index * SHUFFLED // size + np.arange(len(b)) // size for index, b in batches.items()])
    else:
        group = np.unique(place // size)
        hosts = (group[:, None] * size + np.arange(size)).ravel()
        group = np.repeat(group, size)[hosts < scan.targets.size]
        hosts = hosts[hosts < scan.targets.size]
    parts = []
    for own in np.unique(group):
        dst = address(scan.targets, hosts[group == own])
        dst = np.roll(
            dst[np.argsort(dst.byteswap(), kind="stable")], -1
        )  # last octet counts most; the first comes last
        seen = np.flatnonzero(position(inside, dst) >= 0)
        if own * lasts < scan.duration_s:
            parts.append(_group(scan, own * lasts + seconds[seen], dst[seen], base + 256 * int(own), rng))
    return concat(parts)


def _random_view(scan: Scan, inside: Telescope, rng: Generator) -> Probes:
    """-iR: hosts without repeats, sorted inside groups; where in its group a host comes is its expected place."""
    dst = address(inside, np.arange(inside.size))
    start, *keys = (int(word) for word in rng.integers(0, 2**32, 4))
    place = (step_of(state_of(dst, (keys[0], keys[1], keys[2])), start) * (scan.targets.size / 2**32)).astype(np.int64)
    size = max(1024 // len(scan.ports), 64)
    schedule = _schedule(size, scan)
    lasts = schedule.max() + TIMEOUT_S[scan.mode] + BETWEEN_S
    rank = (dst.byteswap().astype(np.int64) * size) >> 32
    base, parts = 33000 + int(rng.integers(32261)), []
    for own in np.unique(place // size)[: int(min(scan.duration_s / lasts + 1, inside.size))]:
        mine = np.flatnonzero(place // size == own)
        parts.append(_group(scan, own * lasts + schedule[rank[mine]], dst[mine], base + 256 * int(own), rng))
    return concat(parts)


def _shuffled(batch: int, scan: Scan, rng: Generator) -> NDArray[np.int64]:
    """The positions of one batch of --randomize-hosts, in its order."""
    return batch * SHUFFLED + rng.permutation(min(SHUFFLED, scan.targets.size - batch * SHUFFLED))


def _schedule(size: int, scan: Scan) -> NDArray[np.float64]:
    """Seconds (size, ports, probes) from the start of a group, by order in the group, when nothing answers.

    Several ports follow one another strictly here; the program begins the next before the last hosts are done.
    """
    wait, ports = TIMEOUT_S[scan.mode], len(scan.ports)
    first, left, at = np.zeros(size), list(range(size)), 0
    sent, ticks, now = 0, 0, 0.0
    while left:
        if scan.rate:  # --min-rate: at every tick what it asks for
            now = ticks * TICK_S
            count = max(0, int(max(BURST, scan.rate * START_S) + scan.rate / scan.probes * now) - sent)
        else:
            now, count = ticks * wait * scan.probes, BURST
        turned = left[at:] + left[:at]
        first[turned[:count]] = now + np.arange(len(turned[:count])) * PACKET_S
        left, sent, ticks = turned[count:], sent + count, ticks + 1
        at = PASSED_OVER % len(left) if left else 0
    whole = first.max() + wait * scan.probes + BETWEEN_S
    return np.asarray(first[:, None, None] + np.arange(ports)[:, None] * whole + np.arange(scan.probes) * wait)


def _group(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], base: int, rng: Generator) -> Probes:
    """The packets of one group's (N,) hosts at `seconds` (N, ports, probes), all under one mask and base."""
    shape = seconds.shape
    code = 2 * np.broadcast_to(np.arange(shape[2]), shape).ravel()
    host = np.broadcast_to(dst[:, None, None], shape).ravel()
    port = np.broadcast_to(np.array(scan.ports, np.uint16)[None, :, None], shape).ravel()
    when = seconds.ravel()
    kept = when < scan.duration_s
    count = int(kept.sum())
    return packets(
        scan,
        when[kept],
        host[kept],
        port[kept],
        sport=33000 + (base - 33000 + code[kept]) % 32536,
        ip_id=rng.integers(0, 2**16, count),
        ttl=rng.integers(37, 60, count),
        window=WINDOW,
        seq=np.uint32(rng.integers(2**32)) ^ (code[kept] * 0x10001).astype(np.uint32),
        options=(2,),
        mss=MSS,
    )


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    return _group(scan, seconds[:, None, None], dst, 33000 + int(rng.integers(32261)), rng)


SCANNER: Final = Scanner(
    name="nmap",
    versions={"7": (0,)},
    view=_view,
    signatures=SIGNATURES,
    modes=("", "T4", "randomize-hosts", "iR"),
    wear=_wear,
)
