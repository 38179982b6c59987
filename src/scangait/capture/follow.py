"""Follow: batches from a source that grows, for as long as it does, each with the position to go on from.

A source is "-" (standard input), a named pipe, a capture that is still being written, a folder where captures appear
one after another, or "interface:NAME". While there is nothing to read an empty batch comes every `poll` seconds, so
that the caller can look at its clock.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

from scangait.capture.batch import Batch, Tally
from scangait.capture.feed import Feed
from scangait.capture.position import Position
from scangait.capture.tail import Tail, same
from scangait.capture.unpack import CHUNK
from scangait.errors import CaptureError
from scangait.probes import empty

POLL: Final = 0.2
INTERFACE: Final = "interface:"


def follow(
    source: str,
    since: Position | None = None,
    *,
    stop: Event | None = None,
    poll: float = POLL,
    once: bool = False,
    user: str = "",
) -> Iterator[Batch]:
    """Batches of probes from a source that grows, behind `since` where it can be gone back to.

    It ends when `stop` is set, when standard input ends, or `once` everything that is there now was read. `user` is
    who the program becomes after opening an interface. What can be opened is opened at once: raises CaptureError.
    """
    stop = stop or Event()
    if source == "-":
        return _pipe("-", sys.stdin.fileno(), stop, poll)
    if source.startswith(INTERFACE):
        from scangait.capture.interface import frames, listen, opened
        from scangait.capture.privileges import become

        listening = listen(source.removeprefix(INTERFACE))
        parser = opened(listening, source)
        if user:
            become(user)
        return frames(listening, parser, stop, poll)
    path = Path(source)
    if not path.exists() and (since is None or not path.parent.is_dir()):
        raise CaptureError(f"{source}: no such file, folder or interface; write interface:NAME for an interface")
    if path.is_fifo():
        return _pipe(source, os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), stop, poll)
    if path.is_dir():
        from scangait.capture.folder import folder

        return folder(path, since, stop, poll, once=once)
    return _file(source, since, stop, poll, once=once)


def warning(text: str) -> Batch:
    """No probes, only a warning."""
    return Batch(empty(), Tally(warnings=(text,)))


def _pipe(name: str, file: int, stop: Event, poll: float) -> Iterator[Batch]:
    """Batches of what a pipe brings until nobody writes to it any more."""
    feed, look = Feed(name), select.poll()
    look.register(file, select.POLLIN | select.POLLHUP)
    while not stop.is_set():
        if not look.poll(poll * 1000):
            yield Batch(empty(), Tally(), Position(name, feed.offset))
            continue
        raw = os.read(file, CHUNK)
        if not raw:
            yield Batch(empty(), feed.finish(), Position(name, feed.offset))
            return
        for batch in feed.take(raw):
            yield Batch(batch.probes, batch.tally, Position(name, feed.offset))


def _file(path: str, since: Position | None, stop: Event, poll: float, *, once: bool) -> Iterator[Batch]:
    """Batches of one path: whatever file stands there, from now on."""
    skip = 0
    if since is not None:
        if same(path, since, renamed=True):
            skip = since.offset
        else:
            yield from _rest(path, since)
    tail: Tail | None = None
    while not stop.is_set():
        if tail is None and Path(path).exists():
            tail, skip = Tail(path, skip), 0
        if tail is not None and tail.cut():
            yield warning(f"{path}: was cut or written anew while it was read; begun again at its first byte")
            tail.close()
            tail = Tail(path)
        if tail is not None:
            # Asked first, so that whatever was written before is read.
            replaced = Path(path).exists() and tail.moved() and tail.quiet()
            yield from tail.read()
            if replaced or once:
                yield tail.finish()
                if once:
                    return
                tail = None
                continue
        yield Batch(empty(), Tally(), tail.position() if tail else None)
        stop.wait(poll)
    if tail is not None:
        tail.close()


def _rest(path: str, since: Position) -> Iterator[Batch]:
    """What was not read of a file that has been renamed or replaced since; it is looked for beside its old place."""
    for other in sorted(Path(path).parent.iterdir()):
        if other.is_file() and same(str(other), since, renamed=True):
            tail = Tail(str(other), since.offset)
            yield from tail.read()
            yield tail.finish()
            return
    yield warning(f"{path}: is another file than before; what stood behind byte {since.offset} of the old one is gone")
