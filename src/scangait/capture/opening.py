"""Opening: files, globs, folders and standard input as streams of plain bytes, decompressed on a second thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from glob import glob, has_magic  # a pattern may be absolute, which Path.glob refuses
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import IO, Final

from scangait.errors import CaptureError

CHUNK: Final = 1 << 22
AHEAD: Final = 4
"""Chunks that wait between the thread that decompresses and the one that parses."""
GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"


def expand(sources: str | Path | Iterable[str | Path]) -> list[str]:
    """The files behind paths, globs and folders (by name, so hourly files are in order); "-" is standard input.

    Raises CaptureError for what does not exist.
    """
    given = [sources] if isinstance(sources, (str, Path)) else list(sources)
    return [name for source in given for name in _expand_one(str(source))]


def chunks(name: str) -> Iterator[bytes]:
    """Decompressed bytes of one file, read ahead on another thread.

    Raises CaptureError when the file cannot be opened, and `Damaged` after the last good byte.
    """
    queue: Queue[bytes | BaseException | None] = Queue(AHEAD)
    stop = Event()

    def offer(item: bytes | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                queue.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for piece in _plain(name):
                if not offer(piece):
                    return
            offer(None)
        except (CaptureError, Damaged) as error:
            offer(error)

    Thread(target=work, daemon=True).start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()


class Damaged(Exception):  # noqa: N818  it becomes a warning, not an error
    """Compressed data end too early or are damaged; what came before is good."""


def _expand_one(source: str) -> list[str]:
    if source == "-":
        return [source]
    path = Path(source)
    if path.is_dir():
        found = sorted(str(child) for child in path.iterdir() if child.is_file() and not child.name.startswith("."))
        if not found:
            raise CaptureError(f"{source}: the folder holds no file; give captures or row files")
        return found
    if path.exists():
        return [source]
    found = sorted(glob(source)) if has_magic(source) else []  # noqa: PTH207
    if not found:
        raise CaptureError(f"{source}: no such file; check the path")
    return found


def _plain(name: str) -> Iterator[bytes]:
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb", buffering=0) as stream:
            first = stream.read(4)
            while first and len(first) < 4 and (more := stream.read(4 - len(first))):
                first += more
            if first[:2] == GZIP:
                yield from _gunzip(name, stream, first)
            elif first == ZSTD:
                yield from _unzstd(name, stream, first)
            else:
                yield first
                yield from _raw(stream)
    except OSError as error:
        raise CaptureError(f"{name}: cannot be read ({error.strerror}); check the file and its permissions") from error


def _raw(stream: IO[bytes]) -> Iterator[bytes]:
    # read1 gives what a pipe has; a plain file gives whole chunks
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK):
        yield chunk


def _gunzip(name: str, stream: IO[bytes], first: bytes) -> Iterator[bytes]:
    from isal import isal_zlib

    unpack, pending = isal_zlib.decompressobj(wbits=31), first
    try:
        while pending or (pending := next(_raw(stream), b"")):
            out = unpack.decompress(pending, CHUNK)
            if out:
                yield out
            pending = unpack.unconsumed_tail
            if unpack.eof:
                pending = unpack.unused_data or next(_raw(stream), b"")
                if pending and not pending.startswith(GZIP[: len(pending)]):
                    raise Damaged(f"{name}: bytes after the end of the gzip data are no gzip member and were left out")
                unpack = isal_zlib.decompressobj(wbits=31)
                if not pending:
                    return
        raise Damaged(f"{name}: the gzip data end too early; everything before was used")
    except isal_zlib.error as error:  # type: ignore[misc]
        raise Damaged(f"{name}: damaged gzip data ({error}); everything before was used") from error


def _unzstd(name: str, stream: IO[bytes], first: bytes) -> Iterator[bytes]:
    import zstandard

    unpack, pending = zstandard.ZstdDecompressor().decompressobj(), first
    try:
        while pending or (pending := next(_raw(stream), b"")):
            out = unpack.decompress(pending)
            if out:
                yield out
            pending = b""
            if unpack.eof:
                pending = unpack.unused_data or next(_raw(stream), b"")
                if not pending:
                    return
                unpack = zstandard.ZstdDecompressor().decompressobj()
        raise Damaged(f"{name}: the zstd data end too early; everything before was used")
    except zstandard.ZstdError as error:
        raise Damaged(f"{name}: damaged zstd data ({error}); everything before was used") from error
