r"""Zeek: a line of notice.log, as tab-separated values or as JSON.

The columns are those that Zeek's notice framework (Notice::Info, base/frameworks/notice) logs. Escapes are those of
its ASCII writer: a byte that would split a column, a value or a line is written \xNN.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from scangait.alert.alert import Alert, identity, origin, reasons, summary
from scangait.alert.plain import UNSAFE, stamp
from scangait.alert.product import NAME

COLUMNS: Final = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "fuid": "string",
    "file_mime_type": "string",
    "file_desc": "string",
    "proto": "enum",
    "note": "enum",
    "msg": "string",
    "sub": "string",
    "src": "addr",
    "dst": "addr",
    "p": "port",
    "n": "count",
    "peer_descr": "string",
    "actions": "set[enum]",
    "email_dest": "set[string]",
    "suppress_for": "interval",
    "remote_location.country_code": "string",
    "remote_location.region": "string",
    "remote_location.city": "string",
    "remote_location.latitude": "double",
    "remote_location.longitude": "double",
}


def line(alert: Alert) -> str:
    """The alert as one tab-separated line; columns that do not apply are unset."""
    values = notice(alert)
    return "\t".join(_cell(values[name]) if name in values else "-" for name in COLUMNS)


def json_line(alert: Alert) -> str:
    """The alert as one line of Zeek's JSON logs, which leave out what is unset."""
    values = notice(alert) | {"ts": alert.time_ns // 1000 / 1e6}
    return msgspec.json.encode({name: values[name] for name in COLUMNS if name in values}).decode()


def head(time_ns: int) -> str:
    """What begins each tab-separated file, opened at this time."""
    opened = stamp(time_ns, 0)[:19].replace("T", "-").replace(":", "-")
    return (
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tnotice\n"
        f"#open\t{opened}\n#fields\t" + "\t".join(COLUMNS) + "\n#types\t" + "\t".join(COLUMNS.values()) + "\n"
    )


def notice(alert: Alert) -> dict[str, Any]:
    """The columns of notice.log that apply to an alert; `sub` begins with the alert's number."""
    verdict = alert.verdict
    facts = (
        f"#{alert.sequence} {identity(alert)} confidence={verdict.confidence:.3f} version={verdict.version or '-'} "
        f"sources={origin(verdict)} addresses={verdict.addresses} coverage={verdict.coverage:.4g} "
        f"probes_needed={alert.probes_needed}"
    )
    said: dict[str, Any] = {
        "ts": f"{alert.time_ns // 10**9}.{alert.time_ns % 10**9 // 1000:06d}",
        "proto": verdict.protocol,
        "note": f"Scangait::Scan_{alert.event.capitalize()}",
        "msg": f"{summary(alert)}: {reasons(verdict)}",
        "sub": facts,
        "n": verdict.probes,
        "peer_descr": NAME,
        "actions": ["Notice::ACTION_LOG"],
        "email_dest": [],
        "suppress_for": 0.0,
    }
    if verdict.sources:
        said["src"] = verdict.sources[0]
    if verdict.ports and verdict.protocol != "icmp":
        said["p"] = verdict.ports[0]
    return said


def _cell(value: Any) -> str:
    """One cell: numbers as they are, sets by comma, text escaped."""
    if isinstance(value, list):
        return ",".join(_text(str(one)).replace(",", "\\x2c") for one in value) or "(empty)"
    return f"{value:.6f}" if isinstance(value, float) else _text(str(value))


def _text(text: str) -> str:
    r"""Free text: backslashes doubled, what breaks a line as \xNN per byte, and no text that means unset or empty."""
    safe = UNSAFE.sub(lambda found: _octets(found[0]), text.replace("\\", "\\\\"))
    if safe in {"-", "(empty)", ""}:
        return {"-": "\\x2d", "(empty)": "\\x28empty)", "": "(empty)"}[safe]
    return safe


def _octets(character: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in character.encode("utf-8", "backslashreplace"))
