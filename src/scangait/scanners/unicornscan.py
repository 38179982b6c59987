"""Unicornscan: order, pacing, header fields and marks (0.4.7 and the 0.4.52 fork, read)."""

from __future__ import annotations

import ipaddress
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.probes import TCP, Probes, concat
from scangait.scanners.scanner import Scan, Scanner, Signature, packets, within
from scangait.telescope import Telescope, address, both

SHARED: Final = 0.2
"""Share of a source's probes that bears the key of one run."""
LAST: Final = np.uint64(2**16 - 1)
"""The last bits of a key."""


def keys(probes: Probes) -> NDArray[np.uint32]:
    """The key of each probe (N,) if Unicornscan sent it: seq ^ dst in memory order ^ (dport << 16) + sport.

    Raises ValueError without sequence numbers.
    """
    if probes.seq is None:
        raise ValueError("probes have no sequence numbers")
    ports = (probes.dport.astype(np.uint32) << np.uint32(16)) + probes.sport
    return probes.seq ^ probes.dst.byteswap() ^ ports


def _constant_key(probes: Probes) -> NDArray[np.bool_]:
    """A good part of one source's probes share the key: pairs of Nmap's do so too, a first try with a second one."""
    found = np.zeros(len(probes), np.bool_)
    if probes.seq is None:
        return found
    pair = probes.src.astype(np.uint64) << np.uint64(32) | keys(probes)
    pairs, sources = np.sort(pair), np.sort(probes.src)
    again = np.unique(pairs[1:][pairs[1:] == pairs[:-1]])
    if len(again):  # few probes share theirs, and only those are counted: the last bits tell most others from them
        seen = np.zeros(int(LAST) + 1, np.bool_)
        seen[again & LAST] = True
        own = np.flatnonzero(seen[pair & LAST])
        own = own[again[np.searchsorted(again[:-1], pair[own])] == pair[own]]
        enough = np.maximum(2, SHARED * _times(probes.src[own], sources))
        found[own] = (_times(pair[own], pairs) >= enough) & (probes.proto[own] == TCP)
    return found


def _times(values: NDArray[np.unsignedinteger], ascending: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """How often each of `values` (N,) comes in an ascending column (M,)."""
    first, last = (np.searchsorted(ascending, values, side) for side in ("left", "right"))
    return np.asarray(last - first)


SIGNATURES: Final = (
    Signature(
        "0.4",
        "sequence ^ destination ^ ports is one key for much of what the source sends: Unicornscan",
        2.0**-24,  # 2**-32 for each pair of one source's probes; a source rarely sends more than a few hundred
        _constant_key,
    ),
)
DEFAULT_RATE: Final = 250.0


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Prefix after prefix; in each, port after port; in each, addresses counted up and XORed with a constant."""
    within(scan, scope)
    rate = scan.rate or DEFAULT_RATE
    key, ports = int(rng.integers(2**32)), rng.permutation(np.array(scan.ports, np.uint16))
    passed, parts = 0, []
    for word in str(scan.targets).split(","):
        prefix = ipaddress.IPv4Network(word)
        inside = both(scope, Telescope.of(word))
        dst = address(inside, np.arange(inside.size)) if inside else np.empty(0, np.uint32)
        for port in ports:
            mix = int(rng.integers(prefix.num_addresses))
            number = passed + ((dst.astype(np.int64) - int(prefix[0])) ^ mix)
            parts.append(_pass(scan, number / rate, dst, port, key, rng))
            passed += prefix.num_addresses
    return concat(parts)


def _pass(
    scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], port: np.uint16, key: int, rng: Generator
) -> Probes:
    kept = seconds < scan.duration_s
    dst, sport = dst[kept], rng.integers(1024, 65535, int(kept.sum()))
    ports = (np.uint32(port) << np.uint32(16)) + sport.astype(np.uint32)
    return packets(
        scan,
        seconds[kept],
        dst,
        np.full(len(dst), port),
        sport=sport,
        ip_id=rng.integers(0, 2**16, len(dst)),
        ttl=255,
        window=4128,
        seq=np.uint32(key) ^ dst.byteswap() ^ ports,
        options=(2,),
        mss=1460,
    )


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    return _pass(scan, seconds, dst, np.uint16(scan.ports[0]), int(rng.integers(2**32)), rng)


SCANNER: Final = Scanner(name="unicornscan", versions={"0.4": (0,)}, view=_view, signatures=SIGNATURES, wear=_wear)
