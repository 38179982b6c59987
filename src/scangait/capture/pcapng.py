"""pcapng: sections of blocks, several interfaces with clocks of their own (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.headers import LINKS, UNREADABLE, UNTIMED, Bytes, Rows, frame
from scangait.capture.words import word16, word32
from scangait.kernel import kernel

SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
OLD_PACKET: Final = 2
SIMPLE: Final = 3
ENHANCED: Final = 6
LONGEST: Final = 16_777_216
UNKNOWN_LINK: Final = -1
NANOSECONDS: Final = 1_000_000_000


class Pcapng:
    """The state of one pcapng file: byte order of the section, and each interface's link type and clock."""

    def __init__(self, head: bytes, name: str) -> None:
        self.name = name
        self.big = head[8:12] == b"\x1a\x2b\x3c\x4d"
        self.interfaces = np.empty((0, 4), np.int64)

    def parse(self, buf: Bytes, out: Rows, counts: NDArray[np.int64]) -> tuple[int, int, bool]:
        """Read whole blocks from buf into out: (bytes used, probes found, whether a length makes no sense)."""
        used = found = 0
        while True:
            at, row, state = _blocks(buf[used:], self.big, self.interfaces, out, found, counts)
            used, found = used + int(at), int(row)
            if state not in (SECTION, INTERFACE):
                return used, found, bool(state)
            used += self._describe(bytes(buf[used : used + 12]), buf, used, state)

    def _describe(self, head: bytes, buf: Bytes, at: int, kind: int) -> int:
        """Take in a section header or an interface description; its length."""
        if kind == SECTION:
            self.big = head[8:12] == b"\x1a\x2b\x3c\x4d"
            self.interfaces = np.empty((0, 4), np.int64)
        order = "big" if self.big else "little"
        size = int.from_bytes(head[4:8], order)
        if kind == INTERFACE:
            described = _interface(bytes(buf[at : at + size]), order)
            self.interfaces = np.concatenate([self.interfaces, [described]])
        return size


def _interface(block: bytes, order: str) -> tuple[int, int, int, int]:
    """(link type or -1, ticks per second, offset in seconds, snap length) of an interface description block."""

    def number(piece: bytes) -> int:
        return int.from_bytes(piece, "big" if order == "big" else "little")

    link, ticks, offset_s, at = number(block[8:10]), 1_000_000, 0, 16
    while at + 4 <= len(block) - 4:
        code, size = number(block[at : at + 2]), number(block[at + 2 : at + 4])
        value = block[at + 4 : at + 4 + size]
        if code == 9 and len(value) == 1:  # if_tsresol: a power of ten, or of two with the top bit
            ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        if code == 14 and len(value) == 8:  # if_tsoffset
            offset_s = int.from_bytes(value, "big" if order == "big" else "little", signed=True)
        at += 4 + (size + 3) // 4 * 4
    usable = link in LINKS and 0 < ticks < 2**62 and abs(offset_s) < 2**33
    return (link if usable else UNKNOWN_LINK, ticks if usable else 1, offset_s if usable else 0, number(block[12:16]))


@kernel
def _time_ns(high: int, low: int, ticks: int, offset_s: int) -> int:
    """Nanoseconds since 1970 of a time in ticks, without overflow; -1 where it is beyond the clock."""
    stamp = np.int64(high) << 32 | np.int64(low)
    if stamp < 0:
        return -1
    seconds, rest = stamp // ticks, stamp % ticks
    if seconds + offset_s > 9_223_372_035 or seconds + offset_s < 0:
        return -1
    if ticks <= NANOSECONDS:
        part = rest * NANOSECONDS // ticks
    else:
        part = np.int64(np.float64(rest) / np.float64(ticks) * 1e9)
    return (seconds + offset_s) * NANOSECONDS + part


@kernel
def _blocks(
    buf: Bytes, big: bool, interfaces: NDArray[np.int64], out: Rows, row: int, counts: NDArray[np.int64]
) -> tuple[int, int, int]:
    """Read whole blocks up to one that describes something; state is its type, 1 << 40 for damage, 0 for the end.

    buf (B,), interfaces (I, 4), out (N,), row, counts (kinds,) -> used, rows, state
    """
    at = np.int64(0)
    while at + 12 <= len(buf):
        kind = word32(buf, at, big)
        order = big
        if kind == SECTION:
            order = buf[at + 8] == 0x1A
        size = word32(buf, at + 4, order)
        if size < 12 or size % 4 or size > LONGEST:
            counts[UNREADABLE] += 1
            return at, row, 1 << 40
        if at + size > len(buf):
            break
        if kind == SECTION or (kind == INTERFACE and size >= 20):
            return at, row, kind
        if kind == ENHANCED or kind == OLD_PACKET or kind == SIMPLE:
            said = _packet(buf, at, size, kind, big, interfaces, out, row)
            counts[said] += 1
            row += said == 0
        at += size
    return at, row, 0


@kernel
def _packet(
    buf: Bytes, at: int, size: int, kind: int, big: bool, interfaces: NDArray[np.int64], out: Rows, row: int
) -> int:
    """Read one packet block [at, at + size) into the row; what it is.

    buf (B,), interfaces (I, 4) link, ticks, offset, snap length; out (N,) -> kind
    """
    ahead = 12 if kind == SIMPLE else 28
    if size < ahead + 4:
        return UNREADABLE
    which = np.int64(0)
    if kind == ENHANCED:
        which = word32(buf, at + 8, big)
    elif kind == OLD_PACKET:
        which = word16(buf, at + 8, big)
    if which >= len(interfaces) or interfaces[which, 0] == UNKNOWN_LINK:
        return UNREADABLE
    captured = word32(buf, at + (8 if kind == SIMPLE else 20), big)
    if kind == SIMPLE and interfaces[which, 3] > 0:
        captured = min(captured, interfaces[which, 3])
    if captured > size - ahead - 4:
        return UNREADABLE
    said = frame(buf, at + ahead, at + ahead + captured, interfaces[which, 0], out, row)
    if said != 0:
        return said
    if kind == SIMPLE:
        return UNTIMED
    when = _time_ns(word32(buf, at + 12, big), word32(buf, at + 16, big), interfaces[which, 1], interfaces[which, 2])
    out[row].time_ns = when
    return said if when >= 0 else UNREADABLE
