"""The scanners: one file per tool."""

from __future__ import annotations

from typing import Final

from scangait.scanners import hping, masscan, mirai, nmap, shodan, sweeper, unicornscan, zmap
from scangait.scanners.scanner import Scanner

SCANNERS: Final[dict[str, Scanner]] = {
    tool.SCANNER.name: tool.SCANNER for tool in (zmap, masscan, nmap, mirai, unicornscan, hping, sweeper, shodan)
}
"""Every tool by its name."""
