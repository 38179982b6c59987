"""Every form an alert can take: one line of text each, for any target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scangait.alert import cef, ecs, lines, ocsf, text, zeek
from scangait.alert.alert import Alert


@dataclass(frozen=True, slots=True)
class Format:
    """How alerts are written: `line` of each, `head` of each file, its `media` type, `number` finds the sequence."""

    line: Callable[[Alert], str]
    number: str
    head: Callable[[int], str] | None = None
    media: str = "application/json"


FORMATS: Final[dict[str, Format]] = {
    "text": Format(text.line, r"^\S+ #(\d+) ", media="text/plain; charset=utf-8"),
    "json": Format(lines.line, r'"sequence":(\d+)'),
    "ecs": Format(ecs.line, r'"sequence":(\d+)'),
    "ocsf": Format(ocsf.line, r'"sequence":(\d+)'),
    "zeek": Format(zeek.line, r"^(?:[^\t]*\t){12}#(\d+) ", head=zeek.head, media="text/tab-separated-values"),
    "zeek-json": Format(zeek.json_line, r'"sub":"#(\d+) '),
    "cef": Format(cef.line, r"(?<!\\)\|\d\|externalId=(\d+) ", media="text/plain; charset=utf-8"),
}
"""A quotation mark, tab or equals sign in free text is escaped, so no text can look like a sequence."""
