"""What one kind of evidence says of one sample."""

from __future__ import annotations

from typing import NamedTuple

from scangait.evidence.ground import Line


class Finding(NamedTuple):
    """`bits` for one label against chance (negative: against the label), and the sentence an analyst can check.

    `line` is the walk that was proven, if one was.
    """

    kind: str
    label: str
    bits: float
    reason: str
    version: str | None = None
    line: Line | None = None
