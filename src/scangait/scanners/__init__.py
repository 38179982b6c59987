"""The scanners: one file per tool."""

from __future__ import annotations

from typing import Final

from scangait.scanners import masscan, mirai, nmap, unicornscan, zmap
from scangait.scanners.scanner import Signature

SIGNATURES: Final[dict[str, tuple[Signature, ...]]] = {
    "zmap": zmap.SIGNATURES,
    "masscan": masscan.SIGNATURES,
    "nmap": nmap.SIGNATURES,
    "mirai": mirai.SIGNATURES,
    "unicornscan": unicornscan.SIGNATURES,
}
"""Header marks by tool."""
