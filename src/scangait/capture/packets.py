"""Packets: chunks of capture bytes into batches of probes, whole record by whole record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.capture.batch import KINDS, Batch, Tally
from scangait.capture.headers import ROW, Rows, rows
from scangait.capture.pcap import HEADER, MAGIC, RECORD, Pcap
from scangait.capture.pcapng import Pcapng
from scangait.capture.unpack import Damaged
from scangait.errors import CaptureError
from scangait.kernel import kernel
from scangait.probes import COLUMNS, Probes

Column = NDArray[Any]
PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
SHORTEST: Final = RECORD + 28
"""Bytes of the shortest record that holds a probe: an IPv4 header and one of UDP or ICMP."""


def is_capture(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a pcap or pcapng capture."""
    return head[:4] in MAGIC or head[:4] == PCAPNG


class Parser:
    """Takes the bytes of one capture in any pieces; keeps the piece of a record that is not whole yet."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.offset = 0
        self.rest = b""
        self.room = rows(0)
        self.format: Pcap | Pcapng | None = None
        self.broken = False

    def feed(self, chunk: bytes) -> Batch:
        """The probes of all records that are whole now. Raises CaptureError when the bytes are no known capture."""
        raw = self.rest + chunk if self.rest else chunk
        skip = 0
        if self.format is None:
            if len(raw) < HEADER:
                self.rest = raw
                return Batch(_columns(rows(0), 0), Tally())
            skip = 0 if raw[:4] == PCAPNG else HEADER
            self.format = Pcapng(raw, self.name) if raw[:4] == PCAPNG else Pcap(raw, self.name)
        if self.broken:
            return Batch(_columns(rows(0), 0), Tally())
        buf = np.frombuffer(raw, np.uint8)[skip:]
        counts = np.zeros(len(KINDS), np.int64)
        if len(self.room) <= len(buf) // SHORTEST:
            self.room = rows(len(buf) // SHORTEST + 1)
        used, found, self.broken = self.format.parse(buf, self.room, counts)
        self.offset += skip + used
        self.rest = raw[skip + used :]
        return Batch(_columns(self.room, found), Tally(dict(zip(KINDS, counts.tolist(), strict=True)), self._warning()))

    def finish(self) -> Tally:
        """What is left over at the end of the file. Raises CaptureError when it never was a capture."""
        if self.format is None:
            raise CaptureError(f"{self.name}: {len(self.rest)} bytes are too few for a capture; was it cut short?")
        if self.rest and not self.broken:
            where = f"at byte {self.offset}, {len(self.rest)} bytes left over"
            return Tally(warnings=(f"{self.name}: truncated {where}; every whole record before was used",))
        return Tally()

    def _warning(self) -> tuple[str, ...]:
        if not self.broken:
            return ()
        return (f"{self.name}: damaged at byte {self.offset}: a record length makes no sense; stopped there",)


def packets(name: str, pieces: Iterator[bytes]) -> Iterator[Batch]:
    """Batches of one capture, at most about as large as the pieces are."""
    parser = Parser(name)
    try:
        for piece in pieces:
            yield parser.feed(piece)
            if parser.broken:
                return
    except Damaged as damage:
        yield Batch(_columns(rows(0), 0), Tally(warnings=(str(damage),)))
    yield Batch(_columns(rows(0), 0), parser.finish())


def _columns(out: Rows, found: int) -> Probes:
    """The rows that were filled, as columns."""
    columns: dict[str, Column] = {name: np.empty(found, COLUMNS[name]) for name in ROW.names or ()}
    _split(out, *columns.values())
    return Probes(**columns)


@kernel
def _split(  # noqa: PLR0917 (kernels take arrays and numbers only)
    out: Rows, time_ns: Column, src: Column, dst: Column, sport: Column, dport: Column, proto: Column, ip_id: Column,
    ttl: Column, length: Column, df: Column, window: Column, seq: Column, mss: Column, options: Column,
) -> None:  # fmt: skip
    """Rows (R,) into columns (N,) of the first N: each row is read once."""
    for row in range(len(time_ns)):
        one = out[row]
        time_ns[row], src[row], dst[row], sport[row] = one.time_ns, one.src, one.dst, one.sport
        dport[row], proto[row], ip_id[row], ttl[row] = one.dport, one.proto, one.ip_id, one.ttl
        length[row], df[row], window[row] = one.length, one.df, one.window
        seq[row], mss[row], options[row] = one.seq, one.mss, one.options
