"""ZMap: pacing, header fields and marks by version (sources v1.0 to v4.3.4; captures of 2.1.1, 3.0.0 and 4.3.4)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scangait.probes import TCP, Probes, concat, pack_options
from scangait.scanners.aes import encrypt_blocks
from scangait.scanners.scanner import Scan, Scanner, Signature, packets
from scangait.scanners.zmap_order import seen, targets
from scangait.telescope import Telescope

FIXED_ID: Final = 54321
WINDOW: Final = 65535
FIRST_PORT: Final = 32768
LAST_PORT: Final = 61000
ID_CHANCE: Final = 2.0**-16
PORT_CHANCE: Final = (LAST_PORT - FIRST_PORT + 1) / 2**16
WINDOWS: Final = (2, 1, 3, 1, 1, 4)
OPTIONS: Final[dict[str, tuple[int, ...]]] = {"2.1": (), "3.0": (2,), "4.0": (2,), "4.3": WINDOWS}
WINDOWS_OPTIONS: Final = pack_options(WINDOWS)
OPTION_CHANCE: Final = 2.0**-12
"""Generous guess at how often an unrelated stack sends just these options without DF and with this window."""


def _old(probes: Probes, length: int) -> NDArray[np.bool_]:
    if probes.ip_id is None or probes.window is None or probes.length is None:
        return np.zeros(len(probes), np.bool_)
    fixed = (probes.ip_id == FIXED_ID) & (probes.window == WINDOW) & (probes.length == length)
    return np.asarray(fixed & (probes.proto == TCP), np.bool_)


def _version_2(probes: Probes) -> NDArray[np.bool_]:
    return _old(probes, 40)


def _version_3(probes: Probes) -> NDArray[np.bool_]:
    return _old(probes, 44)


def _version_4(probes: Probes) -> NDArray[np.bool_]:
    """Windows-like options without DF, from 4.1 on."""
    if probes.options is None or probes.window is None or probes.df is None or probes.ttl is None:
        return np.zeros(len(probes), np.bool_)
    stack = (probes.options == WINDOWS_OPTIONS) & (probes.window == WINDOW) & ~probes.df & (probes.ttl <= 64)
    return np.asarray(stack & (probes.sport >= FIRST_PORT) & (probes.sport <= LAST_PORT), np.bool_)


SIGNATURES: Final = (
    Signature("<=2.1", "IP id 54321, window 65535, no options: ZMap up to 2.1", ID_CHANCE * 2.0**-16, _version_2),
    Signature("3.0/4.0", "IP id 54321, window 65535, MSS only: ZMap 3.0 or 4.0", ID_CHANCE * 2.0**-16, _version_3),
    Signature(
        ">=4.1",
        "window 65535, Windows-like options without DF, TTL at most 64, source port 32768-61000: ZMap from 4.1",
        PORT_CHANCE * OPTION_CHANCE,
        _version_4,
    ),
)
DEFAULT_RATE: Final = 10_000
BATCH: Final = 64
BACK_TO_BACK_S: Final = 2.5e-6
"""Between packets of one batch: the median of the capture of 4.3.4."""
SLOW: Final = (0.004, 0.026)
"""Its mean rate lies this much under the wanted one (captures of 2.1.1, 3.0.0 and 4.3.4 at 400 to 150,000/s)."""
LATE: Final = (0.2, 0.4)
"""A fifth of the packets leave late, by 0.4 packet times on the mean; the next catches up (captured)."""


def _view(scan: Scan, scope: Telescope, rng: Generator) -> Probes:
    """Each thread keeps its own time at its share of the rate."""
    run = rng.bytes(16), int(rng.integers(len(scan.sources)))
    return concat([_thread(scan, scope, thread, run, rng) for thread in range(scan.threads)])


def _thread(scan: Scan, scope: Telescope, thread: int, run: tuple[bytes, int], rng: Generator) -> Probes:
    rate = (scan.rate or DEFAULT_RATE) / scan.threads
    hits = seen(scan, scope, scan.duration_s * rate / scan.probes, thread)
    copy = np.tile(np.arange(scan.probes), len(hits.dst))
    dst, dport = np.repeat(hits.dst, scan.probes), np.repeat(hits.dport, scan.probes)
    seconds = _seconds(np.repeat(hits.number, scan.probes) * scan.probes + copy, rate, scan.version, rng)
    return _packets(scan, seconds, dst, dport, copy, run)


def _wear(scan: Scan, seconds: NDArray[np.float64], dst: NDArray[np.uint32], rng: Generator) -> Probes:
    dport = np.full(len(dst), scan.ports[0], np.uint16)
    return _packets(scan, seconds, dst, dport, np.zeros(len(dst), np.int64), (rng.bytes(16), 0))


def _packets(
    scan: Scan,
    seconds: NDArray[np.float64],
    dst: NDArray[np.uint32],
    dport: NDArray[np.uint16],
    copy: NDArray[np.int64],
    run: tuple[bytes, int],
) -> Probes:
    """The header fields of one run, whose AES key and shift of the source pool are `run`."""
    key, shift = run
    pool = np.array(scan.sources, np.uint32)
    src = pool[(dst.astype(np.int64) + (shift if scan.version in {"2.1", "3.0"} else 0)) % len(pool)]
    words = _words(key, src, dst, dport if scan.version in {"4.0", "4.3"} else np.zeros_like(dport))
    return packets(
        scan,
        seconds,
        dst,
        dport,
        src=src,
        sport=FIRST_PORT + (words[:, 1] % (LAST_PORT - FIRST_PORT + 1) + copy) % (LAST_PORT - FIRST_PORT + 1),
        ip_id=words[:, 3] & 0xFFFF if scan.version == "4.3" else FIXED_ID,
        ttl=64 if scan.version == "4.3" else 255,
        window=WINDOW,
        seq=words[:, 0],
        options=OPTIONS[scan.version],
        mss=0 if scan.version == "2.1" else 1460,
    )


def _seconds(number: NDArray[np.int64], rate: float, version: str, rng: Generator) -> NDArray[np.float64]:
    """One by one, some late; from 4.1 in batches that leave at once."""
    pace = rate * (1 - rng.uniform(*SLOW))
    share, mean = LATE
    late = np.where(rng.random(len(number)) < share, rng.exponential(mean, len(number)), 0) / pace
    if version != "4.3":
        return np.asarray(number / pace + late)
    between = min(BACK_TO_BACK_S, 1 / pace)
    return np.asarray(number // BATCH * BATCH / pace + number % BATCH * between)


def _words(
    key: bytes, src: NDArray[np.uint32], dst: NDArray[np.uint32], dport: NDArray[np.uint16]
) -> NDArray[np.int64]:
    """The four words (N, 4) of AES over (src, dst, dport, 0), addresses as they lie on the wire."""
    plain = np.zeros((len(dst), 4), np.uint32)
    plain[:, 0], plain[:, 1], plain[:, 2] = src.byteswap(), dst.byteswap(), dport
    return encrypt_blocks(key, plain.view(np.uint8)).view(np.uint32).astype(np.int64)


SCANNER: Final = Scanner(
    blends=True,
    name="zmap",
    versions={"2.1": (1,), "3.0": (3,), "4.0": (4,), "4.3": (4, 1)},
    view=_view,
    signatures=SIGNATURES,
    targets=targets,
    wear=_wear,
)
