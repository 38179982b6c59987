"""JSON lines: the alert itself, every field of it."""

from __future__ import annotations

import msgspec

from scangait.alert.alert import Alert


def line(alert: Alert) -> str:
    """The alert as one line of JSON; `msgspec.json.schema(Alert)` describes it."""
    return msgspec.json.encode(alert).decode()
