"""What a telescope sees of a simulated scan: the tool's packets, and what a path does to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from scangait.errors import ScannerError
from scangait.probes import TCP, Probes, concat, in_time_order, labelled, pack_options, take
from scangait.scanners.scanner import Scan, Scanner
from scangait.telescope import Telescope, address

OPTION_SETS = tuple(pack_options(kinds) for kinds in ((), (2,), (2, 4, 8, 1, 3), (2, 1, 3, 1, 1, 4)))
LENGTHS = (40, 44, 60, 52)
"""What background noise wears: as tools and common systems do, drawn without regard to the other fields."""


def simulate(
    scanner: Scanner, scan: Scan, scope: Telescope, rng: Generator, *, loss: float = 0.0, jitter_s: float = 0.0
) -> Probes:
    """The probes of one scan in time order, labelled with the tool's name; simulated data.

    Each is lost with chance `loss`, and late by an exponential time of mean `jitter_s` seconds. Raises ScannerError for
    a rate, loss or shard that cannot be, and where the scan never probes the telescope.
    """
    _check(scan, loss, jitter_s)
    probes = scanner.view(scan, scope, rng)
    probes = take(probes, probes.time_ns < scan.start_ns + min(scan.duration_s, 1e9) * 1e9)
    probes = take(probes, rng.random(len(probes)) >= loss)
    late_ns = np.rint(rng.exponential(jitter_s, len(probes)) * 1e9).astype(np.int64)
    probes = in_time_order(replace(probes, time_ns=probes.time_ns + late_ns))
    return labelled(probes, np.full(len(probes), scanner.name))


def noise(scope: Telescope, per_second: float, seconds: float, start_ns: int, rng: Generator) -> Probes:
    """Background: SYN whose addresses, ports and header fields are uniformly random, labelled ""; simulated data."""
    count = int(rng.poisson(per_second * seconds))

    def word(bits: int) -> np.ndarray:
        return rng.integers(0, 2**bits, count, np.uint64)

    kind = rng.integers(0, len(OPTION_SETS), count)
    options = np.array(OPTION_SETS, np.uint64)[kind]
    return Probes(
        time_ns=start_ns + np.sort((rng.random(count) * seconds * 1e9).astype(np.int64)),
        src=word(32).astype(np.uint32),
        dst=address(scope, rng.integers(0, scope.size, count)),
        sport=word(16).astype(np.uint16),
        dport=word(16).astype(np.uint16),
        proto=np.full(count, TCP, np.uint8),
        ip_id=word(16).astype(np.uint16),
        ttl=word(8).astype(np.uint8),
        length=np.array(LENGTHS, np.uint16)[kind],
        df=word(1).astype(np.bool_),
        window=word(16).astype(np.uint16),
        seq=word(32).astype(np.uint32),
        mss=np.where(options == 0, 0, 1460).astype(np.uint16),
        options=options,
        label=np.full(count, ""),
    )


def mixed(parts: Iterable[Probes]) -> Probes:
    """Several scans and noise as one telescope sees them: all probes in time order."""
    return in_time_order(concat(parts))


def _check(scan: Scan, loss: float, jitter_s: float) -> None:
    if scan.rate is not None and not scan.rate > 0:
        raise ScannerError(f"a rate of {scan.rate:g} packets per second sends nothing; give one above 0")
    if not 0 <= loss < 1 or jitter_s < 0:
        raise ScannerError(f"loss {loss:g}, jitter {jitter_s:g} s: loss must lie in 0..1, jitter be 0 or more")
    if not 0 <= scan.shard < scan.shards:
        raise ScannerError(f"shard {scan.shard}/{scan.shards}: shards count from 0, so 0/4 to 3/4 for four")
    if scan.duration_s <= 0 or scan.probes < 1 or scan.threads < 1:
        raise ScannerError("duration, probes and threads must be above 0")
