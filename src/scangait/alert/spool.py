"""Spool: alerts that wait on disk, in order, within a bound, until their output takes them."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from scangait.alert.alert import Alert
from scangait.errors import OutputError

HEAD: Final = 21
"""The file begins with a line of 20 digits: where the first alert that still waits begins."""
SKIM: Final = 1 << 16
MARK: Final = b"=\n"
"""A line between what an older run left and what this one adds; no alert contains an equals sign before its end."""
NUMBER: Final = re.compile(rb'"sequence":(\d+)')


class Spool:
    """A file of alerts, one line of JSON each, of at most `limit` bytes. It outlives the program.

    Only one program may hold it. Not safe for threads: its owner locks. Raises OutputError where the file cannot be
    used at all; `put` says False where there is no room for one more, on the disk or within the bound.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path, self.limit = path, limit
        self.start, self.end, self.depth = HEAD, HEAD, 0
        try:
            self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._recover()
        except BlockingIOError as error:
            raise OutputError(f"{path}: in use by another scangait; give each its own folder") from error
        except OSError as error:
            raise OutputError(f"{path}: no place to spool alerts ({error.strerror}); choose another") from error

    def put(self, alert: Alert) -> bool:
        """Add at the end; False where it did not fit."""
        return self._add(msgspec.json.encode(alert) + b"\n")

    def first(self) -> tuple[Alert | None, int]:
        """The alert that has waited longest, None when nothing waits, and how many damaged lines were thrown away."""
        damaged = 0
        while line := self._line():
            if line == MARK:
                self._forget(line)
                continue
            try:
                return msgspec.json.decode(line, type=Alert), damaged
            except msgspec.MsgspecError:
                damaged += 1
                self.drop_first()
        return None, damaged

    def drop_first(self) -> None:
        """Forget the one that `first` said."""
        self.depth -= 1
        self._forget(self._line())

    def _forget(self, line: bytes) -> None:
        self.start += len(line)
        if self.depth == 0:
            os.ftruncate(self.file, HEAD)
            self.start = self.end = HEAD
        os.pwrite(self.file, b"%020d\n" % self.start, 0)

    def put_before(self, alerts: list[Alert]) -> int:
        """Put these before all others, as far as they fit; how many did not."""
        lines = [msgspec.json.encode(alert) + b"\n" for alert in alerts]
        waiting = os.pread(self.file, self.end - self.start, self.start)
        kept, room = 0, self.limit - HEAD - len(waiting)
        while kept < len(lines) and room >= len(lines[kept]):
            room -= len(lines[kept])
            kept += 1
        self._rewrite(b"".join(lines[:kept]) + waiting)
        self.depth += kept
        return len(lines) - kept

    def begin(self, resumed: int | None) -> None:
        """Begin a run: a new one, or one that goes on behind this number of the last checkpoint.

        Whoever goes on raises all alerts behind the checkpoint again, so those that wait from the run that was broken
        off are forgotten; without them the order would be lost. What an older run left stays, before a mark.
        """
        try:
            if resumed is None:
                self.end += os.pwrite(self.file, MARK, self.end) if self.depth else 0
                return
            waiting = os.pread(self.file, self.end - self.start, self.start)
            older, mark, ours = waiting.rpartition(MARK)
            lines = ours.splitlines(keepends=True)
            kept = [line for line in lines if (found := NUMBER.search(line)) and int(found[1]) <= resumed]
            self.end = self.start + len(older) + len(mark) + sum(map(len, kept))
            self.depth -= len(lines) - len(kept)
            os.ftruncate(self.file, self.end)
        except OSError as error:
            raise OutputError(
                f"{self.path}: cannot be written ({error.strerror}); free or choose another place"
            ) from error

    def flush(self) -> None:
        """Force it to the disk."""
        os.fsync(self.file)

    def close(self) -> None:
        """Let go; what waits stays."""
        os.close(self.file)

    def _recover(self) -> None:
        """Take up what an earlier run left; a last line that was never finished is cut off."""
        raw = os.pread(self.file, os.fstat(self.file).st_size, 0)
        sound = len(raw) >= HEAD and raw[: HEAD - 1].isdigit() and HEAD <= int(raw[: HEAD - 1]) <= len(raw)
        self.start = int(raw[: HEAD - 1]) if sound else HEAD
        self.end = max(raw.rfind(b"\n") + 1, HEAD) if sound else HEAD
        self.start = min(self.start, self.end)
        waiting = raw[self.start : self.end]
        self.depth = waiting.count(b"\n") - waiting.count(MARK)
        os.ftruncate(self.file, self.end)
        os.pwrite(self.file, b"%020d\n" % self.start, 0)

    def _add(self, line: bytes) -> bool:
        if self.end + len(line) > self.limit:
            if self.end - self.start + HEAD + len(line) > self.limit:
                return False
            try:
                self._rewrite(os.pread(self.file, self.end - self.start, self.start))
            except OSError:
                return False
        try:
            written = os.pwrite(self.file, line, self.end)
        except OSError:
            written = 0
        if written < len(line):
            with suppress(OSError):
                os.ftruncate(self.file, self.end)
            return False
        self.end += written
        self.depth += 1
        return True

    def _line(self) -> bytes:
        """The first line that waits, b"" for none."""
        size, at = SKIM, self.start
        while at < self.end:
            raw = os.pread(self.file, min(size, self.end - at), at)
            if (stop := raw.find(b"\n")) >= 0:
                return raw[: stop + 1]
            size *= 4
            if not raw or len(raw) == self.end - at:
                break
        return b""

    def _rewrite(self, waiting: bytes) -> None:
        """Replace the file by one that holds only this; on an error the old one stays."""
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(number, "wb") as out:
                out.write(b"%020d\n" % HEAD + waiting)
            fresh = os.open(name, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(fresh, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(name).replace(self.path)
        finally:
            Path(name).unlink(missing_ok=True)
        os.close(self.file)
        self.file, self.start, self.end = fresh, HEAD, HEAD + len(waiting)
