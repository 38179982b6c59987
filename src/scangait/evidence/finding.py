"""What one kind of evidence says of one sample."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`bits` for one label against chance (negative: against the label), and the sentence an analyst can check."""

    kind: str
    label: str
    bits: float
    reason: str
    version: str | None = None
