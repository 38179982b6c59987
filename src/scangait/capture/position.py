"""Position: how far an input was read, so that another run can go on from there."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Final

HEAD: Final = 256
"""Bytes at the beginning of a file by which it is known again; they hold the time of its first packet."""


@dataclass(frozen=True, slots=True)
class Position:
    """Of `file` the first `offset` bytes are read: plain (unpacked) bytes, all of them whole records.

    `inode` and `head` (how many first bytes, and their hash) tell whether the file is still the same one. Standard
    input ("-") and interfaces have no way back; theirs only counts.
    """

    file: str
    offset: int
    inode: int = 0
    head: str = ""


def head_of(file: int, size: int = HEAD) -> str:
    """The first `size` bytes of an open file, or as many as there are, as "SIZE:HASH"."""
    first = os.pread(file, size, 0)
    return f"{len(first)}:{hashlib.sha256(first).hexdigest()[:16]}"


def begins(file: int, head: str) -> bool:
    """Whether an open file begins with the bytes that gave this `head`."""
    size = head.partition(":")[0]
    return not size.isdigit() or head_of(file, min(int(size), HEAD)) == head
