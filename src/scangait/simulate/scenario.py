"""A scenario file (TOML): what a darknet sees of many scans and of noise, for days."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scangait.errors import ScannerError
from scangait.scanners.orders import scanner_of
from scangait.scanners.scanner import Scan, Scanner
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.telescope import Telescope, without

FIRST_SOURCE = 0xC6120001
"""198.18.0.1, of the block for benchmarks (RFC 2544)."""
KEYS = {
    "tool", "seed", "targets", "blocklist", "ports", "shard", "threads", "rate", "probes", "sources", "mode", "begin_s",
    "duration_s", "loss", "jitter_s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """One scan that is to be simulated, and what its path does to it."""

    scanner: Scanner
    scan: Scan
    loss: float = 0.0
    jitter_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A telescope, when it listens (`start_ns`, for `seconds`), the scans it sees, and noise in probes per second."""

    scope: Telescope
    start_ns: int
    seconds: float
    wishes: tuple[Wish, ...]
    noise: float


def scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises ScannerError and TelescopeError with the file's name and the scan's number."""
    try:
        words = tomllib.loads(path.read_text())
        scope = Telescope.of(words["telescope"])
        start_ns, seconds = int(words["start"].timestamp()) * 10**9, float(words["days"]) * 86400
        scans = list(words.get("scan", []))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScannerError(f"{path}: cannot be read: {error}") from error
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ScannerError(
            f'{path}: needs telescope = "PREFIXES", start = 2026-01-01T00:00:00Z and days = 30 ({error})'
        ) from error
    wishes = []
    for number, entry in enumerate(scans, 1):
        try:
            wishes.append(wish(entry, start_ns, seconds))
        except ScannerError as error:
            raise ScannerError(f"{path}, scan {number}: {error}") from error
    return Scenario(scope, start_ns, seconds, tuple(wishes), float(words.get("noise", 0.0)))


def wish(words: dict[str, Any], start_ns: int, seconds: float) -> Wish:
    """One scan from its words (`KEYS`; only `tool` is needed). Raises ScannerError for what cannot be."""
    unknown = set(words) - KEYS
    if unknown or "tool" not in words:
        raise ScannerError(f"a scan has the keys {', '.join(sorted(KEYS))}, and tool is needed; not {sorted(unknown)}")
    scanner, version = scanner_of(words["tool"])
    if words.get("mode", "") not in ("", *scanner.modes):
        raise ScannerError(f"{scanner.name} has no mode {words['mode']!r}; it has {scanner.modes or 'none'}")
    targets = Telescope.of(words.get("targets", "0.0.0.0/0"))
    blocked = words.get("blocklist") or ("0.0.0.0/32" if scanner.name == "zmap" else "255.255.255.255/32")
    shard, shards = shard_of(words.get("shard", "0/1"))
    begin = float(words.get("begin_s", 0))
    count = int(words.get("sources", 1))
    scan = Scan(
        version=version,
        targets=without(targets, Telescope.of(DEFAULT_BLOCKED if blocked == "default" else blocked)),
        ports=ports_of(str(words.get("ports", "80"))),
        seed=int(words.get("seed", 0)),
        shard=shard,
        shards=shards,
        threads=int(words.get("threads", 1)),
        rate=words.get("rate"),
        probes=int(words.get("probes", 1)),
        sources=tuple(FIRST_SOURCE + index for index in range(count)),
        mode=words.get("mode", ""),
        start_ns=start_ns + int(begin * 1e9),
        duration_s=min(float(words.get("duration_s", np.inf)), seconds - begin),
    )
    return Wish(scanner, scan, float(words.get("loss", 0.0)), float(words.get("jitter_s", 0.0)))


def ports_of(text: str) -> tuple[int, ...]:
    """Ports from "80" or "22,80,8000-8010", in that order. Raises ScannerError."""
    try:
        spans = [word.partition("-") for word in text.split(",")]
        ports = tuple(port for low, _, high in spans for port in range(int(low), int(high or low) + 1))
    except ValueError:
        raise ScannerError(f"ports {text!r}: write 80 or 22,80,8000-8010") from None
    if not ports or min(ports) < 0 or max(ports) > 65535:
        raise ScannerError(f"ports {text!r}: ports lie in 0..65535")
    return ports


def shard_of(text: str) -> tuple[int, int]:
    """Shard and shards from "0/3". Raises ScannerError."""
    own, _, total = text.partition("/")
    if not (own.isdigit() and total.isdigit() and int(own) < int(total)):
        raise ScannerError(f"shard {text!r}: write 0/3, 1/3 or 2/3 for the shards of three")
    return int(own), int(total)
