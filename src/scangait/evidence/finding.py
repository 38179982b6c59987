"""What one kind of evidence says of samples: bits for all of them, a sentence for those that somebody will read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Line


class Why(NamedTuple):
    """The sentence that an analyst can check, the `version` it speaks for, and the walk `line` it proves, if any."""

    reason: str
    version: str | None = None
    line: Line | None = None


class Finding(NamedTuple):
    """`bits` for one label against chance (negative: against the label), and why."""

    kind: str
    label: str
    bits: float
    why: Why


@dataclass(frozen=True, slots=True)
class Said:
    """What one `kind` of evidence says of S samples: `bits` (S, L) for each of its `labels`, NaN where it says nothing.

    `why` puts a row and a column into words: most of them are never asked for.
    """

    kind: str
    labels: tuple[str, ...]
    bits: NDArray[np.float64]
    why: Callable[[int, int], Why]

    def of(self, row: int) -> list[Finding]:
        """All that is said of one sample."""
        spoken = np.flatnonzero(~np.isnan(self.bits[row])).tolist()
        return [
            Finding(self.kind, self.labels[column], float(self.bits[row, column]), self.why(row, column))
            for column in spoken
        ]


def nothing(kind: str, samples: int) -> Said:
    """What a kind of evidence says that has nothing to go by."""
    return Said(kind, (), np.empty((samples, 0)), _never)


def _never(row: int, column: int) -> Why:
    raise IndexError(f"nothing is said of sample {row} in column {column}")
