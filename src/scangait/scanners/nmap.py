"""Nmap raw SYN scan: order, pacing, header fields and marks (Nmap 7.93, captured; head of 2026-08, read)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.probes import Probes, concat, pack_options
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
TIMEOUT_S: Final = {"": 1.001, "T4": 0.501, "randomize-hosts": 1.001}
PASSED_OVER: Final = 2
"""Hosts that each burst passes over until a later round (captured)."""
SHUFFLED: Final = 16384
"""Hosts that --randomize-hosts shuffles together."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Group after group; what a group costs in time is the same for all of them, since nothing answers."""
    inside = within(scan, scope)
    place = position(scan.targets, address(inside, np.arange(inside.size)))
    size = max(1024 // len(scan.ports), 64)
    seconds = _schedule(size, scan)
    base, lasts = 33000 + int(rng.integers(32261)), seconds.max() + TIMEOUT_S[scan.mode]
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


def _shuffled(batch: int, scan: Scan, rng: Generator) -> NDArray[np.int64]:
    """The positions of one batch of --randomize-hosts, in its order."""
    return batch * SHUFFLED + rng.permutation(min(SHUFFLED, scan.targets.size - batch * SHUFFLED))


def _schedule(size: int, scan: Scan) -> NDArray[np.float64]:
    """Seconds (size, ports, probes) from the start of a group, by order in the group.

    With a rate (--min-rate) evenly; without, ten hosts for each timeout, round after round. Several ports follow one
    another strictly here; the program begins the next port before the last hosts of the first are done.
    """
    ports, wait = len(scan.ports), TIMEOUT_S[scan.mode]
    again = np.arange(scan.probes) * wait
    if scan.rate:
        first = np.arange(size * ports).reshape(ports, size).T * scan.probes / scan.rate
        return np.asarray(first[:, :, None] + again)
    order: list[int] = []
    start: list[int] = []
    left, at, rounds = list(range(size)), 0, 0
    while left:
        burst = [left[(at + turn) % len(left)] for turn in range(min(BURST, len(left)))]
        start += [rounds] * len(burst)
        rounds += 1
        order += burst
        after = (at + len(burst) + PASSED_OVER * scan.probes) % len(left)
        upcoming = left[after]
        left = [host for host in left if host not in set(burst)]
        at = next((i for i, host in enumerate(left) if host >= upcoming), 0)
    first = np.empty(size)
    first[order] = np.array(start) * wait * scan.probes
    lasts = first.max() + wait * scan.probes
    return np.asarray(first[:, None, None] + np.arange(ports)[:, None] * lasts + again)


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


SCANNER: Final = Scanner(
    name="nmap", versions={"7": (0,)}, view=_view, signatures=SIGNATURES, modes=("", "T4", "randomize-hosts")
)
