"""Headers: one captured frame into one row of probe columns, or the kind of packet that it is instead.

Layouts: IEEE 802.1Q (VLAN), RFC 791 (IPv4), RFC 792 (ICMP), RFC 768 (UDP), RFC 9293 (TCP), and for the link types
the registry of tcpdump.org/linktypes.html. Every length is checked before a byte behind it is read.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.words import NETWORK, word16, word32
from scangait.kernel import inlined, kernel
from scangait.probes import COLUMNS, ICMP, TCP, UDP

Bytes = NDArray[np.uint8]

PROBE, BACKSCATTER, FRAGMENT, NON_IPV4, OTHER, DAMAGED, UNTIMED, UNREADABLE, KINDS = range(9)

ETHERNET: Final = 1
BSD_NULL: Final = 0
BSD_LOOP: Final = 108
RAW_IP: Final = (12, 14, 101, 228)
LINUX_SLL: Final = 113
LINUX_SLL2: Final = 276
LINKS: Final = frozenset((ETHERNET, BSD_NULL, BSD_LOOP, *RAW_IP, LINUX_SLL, LINUX_SLL2))

ANSWERS: Final = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 11 | 1 << 12
"""Bits of ICMP's types that answer someone: echo reply, unreachable, source quench, redirect, time exceeded, parameter
problem.
"""
_NOT_IPV4, _CUT = -1, -2
"""What `_network` says in place of an offset."""


ROW: Final = np.dtype([(name, kind) for name, kind in COLUMNS.items() if name != "label"], align=True)
"""One probe. A row of one array, not a row of each column: arrays are counted references, which kernels pay for."""
Rows = NDArray[np.void]


def rows(capacity: int) -> Rows:
    """Uninitialised room for this many probes."""
    return np.empty(capacity, ROW)


@kernel
def _behind_tags(buf: Bytes, at: int, end: int) -> int:
    """Where IPv4 begins after an EtherType at `at` and any VLAN tags, or what it is instead."""
    while at + 2 <= end:
        ether = word16(buf, at, NETWORK)
        if ether == 0x0800:
            return at + 2
        if ether != 0x8100 and ether != 0x88A8 and ether != 0x9100:
            return _NOT_IPV4
        at += 4
    return _CUT


@inlined
def _network(buf: Bytes, at: int, end: int, link: int) -> int:
    """Where IPv4 begins in the frame [at, end), or what it is instead."""
    if link == ETHERNET:
        return _behind_tags(buf, at + 12, end)
    if link == LINUX_SLL:
        return _behind_tags(buf, at + 14, end)
    if link == LINUX_SLL2:
        if at + 20 > end:
            return _CUT
        if word16(buf, at, NETWORK) == 0x0800:
            return at + 20
        return _NOT_IPV4 if word16(buf, at, NETWORK) != 0x8100 else _behind_tags(buf, at + 22, end)
    if link == BSD_NULL or link == BSD_LOOP:
        if at + 4 > end:
            return _CUT
        # The family is in the byte order of the machine that captured; AF_INET is 2 everywhere.
        family = word32(buf, at, NETWORK)
        return at + 4 if family == 2 or family == 2 << 24 else _NOT_IPV4
    if at < end and buf[at] >> 4 == 6:
        return _NOT_IPV4
    return at


@kernel
def _options(buf: Bytes, at: int, end: int) -> tuple[int, int]:
    """The TCP options in [at, end): kinds as `probes.pack_options` packs them, and the MSS (0 where none).

    Stops at the end-of-list option, at the sixteenth and at the first that is not whole.
    """
    packed, mss, shift = np.int64(0), np.int64(0), np.int64(0)
    while at < end and shift < 64:
        kind, size = np.int64(buf[at]), np.int64(1)
        if kind > 1:
            size = np.int64(buf[at + 1]) if at + 1 < end else np.int64(0)
            if size < 2 or at + size > end:
                break
            if kind == 2 and size == 4 and mss == 0:
                mss = word16(buf, at + 2, NETWORK)
        packed |= (kind + 1 if kind < 14 else np.int64(15)) << shift
        shift += 4
        at += size
        if kind == 0:
            break
    return packed, mss


@kernel
def _tcp(buf: Bytes, at: int, end: int, out: Rows, row: int) -> int:
    """Read a TCP header [at, end) into the row if it opens a connection; its kind."""
    if at + 20 > end or buf[at + 12] < 0x50:
        return DAMAGED
    flags = buf[at + 13]
    if flags & 0x12 != 0x02:
        answers = flags & 0x12 == 0x12 or flags & 0x04
        return BACKSCATTER if answers else OTHER
    out[row].sport = word16(buf, at, NETWORK)
    out[row].dport = word16(buf, at + 2, NETWORK)
    out[row].seq = word32(buf, at + 4, NETWORK)
    out[row].window = word16(buf, at + 14, NETWORK)
    packed, mss = np.int64(0), np.int64(0)
    if buf[at + 12] >= 0x60:
        packed, mss = _options(buf, at + 20, min(end, at + (buf[at + 12] >> 4) * 4))
    out[row].options = packed
    out[row].mss = mss
    return PROBE


@kernel
def _datagram(buf: Bytes, at: int, end: int, out: Rows, row: int) -> int:
    """Read a UDP or ICMP header [at, end) into the row whose protocol is set; its kind."""
    if at + 8 > end:
        return DAMAGED
    out[row].window = 0
    out[row].options = 0
    out[row].mss = 0
    if out[row].proto == UDP:
        out[row].sport = word16(buf, at, NETWORK)
        out[row].dport = word16(buf, at + 2, NETWORK)
        out[row].seq = 0
        return PROBE
    out[row].sport = word16(buf, at + 4, NETWORK)
    out[row].dport = 0
    out[row].seq = word16(buf, at + 6, NETWORK)
    if buf[at] == 8:
        return PROBE
    return BACKSCATTER if buf[at] < 16 and ANSWERS >> np.int64(buf[at]) & 1 else OTHER


@inlined
def frame(buf: Bytes, at: int, end: int, link: int, out: Rows, row: int) -> int:
    """Read the frame [at, end) of this link type into the row; its kind, and the row counts only for PROBE.

    buf (B,), out (N,), 0 <= at <= end <= B, row < N -> one of the kinds
    """
    at = _network(buf, at, end, link)
    if at < 0:
        return NON_IPV4 if at == _NOT_IPV4 else DAMAGED
    if at + 20 > end or buf[at] >> 4 != 4:
        return DAMAGED
    header, total = np.int64(buf[at] & 15) * 4, word16(buf, at + 2, NETWORK)
    if header < 20 or total < header:
        return DAMAGED
    if word16(buf, at + 6, NETWORK) & 0x3FFF:
        return FRAGMENT
    proto = buf[at + 9]
    out[row].src = word32(buf, at + 12, NETWORK)
    out[row].dst = word32(buf, at + 16, NETWORK)
    out[row].proto = proto
    out[row].ip_id = word16(buf, at + 4, NETWORK)
    out[row].ttl = buf[at + 8]
    out[row].length = total
    out[row].df = buf[at + 6] & 0x40 != 0
    end = min(end, at + total)
    if proto == TCP:
        return _tcp(buf, at + header, end, out, row)
    if proto == UDP or proto == ICMP:
        return _datagram(buf, at + header, end, out, row)
    return OTHER
