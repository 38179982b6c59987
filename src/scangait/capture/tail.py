"""Tail: one capture file that may still grow, be cut, or be replaced while it is read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from scangait.capture.batch import Batch
from scangait.capture.feed import Feed
from scangait.capture.pcap import HEADER
from scangait.capture.position import HEAD, Position, begins, head_of
from scangait.capture.unpack import CHUNK
from scangait.errors import CaptureError
from scangait.probes import empty

BEGINNING: Final = 4096
QUIET_SECONDS: Final = 2.0
"""So long must a file that has a successor not have grown to be done."""


class Tail:
    """An open file and what was made of it so far. Raises CaptureError where it cannot be opened or is no capture."""

    def __init__(self, path: str, skip: int = 0) -> None:
        self.path = path
        try:
            self.file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CaptureError(
                f"{path}: cannot be read ({error.strerror}); check the file and its permissions"
            ) from error
        self.inode = os.fstat(self.file).st_ino
        self.raw = 0
        self.head = ""
        self.feed = Feed(path, skip)

    def read(self) -> Iterator[Batch]:
        """Every batch that is there now."""
        size = HEADER if self.raw == 0 else BEGINNING if self.raw < BEGINNING else CHUNK
        while raw := self._more(size):
            for batch in self.feed.take(raw):
                yield replace(batch, position=self.position())
            if jump := self.feed.jump():
                self.raw = os.lseek(self.file, jump, os.SEEK_CUR)
            size = CHUNK

    def finish(self) -> Batch:
        """What is to be said when nothing more will come; the file is closed."""
        try:
            return Batch(empty(), self.feed.finish(), self.position())
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def position(self) -> Position:
        """Behind the last whole record."""
        if not self.head.startswith(f"{HEAD}:"):
            self.head = head_of(self.file, min(HEAD, max(self.raw, 1)))
        return Position(self.path, self.feed.offset, self.inode, self.head)

    def moved(self) -> bool:
        """Whether the path leads to another file now, or to none."""
        try:
            return Path(self.path).stat().st_ino != self.inode
        except OSError:
            return True

    def cut(self) -> bool:
        """Whether the file was emptied or written anew under us, so that what was read is no longer in it."""
        return os.fstat(self.file).st_size < self.raw or not begins(self.file, self.head)

    def quiet(self) -> bool:
        """Whether nobody has written to it for a while."""
        return time.time() - os.fstat(self.file).st_mtime >= QUIET_SECONDS

    def _more(self, size: int) -> bytes:
        try:
            raw = os.read(self.file, size)
        except OSError as error:
            raise CaptureError(f"{self.path}: cannot be read ({error.strerror}); check the disk") from error
        self.raw += len(raw)
        return raw


def same(path: str, position: Position, *, renamed: bool = False) -> bool:
    """Whether this path still holds the file that the position was in, and all that was read of it."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        facts = os.fstat(file)
        return (not renamed or facts.st_ino == position.inode) and begins(file, position.head)
    finally:
        os.close(file)
