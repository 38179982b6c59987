"""Opening: files, globs, folders and standard input as streams of plain bytes, decompressed on a second thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from glob import glob, has_magic  # a pattern may be absolute, which Path.glob refuses
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import IO, Final

from scangait.capture.unpack import CHUNK, Damaged, Unpacker
from scangait.errors import CaptureError

AHEAD: Final = 4
"""Chunks that wait between the thread that decompresses and the one that parses."""


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
            unpack = Unpacker(name)
            for piece in _raw(stream):
                yield from unpack.feed(piece)
            if rest := unpack.finish():
                yield rest
    except OSError as error:
        raise CaptureError(f"{name}: cannot be read ({error.strerror}); check the file and its permissions") from error


def _raw(stream: IO[bytes]) -> Iterator[bytes]:
    # read1 gives what a pipe has; a plain file gives whole chunks
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK):
        yield chunk
