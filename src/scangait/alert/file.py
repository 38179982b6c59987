"""Files: alerts appended line by line, each line whole or absent; rotated by size or by time without losing one.

How lasting: a line is handed to the system by one write, so that killing this process costs nothing; it is forced to
the disk (fsync) at most once a second while alerts come, and at `flush`, rotation and `close`, so that a power cut
costs one second. A checkpoint flushes first.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from scangait.alert.alert import Alert
from scangait.alert.formats import Format
from scangait.errors import OutputError

FSYNC_SECONDS: Final = 1.0
TAIL: Final = 1 << 20
"""Bytes at the end of a file among which its last whole line is looked for."""


class FileOutput:
    """Appends to `path`; another program may rename it away at any time, and a new file is begun.

    A file above `rotate_bytes` or begun in an earlier period of `rotate_seconds` is renamed to NAME.UTC-TIME. When
    `resumed` after a checkpoint, alerts that the file already holds are not written again. Raises OutputError.
    """

    def __init__(
        self, path: Path, form: Format, *, rotate_bytes: int = 0, rotate_seconds: int = 0, resumed: bool = False
    ) -> None:
        self.path, self.form = path, form
        self.rotate_bytes, self.rotate_seconds = rotate_bytes, rotate_seconds
        self.synced = time.monotonic()
        self.file = -1
        try:
            self._open()
            self.last = self._last() if resumed else 0
        except OSError as error:
            raise self._error(error) from error

    def write(self, alert: Alert) -> None:
        """Append one line. On a full disk what was written of it is taken back."""
        if alert.sequence <= self.last:
            return
        try:
            self._turn()
            self._append((self.form.line(alert) + "\n").encode("utf-8", "backslashreplace"))
            if time.monotonic() - self.synced >= FSYNC_SECONDS:
                self.flush()
        except OSError as error:
            raise self._error(error) from error

    def flush(self) -> None:
        """Force every line to the disk."""
        if self.file < 0:
            return
        try:
            os.fsync(self.file)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a pipe or a device has no disk
                raise self._error(error) from error
        self.synced = time.monotonic()

    def close(self) -> None:
        """Flush and close."""
        if self.file >= 0:
            try:
                self.flush()
            finally:
                os.close(self.file)
                self.file = -1

    def _open(self) -> None:
        self.file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        facts = os.fstat(self.file)
        self.begun = facts.st_mtime if facts.st_size else time.time()
        if facts.st_size:
            self._mend(facts.st_size)
        elif self.form.head:
            self._append(self.form.head(time.time_ns()).encode())

    def _mend(self, size: int) -> None:
        """Cut off a last line that was never finished."""
        tail = os.pread(self.file, min(size, TAIL), max(0, size - TAIL))
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self.file, size - len(tail) + whole)

    def _append(self, raw: bytes) -> None:
        size = os.fstat(self.file).st_size
        try:
            written = 0
            while written < len(raw):
                written += os.write(self.file, raw[written:])
        except OSError:
            with suppress(OSError):  # a device has no length
                os.ftruncate(self.file, size)
            raise

    def _turn(self) -> None:
        """Begin a new file where the old one is full, old, or was renamed away."""
        if self.file < 0 or self._moved():
            self.close()
            self._open()
            return
        size = os.fstat(self.file).st_size
        full = bool(self.rotate_bytes) and size >= self.rotate_bytes
        period = self.rotate_seconds
        old = bool(period) and int(time.time() // period) != int(self.begun // period)
        if size and (full or old):
            self.flush()
            self.path.rename(self._aside())
            self.close()
            self._open()

    def _moved(self) -> bool:
        try:
            there, ours = self.path.stat(), os.fstat(self.file)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def _aside(self) -> Path:
        """A name for the full file that no other has."""
        stem = f"{self.path.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        names = (stem if number == 0 else f"{stem}-{number:04d}" for number in range(10_000))
        return next(free for name in names if not (free := self.path.with_name(name)).exists())

    def _last(self) -> int:
        """The number of the last alert in this file, or where it is new in the newest that was set aside."""
        aside = sorted(self.path.parent.glob(f"{self.path.name}.[0-9]*"), reverse=True)
        for path in [self.path, *aside[:1]]:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
            for line in reversed(lines):
                if found := re.search(self.form.number, line):
                    return int(found[1])
        return 0

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path}: alerts cannot be written ({error.strerror}); free or choose another place")


class Standard:
    """Standard output, a line at a time. A closed pipe raises BrokenPipeError, which ends the program as it should."""

    def __init__(self, form: Format) -> None:
        self.form = form
        if form.head:
            sys.stdout.write(form.head(time.time_ns()))

    def write(self, alert: Alert) -> None:
        """Print one line."""
        sys.stdout.write(self.form.line(alert) + "\n")
        self.flush()

    def flush(self) -> None:
        """Hand over what is buffered."""
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot be written ({error.strerror}); free its disk") from error

    def close(self) -> None:
        """Leave standard output open."""
        self.flush()
