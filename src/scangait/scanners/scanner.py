"""What is known of a scanner: how a run is started, what a telescope sees of it, and its marks in headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.errors import ScannerError
from scangait.probes import TCP, Probes, pack_options
from scangait.telescope import Telescope, address, both

OPTION_BYTES: Final = {0: 1, 1: 1, 2: 4, 3: 3, 4: 2, 8: 10}
"""Bytes of a TCP option by kind (RFC 9293, 7323, 2018)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One run of one tool, as its user starts it.

    `version` is a version class of the tool, `targets` are the addresses it may probe (after its block list). Shards
    count from 0; `threads` share a shard. `rate` is in packets per second for the shard, None for the tool's own way;
    each target gets `probes` packets (ZMap's -P, Masscan's and Nmap's retries + 1). `sources` are the sender's
    addresses, `mode` is a way of running that only this tool has. It stops after `duration_s`.
    """

    version: str
    targets: Telescope
    ports: tuple[int, ...]
    seed: int = 0
    shard: int = 0
    shards: int = 1
    threads: int = 1
    rate: float | None = None
    probes: int = 1
    sources: tuple[int, ...] = (0xC6120001,)
    mode: str = ""
    start_ns: int = 1_767_225_600_000_000_000
    duration_s: float = inf


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
    """One tool, read in both directions: `view` writes the headers that `signatures` recognise.

    `versions` are its classes that behave alike and the first release of each, oldest first. `view` gives the packets
    of a scan that a telescope sees, as sent, in any order. `targets` walks the (address, port) pairs of one thread, for
    a tool with a defined order. `modes` are its ways of running. `modelled` says of a tool whose source is not public
    what its model is made from. `permutes` is True of a tool that gives each address its turn before any comes
    again, `blends` of one whose scans of the whole Internet move as chance does when a small telescope sees them.
    `wear` gives packets to addresses (N,) at seconds (N,) the tool's header fields, on the scan's first port.
    """

    name: str
    versions: dict[str, tuple[int, ...]]
    view: Callable[[Scan, Telescope, Generator], Probes]
    signatures: tuple[Signature, ...] = ()
    targets: Callable[[Scan, int], Iterator[tuple[int, int]]] | None = None
    modes: tuple[str, ...] = ()
    modelled: str = ""
    permutes: bool = True
    blends: bool = False
    wear: Callable[[Scan, NDArray[np.float64], NDArray[np.uint32], Generator], Probes] | None = None


def packets(
    scan: Scan,
    seconds: NDArray[np.float64],
    dst: NDArray[np.uint32],
    dport: NDArray[np.uint16],
    *,
    options: tuple[int, ...] = (),
    mss: int = 0,
    **fields: Any,
) -> Probes:
    """N TCP SYN sent `seconds` (N,) after the scan's start.

    The other header fields (src, sport, ip_id, ttl, window, seq, df) are columns (N,) or one value for all; `options`
    are the TCP option kinds in order.
    """
    count = len(dst)
    length = 40 + -(-sum(OPTION_BYTES[kind] for kind in options) // 4) * 4

    def column(value: Any, kind: type) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(value), count).astype(kind)

    return Probes(
        time_ns=scan.start_ns + np.rint(seconds * 1e9).astype(np.int64),
        src=column(fields.get("src", scan.sources[0]), np.uint32),
        dst=dst.astype(np.uint32),
        sport=column(fields["sport"], np.uint16),
        dport=dport.astype(np.uint16),
        proto=column(TCP, np.uint8),
        ip_id=column(fields["ip_id"], np.uint16),
        ttl=column(fields["ttl"], np.uint8),
        length=column(length, np.uint16),
        df=column(fields.get("df", False), np.bool_),
        window=column(fields["window"], np.uint16),
        seq=column(fields["seq"], np.uint32),
        mss=column(mss, np.uint16),
        options=column(pack_options(options), np.uint64),
    )


def within(scan: Scan, scope: Telescope) -> Telescope:
    """The part of the telescope that the scan may probe. Raises ScannerError where there is none."""
    inside = both(scope, scan.targets)
    if inside is None:
        raise ScannerError(f"the scan never probes {scope}: none of it is among its targets (or all of it is blocked)")
    return inside


def uniform(scan: Scan, scope: Telescope, rate: float, rng: Generator) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """What a telescope sees of draws with replacement: which packets (N,) of the scan hit it, in order, and where (N,).

    Raises ScannerError for a scan without an end.
    """
    inside, sent = within(scan, scope), ending(scan) * rate
    hits = rng.binomial(max(int(sent), 1), inside.size / scan.targets.size)
    number = np.sort(rng.integers(0, max(int(sent), 1), hits))
    return number, address(inside, rng.integers(0, inside.size, hits))


def ending(scan: Scan) -> float:
    """The duration in seconds. Raises ScannerError where there is none and the tool never stops by itself."""
    if scan.duration_s == inf:
        raise ScannerError("this tool never stops by itself; give a duration")
    return scan.duration_s
