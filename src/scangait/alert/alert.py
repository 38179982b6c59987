"""Alert: what is said, once, when a scan is first named, when its name changes, and when it is over."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from scangait.recognise.results import Verdict

VERSION: Final = 1
Event = Literal["opened", "changed", "closed"]


class Alert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to say of one scan: `verdict.scan` is the identity that its alerts share.

    `time_ns` is when it was raised, in the capture's time (UTC ns); `probes_needed` how many probes it took until the
    tool was first named (0 while it is unknown). `sequence` counts the alerts of one watch from 1 without a hole and
    is stored in its checkpoint: a receiver that has seen a number has seen the alert.
    """

    format: str = "scangait.alert"
    format_version: int = VERSION
    sequence: int
    event: Event
    time_ns: int
    probes_needed: int
    verdict: Verdict


def masked(alert: Alert) -> Alert:
    """The alert without the telescope's addresses: operators must not reveal them."""
    walk = alert.verdict.walk
    if walk is None or not walk.expected:
        return alert
    return replace(alert, verdict=replace(alert.verdict, walk=replace(walk, expected=())))


def identity(alert: Alert) -> str:
    """One name for this alert wherever it goes, so that a receiver can tell a repeat."""
    return f"{alert.verdict.scan}-{alert.sequence}"


def tool(verdict: Verdict) -> str:
    """The tool and, where it is known, its version."""
    return f"{verdict.label} {verdict.version}" if verdict.version else verdict.label


def target(verdict: Verdict) -> str:
    """Port and protocol in words; ICMP has no port."""
    if verdict.protocol == "icmp" or not verdict.ports:
        return verdict.protocol
    more = f" and {len(verdict.ports) - 1} more" if len(verdict.ports) > 1 else ""
    return f"{verdict.ports[0]}/{verdict.protocol}{more}"


def origin(verdict: Verdict) -> str:
    """The first source, and how many more there are."""
    more = f" and {len(verdict.sources) - 1} more" if len(verdict.sources) > 1 else ""
    return (verdict.sources[0] if verdict.sources else "unknown source") + more


def summary(alert: Alert) -> str:
    """One sentence for a person; simulated scans say so first."""
    verdict = alert.verdict
    changed = f"is part of campaign {verdict.campaign}" if verdict.campaign else "is now named otherwise"
    began = {"opened": "began", "changed": changed, "closed": "is over"}[alert.event]
    simulated = "SIMULATED: " if verdict.simulated else ""
    return f"{simulated}{tool(verdict)} scan of {target(verdict)} from {origin(verdict)} {began}"


def reasons(verdict: Verdict) -> str:
    """Why, the strongest evidence first as the verdict has it, and what speaks against it."""
    said = [evidence.reason for evidence in verdict.evidence]
    against = [f"but {verdict.contradiction}"] if verdict.contradiction else []
    return "; ".join(said + against) or "nothing speaks for any known tool"
