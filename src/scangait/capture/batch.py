"""Batches: some probes, and the tally of everything that was met on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from scangait.capture.position import Position
from scangait.probes import Probes

KINDS: Final = ("probes", "backscatter", "fragments", "non-IPv4", "other packets", "damaged", "untimed", "unreadable")
"""What a packet can be, in the order of the constants in `headers`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many packets of each kind, what was wrong with the input, and how many times went backwards."""

    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    out_of_order: int = 0

    def __add__(self, other: Tally) -> Tally:
        """The tally of both."""
        counts = {kind: self.counts.get(kind, 0) + other.counts.get(kind, 0) for kind in self.counts | other.counts}
        return Tally(counts, self.warnings + other.warnings, self.out_of_order + other.out_of_order)


@dataclass(frozen=True, slots=True)
class Batch:
    """Probes in the order of the input, and the tally of the packets among which they were found.

    `position` is behind the last of them, where the input has such a thing.
    """

    probes: Probes
    tally: Tally
    position: Position | None = None
