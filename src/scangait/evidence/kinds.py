"""Every kind of evidence: a function from a case to what it says of each of its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scangait.evidence import coverage, intensity, movement, signature, sources, walk
from scangait.evidence.case import Case
from scangait.evidence.finding import Said

KINDS: Final[dict[str, Callable[[Case], Said]]] = {
    "movement": movement.said,
    "intensity": intensity.said,
    "coverage": coverage.said,
    "signature": signature.said,
    "walk": walk.said,
    "sources": sources.said,
}
