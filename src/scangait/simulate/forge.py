"""Forgery: the header fields of one tool on the probes of another; simulated data."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from scangait.errors import ScannerError
from scangait.probes import Probes
from scangait.scanners.scanner import Scan, Scanner
from scangait.telescope import Telescope

EVERYTHING = Telescope.ranges([(0, 2**32 - 1)])


def worn(probes: Probes, scanner: Scanner, rng: Generator, version: str = "") -> Probes:
    """The same probes (of one source and port) with the header fields of `scanner`; times, ends and labels stay.

    `version` is the newest where none is given. Raises ScannerError for a tool without header marks of its own.
    """
    if scanner.wear is None or not len(probes):
        raise ScannerError(f"{scanner.name} has no header fields of its own to put on {len(probes)} probes")
    assert EVERYTHING is not None
    scan = Scan(
        version=version or list(scanner.versions)[-1],
        targets=EVERYTHING,
        ports=(int(probes.dport[0]),),
        seed=int(rng.integers(1, 2**32)),
        sources=(int(probes.src[0]),),
        start_ns=int(probes.time_ns[0]),
    )
    dressed = scanner.wear(scan, (probes.time_ns - probes.time_ns[0]) / 1e9, probes.dst, rng)
    return replace(dressed, time_ns=probes.time_ns, label=probes.label)
