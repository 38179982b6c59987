"""Captures out: probes as a pcap file with nanoseconds, raw IPv4 packets, checksums and options right to the byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.whole import whole_file
from scangait.probes import TCP, Probes, take

NANOSECONDS: Final = 0xA1B23C4D
RAW_IP: Final = 101
AT_ONCE: Final = 2**16
LONGEST: Final = 60
OPTION: Final = {
    0: b"\0", 1: b"\1", 2: b"\2\4\0\0", 3: b"\3\3\x08", 4: b"\4\2", 8: b"\x08\x0a" + bytes(8),
}  # fmt: skip
"""A TCP option by kind: the MSS is filled in, the window scale is ZMap 4's 8, timestamps are 0."""


def write_pcap(path: Path, probes: Probes) -> None:
    """Write N TCP SYN with all their header columns, whole or not at all.

    Raises OutputError, and ValueError where a header column is missing or a probe is no TCP SYN of 40 to 60 bytes.
    """
    if any(column is None for column in (probes.ip_id, probes.ttl, probes.window, probes.seq, probes.options)):
        raise ValueError("a capture needs every header column")
    if np.any(probes.proto != TCP):
        raise ValueError("only TCP SYN can be written")
    with whole_file(path) as out:
        out.write(struct.pack("<IHHiIII", NANOSECONDS, 2, 4, 0, 0, 65535, RAW_IP))
        for start in range(0, len(probes), AT_ONCE):
            for block in _records(take(probes, slice(start, start + AT_ONCE))):
                out.write(block)


def _records(probes: Probes) -> Iterator[bytes]:
    """The records of some probes: header of 16 bytes, packet of 40 to 60."""
    columns: Any = probes
    count = len(probes)
    record = np.zeros((count, 16 + LONGEST), np.uint8)
    length = np.full(count, 40)
    for packed in np.unique(columns.options).tolist():
        text = _options(packed)
        same = columns.options == packed
        record[same, 56 : 56 + len(text)] = np.frombuffer(text, np.uint8)
        length[same] += len(text)
        if (packed & 15) == 3:  # the MSS comes first wherever there is one
            _put(record, np.flatnonzero(same), 58, columns.mss[same], ">u2")
    every = np.arange(count)
    for offset, values in ((0, columns.time_ns // 10**9), (4, columns.time_ns % 10**9), (8, length), (12, length)):
        _put(record, every, offset, values, "<u4")
    record[:, 16], record[:, 16 + 8], record[:, 16 + 9] = 0x45, columns.ttl, TCP
    _put(record, every, 18, length, ">u2")
    _put(record, every, 20, columns.ip_id, ">u2")
    record[:, 22] = np.where(columns.df, 0x40, 0)
    _put(record, every, 28, columns.src, ">u4")
    _put(record, every, 32, columns.dst, ">u4")
    _put(record, every, 36, columns.sport, ">u2")
    _put(record, every, 38, columns.dport, ">u2")
    _put(record, every, 40, columns.seq, ">u4")
    record[:, 48], record[:, 49] = (length - 20) // 4 << 4, 2
    _put(record, every, 50, columns.window, ">u2")
    _put(record, every, 26, _checksum(record[:, 16:36], np.zeros(count, np.int64)), ">u2")
    pseudo = TCP + length - 20 + _sum(record[:, 28:36])
    _put(record, every, 52, _checksum(record[:, 36:], pseudo), ">u2")
    yield record[np.arange(16 + LONGEST) < (16 + length)[:, None]].tobytes()


def _options(packed: int) -> bytes:
    """The bytes of packed option kinds, filled up with the end of the list to a multiple of 4."""
    text = b""
    while packed:
        text += OPTION.get((packed & 15) - 1, b"\1")
        packed >>= 4
    return text + bytes(-len(text) % 4)


def _put(record: NDArray[np.uint8], rows: NDArray[np.int64], offset: int, values: NDArray[Any], kind: str) -> None:
    wire = np.ascontiguousarray(values.astype(kind)).view(np.uint8).reshape(len(rows), -1)
    record[rows, offset : offset + wire.shape[1]] = wire


def _sum(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, 2W) octets -> (N,) sum of the W big-endian words."""
    return np.asarray(octets[:, ::2].sum(axis=1, dtype=np.int64) * 256 + octets[:, 1::2].sum(axis=1, dtype=np.int64))


def _checksum(octets: NDArray[np.uint8], more: NDArray[np.int64]) -> NDArray[np.int64]:
    """The Internet checksum (RFC 1071) of each row (N,), with `more` (N,) added in."""
    total = _sum(octets) + more
    for _ in range(2):
        total = (total & 0xFFFF) + (total >> 16)
    return np.asarray(~total & 0xFFFF)
