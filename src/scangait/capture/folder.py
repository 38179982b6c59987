"""Folder: captures that appear one after another, by name; packed before, while or after they are read.

A file is done when one with a later name is there and it grows no more. A name that ends in .gz or .zst is the same
file as the one without: a capture that is packed while we are away is gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event
from typing import Final

from scangait.capture.batch import Batch, Tally
from scangait.capture.position import Position
from scangait.capture.tail import Tail, same
from scangait.errors import CaptureError
from scangait.probes import empty

PACKED: Final = (".gz", ".zst")
UNFINISHED: Final = (".tmp", ".part", ".partial", ".swp")


def folder(path: Path, since: Position | None, stop: Event, poll: float, *, once: bool) -> Iterator[Batch]:
    """Batches of all captures in the folder, behind `since`, and of those that come."""
    done = ""
    listed = names(path)
    late = _Late(listed)
    if since is not None:
        done = yield from _resume(path, listed, since, stop, poll, once=once)
        late.known = {stem for stem in listed if stem <= done}
    while not stop.is_set():
        listed = names(path)
        yield from late.said(listed, done)
        following = next((stem for stem in listed if stem > done), None)
        if following is None:
            if once:
                return
            yield Batch(empty(), Tally())
            stop.wait(poll)
            continue
        yield from _one(path, following, 0, stop, poll, once=once)
        if stop.is_set():
            return
        done = following
        if once and done >= max(listed):
            return


def names(path: Path) -> dict[str, Path]:
    """The captures in a folder by stem, in the order of their stems; the plain file before a packed one."""
    try:
        with os.scandir(path) as entries:
            found = [path / entry.name for entry in entries if not _hidden(entry.name) and entry.is_file()]
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); check the folder") from error
    by_stem: dict[str, Path] = {}
    for child in sorted(found, key=lambda child: (stem_of(child.name), child.name)):
        by_stem.setdefault(stem_of(child.name), child)
    return by_stem


def stem_of(name: str) -> str:
    """The name without the ending of a packed file.

    >>> stem_of("2026-11-25T01.pcap.gz")
    '2026-11-25T01.pcap'
    """
    return next((name.removesuffix(ending) for ending in PACKED if name.endswith(ending)), name)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.endswith(UNFINISHED)


class _Late:
    """Says once of each file that came with a name before those that were read already."""

    def __init__(self, known: dict[str, Path]) -> None:
        self.known = set(known)

    def said(self, listed: dict[str, Path], done: str) -> Iterator[Batch]:
        """A warning for each latecomer."""
        for stem, there in listed.items():
            if stem not in self.known and stem <= done:
                text = f"{there}: came after {done} was read, which is later by name; left out"
                yield Batch(empty(), Tally(warnings=(text,)))
        self.known = set(listed)


def _resume(
    path: Path, listed: dict[str, Path], since: Position, stop: Event, poll: float, *, once: bool
) -> Generator[Batch, None, str]:
    """The rest of the file that the position was in; gives the stem that is done then."""
    stem = stem_of(Path(since.file).name)
    there = listed.get(stem)
    if there is None:
        text = f"{since.file}: is gone; what stood behind byte {since.offset} of it is left out"
        yield Batch(empty(), Tally(warnings=(text,)))
        return stem
    packed_since = there.name != Path(since.file).name
    if packed_since or same(str(there), since):
        yield from _one(path, stem, since.offset, stop, poll, once=once)
    else:
        yield Batch(empty(), Tally(warnings=(f"{there}: is another file than before; begun at its first byte",)))
        yield from _one(path, stem, 0, stop, poll, once=once)
    return stem


def _one(path: Path, stem: str, skip: int, stop: Event, poll: float, *, once: bool) -> Iterator[Batch]:
    """Batches of one file until it is done; a file that is no capture is left out with a warning."""
    there = names(path).get(stem)
    if there is None:
        return
    try:
        tail = Tail(str(there), skip)
    except CaptureError as error:
        yield Batch(empty(), Tally(warnings=(f"{error}; left out",)))
        return
    try:
        while not stop.is_set():
            if tail.cut():
                yield Batch(empty(), Tally(warnings=(f"{there}: was written anew; begun again at its first byte",)))
                tail.close()
                tail = Tail(str(there))
            ended = _ended(path, stem, tail)
            yield from tail.read()
            if ended or once:
                yield tail.finish()
                return
            yield Batch(empty(), Tally(), tail.position())
            stop.wait(poll)
    except CaptureError as error:
        yield Batch(empty(), Tally(warnings=(f"{error}; left out",)))
    finally:
        tail.close()


def _ended(path: Path, stem: str, tail: Tail) -> bool:
    """Whether the file will grow no more: another came after it, and it has been quiet for a while."""
    if not (tail.moved() or tail.quiet()):
        return False
    return any(stem_of(other.name) > stem for other in path.iterdir() if not _hidden(other.name))
