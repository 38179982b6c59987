r"""CEF: ArcSight Common Event Format, version 0 (Implementing ArcSight CEF, version 23 and later).

Header fields escape the backslash and the bar; extension values escape the backslash and the equals sign and write a
line feed as \n and a carriage return as \r. Keys and lengths are those of its extension dictionary.
"""

from __future__ import annotations

import re
from typing import Final

from scangait.alert.alert import Alert, identity, origin, reasons, summary
from scangait.alert.plain import UNSAFE
from scangait.alert.product import NAME, VERSION

LONGEST_MSG: Final = 1023
LONGEST_CUSTOM: Final = 4000
"""Characters that the dictionary allows `msg` and a custom string."""
SEVERITY: Final = {"opened": 3, "changed": 3, "closed": 1}


def line(alert: Alert) -> str:
    """The alert as one CEF line."""
    name = f"{alert.verdict.label} scan {alert.event}"
    head = ("CEF:0", NAME, NAME, VERSION, f"scan-{alert.event}", name, str(SEVERITY[alert.event]))
    extension = " ".join(f"{key}={_value(value)}" for key, value in _extension(alert).items())
    return "|".join(_field(word) for word in head) + "|" + extension


def _extension(alert: Alert) -> dict[str, object]:
    verdict = alert.verdict
    said: dict[str, object] = {
        "externalId": alert.sequence,
        "rt": alert.time_ns // 1_000_000,
        "start": verdict.first_ns // 1_000_000,
        "end": verdict.last_ns // 1_000_000,
        "act": alert.event,
        "cat": "simulated" if verdict.simulated else "scan",
        "proto": verdict.protocol.upper(),
        "cnt": verdict.probes,
        "deviceDirection": 0,
    }
    if verdict.sources:
        said["src"] = verdict.sources[0]
    if verdict.ports and verdict.protocol != "icmp":
        said["dpt"] = verdict.ports[0]
    numbers = {"confidence": verdict.confidence, "coverage": verdict.coverage, "rate": verdict.rate}
    for place, (label, value) in enumerate(numbers.items(), 1):
        said |= {f"cfp{place}Label": label, f"cfp{place}": f"{value:.6g}"}
    for place, (label, count) in enumerate(
        {"probesNeeded": alert.probes_needed, "addresses": verdict.addresses}.items(), 1
    ):
        said |= {f"cn{place}Label": label, f"cn{place}": count}
    words = {
        "tool": verdict.label,
        "toolVersion": verdict.version or "",
        "scan": identity(alert),
        "reason": reasons(verdict),
        "sources": origin(verdict) if len(verdict.sources) < 2 else " ".join(verdict.sources),
    }
    for place, (label, text) in enumerate(words.items(), 1):
        if text:
            said |= {f"cs{place}Label": label, f"cs{place}": text[:LONGEST_CUSTOM]}
    return said | {"msg": summary(alert)[:LONGEST_MSG]}


def _field(text: str) -> str:
    """A header field: one line, bars and backslashes escaped."""
    return re.sub(r"([\\|])", r"\\\1", UNSAFE.sub(" ", text))


def _value(value: object) -> str:
    r"""An extension value: backslashes and equals signs escaped, lines as \n and \r, other control characters gone."""
    text = re.sub(r"([\\=])", r"\\\1", str(value)).replace("\n", "\\n").replace("\r", "\\r")
    return UNSAFE.sub(" ", text)
