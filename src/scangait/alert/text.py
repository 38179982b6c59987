"""Text: one line per alert for a person at a terminal."""

from __future__ import annotations

from scangait.alert.alert import Alert, reasons, summary
from scangait.alert.plain import one_line, stamp


def line(alert: Alert) -> str:
    """When, the number, what, how sure, how much was seen, why."""
    verdict = alert.verdict
    seen = f"{verdict.confidence:.0%} sure, {verdict.probes:,} probes to {verdict.addresses:,} addresses"
    return one_line(f"{stamp(alert.time_ns, 3)} #{alert.sequence} {summary(alert)}: {seen}; {reasons(verdict)}")
