"""Tools whose order of targets is known exactly, by name and version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scangait.errors import ScannerError
from scangait.scanners import masscan_order, zmap_order
from scangait.scanners.scanner import Scan

Order = Callable[[Scan, int], list[tuple[int, int]]]
ORDERED: Final[dict[str, tuple[tuple[str, ...], Order]]] = {
    "zmap": (zmap_order.ORDERS, zmap_order.first_targets),
    "masscan": (tuple(masscan_order.ROUNDS), masscan_order.first_targets),
}
"""Tool -> its version classes, oldest first, and its order."""


def ordered(word: str) -> tuple[str, Order]:
    """Version class and order of "zmap:2.1.1", or of the newest class of "zmap".

    A release belongs to the newest class that is not newer. Raises ScannerError, which lists the tools and versions.
    """
    name, _, release = word.partition(":")
    known = "; ".join(f"{tool} {', '.join(versions)}" for tool, (versions, _) in ORDERED.items())
    if name not in ORDERED:
        raise ScannerError(f"{name!r}: no tool with a known order; known are {known}")
    versions, order = ORDERED[name]
    try:
        fitting = [version for version in versions if not release or _number(version) <= _number(release)]
    except ValueError:
        fitting = []
    if not fitting:
        raise ScannerError(f"{word!r}: no such version; known are {known}")
    return _class_of(name, release, fitting), order


def _class_of(name: str, release: str, fitting: list[str]) -> str:
    # Between the classes' own numbers: ZMap changed in 4.1.0, Masscan in 1.3.2.
    if name == "zmap" and fitting[-1] == "4.0" and _number(release) >= (4, 1):
        return "4.3"
    if name == "masscan" and release and (1, 3) < _number(release) < (1, 3, 2):
        return "1.0"
    return fitting[-1]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
