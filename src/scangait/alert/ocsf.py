"""OCSF: a Detection Finding (class 2004) of the Open Cybersecurity Schema Framework 1.8.0."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from scangait.alert.alert import Alert, identity, reasons, summary
from scangait.alert.product import NAME, VERSION

OCSF_VERSION: Final = "1.8.0"
CLASS: Final = 2004
ACTIVITY: Final = {"opened": (1, "Create"), "changed": (2, "Update"), "closed": (3, "Close")}
STATUS: Final = {"opened": (1, "New"), "changed": (2, "In Progress"), "closed": (4, "Resolved")}
PROTOCOL: Final = {"icmp": 1, "tcp": 6, "udp": 17}
"""IANA protocol numbers."""
ATTACK: Final = {
    "tactic": {"uid": "TA0043", "name": "Reconnaissance"},
    "technique": {"uid": "T1595", "name": "Active Scanning"},
}


def line(alert: Alert) -> str:
    """The alert as one Detection Finding in one line of JSON."""
    return msgspec.json.encode(finding(alert)).decode()


def finding(alert: Alert) -> dict[str, Any]:
    """The alert as a Detection Finding; the whole verdict is under `unmapped`, which OCSF has for such things."""
    verdict = alert.verdict
    activity, activity_name = ACTIVITY[alert.event]
    status, status_name = STATUS[alert.event]
    certain = 3 if verdict.confidence >= 0.9 else 2 if verdict.confidence >= 0.5 else 1
    return {
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Detection Finding: {activity_name}",
        "time": _milliseconds(alert.time_ns),
        "start_time": _milliseconds(verdict.first_ns),
        "end_time": _milliseconds(verdict.last_ns),
        "count": verdict.probes,
        "severity_id": 1 if alert.event == "closed" else 2,
        "severity": "Informational" if alert.event == "closed" else "Low",
        "status_id": status,
        "status": status_name,
        "is_alert": alert.event != "closed",
        "confidence_id": certain,
        "confidence": ("Low", "Medium", "High")[certain - 1],
        "confidence_score": round(verdict.confidence * 100),
        "message": summary(alert),
        "metadata": _metadata(alert),
        "finding_info": _info(alert),
        "evidences": [_evidence(alert, source) for source in verdict.sources],
        "observables": [
            {"name": "evidences[].src_endpoint.ip", "type_id": 2, "type": "IP Address", "value": source}
            for source in verdict.sources
        ],
        "unmapped": {"verdict": msgspec.to_builtins(verdict), "probes_needed": alert.probes_needed},
    }


def _metadata(alert: Alert) -> dict[str, Any]:
    return {
        "version": OCSF_VERSION,
        "product": {"name": NAME, "vendor_name": NAME, "version": VERSION},
        "uid": identity(alert),
        "sequence": alert.sequence,
        "log_name": "alert",
        "labels": ["simulated"] if alert.verdict.simulated else [],
    }


def _info(alert: Alert) -> dict[str, Any]:
    verdict = alert.verdict
    return {
        "uid": verdict.scan,
        "title": summary(alert),
        "desc": reasons(verdict),
        "types": ["Network scan"],
        "analytic": {"name": NAME, "uid": NAME, "type_id": 3, "type": "Statistical", "version": VERSION},
        "attacks": [ATTACK],
        "first_seen_time": _milliseconds(verdict.first_ns),
        "last_seen_time": _milliseconds(verdict.last_ns),
    }


def _evidence(alert: Alert, source: str) -> dict[str, Any]:
    """One source and the telescope, which is named and never addressed."""
    verdict = alert.verdict
    ported = bool(verdict.ports) and verdict.protocol != "icmp"
    return {
        "src_endpoint": {"ip": source},
        "dst_endpoint": {"name": "telescope"} | ({"port": verdict.ports[0]} if ported else {}),
        "connection_info": {
            "direction_id": 1,
            "direction": "Inbound",
            "protocol_name": verdict.protocol,
            "protocol_num": PROTOCOL.get(verdict.protocol, 255),
        },
    }


def _milliseconds(time_ns: int) -> int:
    return time_ns // 1_000_000
