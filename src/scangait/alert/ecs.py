"""ECS: Elastic Common Schema 9.4.0, as published in its generated field list; our own facts stand under `scangait`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from scangait.alert.alert import Alert, identity, reasons, summary
from scangait.alert.plain import stamp
from scangait.alert.product import NAME, VERSION

ECS_VERSION: Final = "9.4.0"
TYPES: Final = {"opened": ["info", "start"], "changed": ["info"], "closed": ["info", "end"]}
TECHNIQUE: Final = {
    "framework": "MITRE ATT&CK",
    "tactic": {"id": ["TA0043"], "name": ["Reconnaissance"]},
    "technique": {"id": ["T1595"], "name": ["Active Scanning"]},
}
"""ATT&CK for Enterprise: T1595 Active Scanning belongs to TA0043 Reconnaissance."""


def line(alert: Alert) -> str:
    """The alert as one ECS event in one line of JSON."""
    return msgspec.json.encode(event(alert)).decode()


def event(alert: Alert) -> dict[str, Any]:
    """The alert as an ECS event."""
    verdict = alert.verdict
    named = {} if verdict.label == "unknown" else {"software": {"name": verdict.label}}
    said: dict[str, Any] = {
        "@timestamp": stamp(alert.time_ns),
        "ecs": {"version": ECS_VERSION},
        "message": summary(alert),
        "event": _event(alert),
        "source": {"packets": verdict.probes} | ({"ip": verdict.sources[0]} if verdict.sources else {}),
        "related": {"ip": list(verdict.sources)},
        "network": {"transport": verdict.protocol, "type": "ipv4", "direction": "inbound"},
        "rule": {"name": f"{verdict.label} scan"},
        "threat": TECHNIQUE | named,
        "observer": {"vendor": NAME, "product": NAME, "type": "telescope", "version": VERSION},
        "scangait": _own(alert),
    }
    if verdict.ports and verdict.protocol != "icmp":
        said["destination"] = {"port": verdict.ports[0]}
    if verdict.simulated:
        said["tags"] = ["simulated"]
    return said


def _event(alert: Alert) -> dict[str, Any]:
    verdict = alert.verdict
    return {
        "kind": "event" if alert.event == "closed" else "alert",
        "category": ["intrusion_detection", "network"],
        "type": TYPES[alert.event],
        "action": f"scan-{alert.event}",
        "id": identity(alert),
        "sequence": alert.sequence,
        "module": NAME,
        "dataset": f"{NAME}.alert",
        "provider": NAME,
        "start": stamp(verdict.first_ns),
        "end": stamp(verdict.last_ns),
        "duration": verdict.last_ns - verdict.first_ns,
        "reason": reasons(verdict),
    }


def _own(alert: Alert) -> dict[str, Any]:
    """What ECS has no name for: the verdict without what is said above, and the number of probes it took."""
    elsewhere = {"sources", "protocol", "first_ns", "last_ns", "probes"}
    verdict: dict[str, Any] = msgspec.to_builtins(alert.verdict)
    kept = {name: value for name, value in verdict.items() if name not in elsewhere}
    return kept | {"probes_needed": alert.probes_needed}
