"""Every kind of evidence: a function from a case to the findings of each of its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scangait.evidence import coverage, intensity, movement, signature, sources, walk
from scangait.evidence.case import Case
from scangait.evidence.finding import Finding

KINDS: Final[dict[str, Callable[[Case], list[list[Finding]]]]] = {
    "movement": movement.findings,
    "intensity": intensity.findings,
    "coverage": coverage.findings,
    "signature": signature.findings,
    "walk": walk.findings,
    "sources": sources.findings,
}
