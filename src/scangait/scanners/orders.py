"""From "zmap:2.1.1" to the tool and the class of versions that behaves as that release does."""

from __future__ import annotations

from scangait.errors import ScannerError
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scanner


def scanner_of(word: str) -> tuple[Scanner, str]:
    """Tool and version class of "zmap:2.1.1", of "zmap:2.1" or, the newest, of "zmap".

    A release belongs to the newest class that is not newer. Raises ScannerError, which lists the tools and versions.
    """
    name, _, release = word.partition(":")
    known = "; ".join(f"{tool.name} {', '.join(tool.versions)}" for tool in SCANNERS.values())
    if name not in SCANNERS:
        raise ScannerError(f"{name!r}: no such tool; known are {known}")
    scanner = SCANNERS[name]
    if not release or release in scanner.versions:
        return scanner, release or [version for version in scanner.versions if version != "head"][-1]
    try:
        number = tuple(int(part) for part in release.split("."))
    except ValueError as error:
        raise ScannerError(f"{word!r}: no such version; known are {known}") from error
    fitting = [version for version, first in scanner.versions.items() if first <= number]
    if not fitting:
        raise ScannerError(f"{word!r}: no such version; known are {known}")
    return scanner, fitting[-1]
