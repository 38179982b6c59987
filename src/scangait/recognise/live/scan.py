"""What is remembered of a stream about which something can be said, beside its probes."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from scangait.gait.samples import NANOSECOND
from scangait.recognise.results import Verdict

COUNTED: Final = 1 << 22
"""Telescopes up to this size have their addresses counted one by one in streams that are too long to be kept."""


class Said(msgspec.Struct):
    """What was said of one scan: its last `verdict`, after how many probes it was named (0: it was not), whether it was
    `opened`, in how many successive `looks` it was there, and whether it was `compared` with the other open scans.
    """

    verdict: Verdict
    needed: int = 0
    opened: bool = False
    looks: int = 0
    compared: bool = False


class Stream(msgspec.Struct):
    """One stream: what was `said` of each scan in it by identity, and when it is to be looked at again.

    `seen` are the positions that probes beyond those that are kept went to, packed bits.
    """

    key: int
    said: dict[str, Said] = {}
    wake_ns: int = 0
    seen: bytes = b""


class Event(msgspec.Struct, frozen=True):
    """One thing to say: a scan is `opened`, `changed` or `closed`.

    `time_ns` is the clock of the capture, `needed` the probes it took until the tool was named. `early` says of a
    closed one that it had to go for lack of memory, `withdrawn` that its probes turned out to belong to other scans,
    `quiet` that it is no news: it was short and is over, and no tool was named with enough confidence.
    """

    kind: Literal["opened", "changed", "closed"]
    verdict: Verdict
    time_ns: int
    needed: int
    early: bool = False
    withdrawn: bool = False
    quiet: bool = False


def marked(stream: Stream, place: NDArray[np.int64], size: int) -> None:
    """Note the positions (N,) of probes that are not kept."""
    if size > COUNTED:
        return
    bits = np.frombuffer(stream.seen, np.uint8) if stream.seen else np.zeros(-(-size // 8), np.uint8)
    seen = bits.copy()
    np.bitwise_or.at(seen, place >> 3, (1 << (place & 7)).astype(np.uint8))
    stream.seen = seen.tobytes()


def lengthened(
    verdict: Verdict, stream: Stream, more: int, last_ns: int, kept: NDArray[np.int64], size: int
) -> Verdict:
    """The verdict on the first probes of a long scan with the facts of all: `more` came, the last at `last_ns`.

    `kept` are the positions of its first probes.
    """
    addresses = verdict.addresses
    if stream.seen:
        seen = np.unpackbits(np.frombuffer(stream.seen, np.uint8), count=size, bitorder="little").astype(np.bool_)
        seen[kept] = True
        addresses = int(seen.sum())
    probes = verdict.probes + more
    rate = (probes - 1) / max((last_ns - verdict.first_ns) * NANOSECOND, NANOSECOND)
    return replace(
        verdict, probes=probes, last_ns=last_ns, addresses=addresses, coverage=addresses / size, rate=rate,
        internet_rate=rate * 2**32 / size,
    )  # fmt: skip
