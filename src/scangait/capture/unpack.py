"""Unpacking: the bytes of one file, in any pieces, into plain bytes; gzip and zstd are undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

CHUNK: Final = 1 << 20
GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
MAGIC_BYTES: Final = 4


class Damaged(Exception):  # noqa: N818  it becomes a warning, not an error
    """Compressed data end too early or are damaged; what came before is good."""


class Unpacker:
    """Takes the bytes of one file as they come and gives plain bytes; both raise `Damaged`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = b""
        self.kind: Plain | Gzip | Zstd | None = None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The plain bytes that are known now."""
        if self.kind is None:
            self.head += piece
            if len(self.head) < MAGIC_BYTES:
                return
            piece, self.kind = self.head, self._choose(self.head)
        yield from self.kind.feed(piece)

    def finish(self) -> bytes:
        """What is left when no more bytes will come."""
        if self.kind is None and self.head[:2] == GZIP:
            self.kind = Gzip(self.name)
        if self.kind is None:
            return self.head
        self.kind.finish()
        return b""

    def _choose(self, head: bytes) -> Plain | Gzip | Zstd:
        if head[:2] == GZIP:
            return Gzip(self.name)
        return Zstd(self.name) if head[:4] == ZSTD else Plain()


class Plain:
    """Bytes as they are."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The same bytes."""
        yield piece

    def finish(self) -> None:
        """Plain bytes may end anywhere."""


class Gzip:
    """gzip members, one after another (RFC 1952)."""

    def __init__(self, name: str) -> None:
        from isal import isal_zlib

        self.name, self.library = name, isal_zlib
        self.error: Any = isal_zlib.error
        self.member: Any = None
        self.whole = False

    def feed(self, pending: bytes) -> Iterator[bytes]:
        """Undo what is there, at most a chunk at a time."""
        try:
            while pending:
                if self.member is None:
                    if not pending.startswith(GZIP[: len(pending)]):
                        raise Damaged(
                            f"{self.name}: bytes after the end of the gzip data are no gzip member and were left out"
                        )
                    self.member = self.library.decompressobj(wbits=31)
                if out := self.member.decompress(pending, CHUNK):
                    yield out
                pending = self.member.unconsumed_tail
                if self.member.eof:
                    pending, self.member, self.whole = self.member.unused_data, None, True
        except self.error as error:
            raise Damaged(f"{self.name}: damaged gzip data ({error}); everything before was used") from error

    def finish(self) -> None:
        """Every member must have ended."""
        if self.member is not None or not self.whole:
            raise Damaged(f"{self.name}: the gzip data end too early; everything before was used")


class Zstd:
    """zstd frames, one after another (RFC 8878)."""

    def __init__(self, name: str) -> None:
        import zstandard

        self.name, self.library = name, zstandard
        self.frame: Any = None

    def feed(self, pending: bytes) -> Iterator[bytes]:
        """Undo what is there."""
        try:
            while pending:
                if self.frame is None:
                    self.frame = self.library.ZstdDecompressor().decompressobj()
                if out := self.frame.decompress(pending):
                    yield out
                pending = b""
                if self.frame.eof:
                    pending, self.frame = self.frame.unused_data, None
        except self.library.ZstdError as error:
            raise Damaged(f"{self.name}: damaged zstd data ({error}); everything before was used") from error

    def finish(self) -> None:
        """Every frame must have ended."""
        if self.frame is not None:
            raise Damaged(f"{self.name}: the zstd data end too early; everything before was used")
