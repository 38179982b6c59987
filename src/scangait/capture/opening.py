"""Opening: files, globs, folders and standard input as streams of plain bytes, decompressed on a second thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from glob import glob, has_magic  # a pattern may be absolute, which Path.glob refuses
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import IO, Final, TypeVar

from scangait.capture.unpack import CHUNK, Unpacker
from scangait.errors import CaptureError

AHEAD: Final = 4
"""Items that wait between the thread that makes them and the one that uses them."""

Item = TypeVar("Item")


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
    return ahead(_plain(name))


def ahead(made: Iterator[Item]) -> Iterator[Item]:
    """The items of an iterator, which another thread makes, a few of them before they are asked for.

    Raises what the iterator raises, after the items before.
    """
    queue: Queue[tuple[Item] | BaseException | None] = Queue(AHEAD)
    stop = Event()

    def offer(one: tuple[Item] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                queue.put(one, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in made:
                if not offer((item,)):
                    return
            offer(None)
        except BaseException as error:  # noqa: BLE001 (whoever asks for the items is told)
            offer(error)

    Thread(target=work, daemon=True).start()
    try:
        while (one := queue.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one[0]
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
