"""pcap: 24 bytes of file header, then records (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.headers import LINKS, UNREADABLE, Bytes, Rows, frame
from scangait.capture.words import word32
from scangait.errors import CaptureError
from scangait.kernel import kernel

MAGIC: Final = {
    b"\xd4\xc3\xb2\xa1": (False, 1000),
    b"\xa1\xb2\xc3\xd4": (True, 1000),
    b"\x4d\x3c\xb2\xa1": (False, 1),
    b"\xa1\xb2\x3c\x4d": (True, 1),
}
"""First four bytes -> (big-endian, nanoseconds per tick)."""
HEADER: Final = 24
RECORD: Final = 16
LONGEST: Final = 262_144
"""No capture program writes longer packets (tcpdump's own limit); a longer length is damage."""


class Pcap:
    """The state of one pcap file: byte order, tick and link type. Raises CaptureError for an unknown link type."""

    def __init__(self, head: bytes, name: str) -> None:
        self.big, self.tick_ns = MAGIC[head[:4]]
        order = "big" if self.big else "little"
        self.link = int.from_bytes(head[20:24], order) & 0x0FFFFFFF
        if self.link not in LINKS:
            known = ", ".join(map(str, sorted(LINKS)))
            raise CaptureError(f"{name}: link type {self.link} is not known; convert it to Ethernet (known: {known})")

    def parse(self, buf: Bytes, out: Rows, counts: NDArray[np.int64]) -> tuple[int, int, bool]:
        """Read whole records from buf into out: (bytes used, probes found, whether a length makes no sense)."""
        used, found, broken = _records(buf, self.big, self.tick_ns, self.link, out, counts)
        return int(used), int(found), bool(broken)


@kernel
def _records(
    buf: Bytes, big: bool, tick_ns: int, link: int, out: Rows, counts: NDArray[np.int64]
) -> tuple[int, int, bool]:
    """Read whole records; probes become rows, every packet is counted by kind.

    buf (B,), out (N,) with room for every record, counts (kinds,) -> used, found, broken
    """
    at, row = np.int64(0), np.int64(0)
    while at + RECORD <= len(buf):
        size = word32(buf, at + 8, big)
        if size > LONGEST:
            counts[UNREADABLE] += 1
            return at, row, True
        if at + RECORD + size > len(buf):
            break
        kind = frame(buf, at + RECORD, at + RECORD + size, link, out, row)
        counts[kind] += 1
        if kind == 0:
            out[row].time_ns = word32(buf, at, big) * 1_000_000_000 + word32(buf, at + 4, big) * tick_ns
            row += 1
        at += RECORD + size
    return at, row, False
