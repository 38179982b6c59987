"""Feed: the bytes of one capture as they come, packed or plain, into batches; it can begin in the middle."""

from __future__ import annotations

from collections.abc import Iterator

from scangait.capture.batch import Batch, Tally
from scangait.capture.packets import Parser, is_capture
from scangait.capture.pcap import HEADER, MAGIC
from scangait.capture.unpack import MAGIC_BYTES, Damaged, Plain, Unpacker
from scangait.errors import CaptureError
from scangait.probes import empty


class Feed:
    """Takes bytes in any pieces; batches of the records behind the first `skip` plain bytes come out.

    `skip` must be 0 or an `offset` that an earlier feed of the same capture had. Raises CaptureError for what is no
    capture. Damaged compressed data are said once, in a batch's tally, and end the feed.
    """

    def __init__(self, name: str, skip: int = 0) -> None:
        self.name, self.skip = name, skip
        self.unpack, self.parser = Unpacker(name), Parser(name)
        self.plain = 0
        self.head = b""
        self.over = False

    @property
    def offset(self) -> int:
        """Plain bytes of whole records that were used, the file's header among them."""
        return max(self.skip, self.parser.offset)

    def take(self, raw: bytes) -> Iterator[Batch]:
        """Batches of what these bytes complete."""
        if self.over:
            return
        try:
            for piece in self.unpack.feed(raw):
                yield from self._parse(piece)
        except Damaged as damage:
            self.over = True
            yield Batch(empty(), Tally(warnings=(str(damage),)))

    def jump(self) -> int:
        """How many bytes of the file may be left out from here; only a plain pcap can be entered in the middle."""
        plain = isinstance(self.unpack.kind, Plain) and self.head[:MAGIC_BYTES] in MAGIC
        if not plain or self.plain < HEADER or self.parser.rest or self.plain >= self.skip:
            return 0
        left = self.skip - self.plain
        self.plain = self.parser.offset = self.skip
        return left

    def finish(self) -> Tally:
        """What is left over when no more bytes will come; too few for a capture are only a warning then."""
        if self.over:
            return Tally()
        try:
            rest = self.unpack.finish()
            parsed = [batch.tally for batch in self._parse(rest)] if rest else []
            if not self.plain and not parsed:
                return Tally(warnings=(f"{self.name}: the file is empty",))
            return self.parser.finish()
        except (Damaged, CaptureError) as damage:
            return Tally(warnings=(str(damage),))

    def _parse(self, piece: bytes) -> Iterator[Batch]:
        self._check(piece)
        if self.plain < self.skip:
            known, piece = piece[: self.skip - self.plain], piece[self.skip - self.plain :]
            self.parser.feed(known)
            self.plain += len(known)
        if piece:
            self.plain += len(piece)
            batch = self.parser.feed(piece)
            if len(batch.probes) or batch.tally.warnings or any(batch.tally.counts.values()):
                yield batch

    def _check(self, piece: bytes) -> None:
        if len(self.head) < MAGIC_BYTES:
            self.head = (self.head + piece)[:MAGIC_BYTES]
            if len(self.head) == MAGIC_BYTES and not is_capture(self.head):
                raise CaptureError(f"{self.name}: no pcap or pcapng capture; only captures can be followed")
