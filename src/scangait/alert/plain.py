"""Plain text: free text made safe for one line of a terminal or a log, and times as receivers read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
r"""What breaks a line, drives a terminal (ESC, CSI), turns the reading direction, or is no character at all."""


def one_line(text: str) -> str:
    r"""The text with every character that could break out of its line written as an escape.

    >>> one_line("two\nlines")
    'two\\x0alines'
    """
    return UNSAFE.sub(lambda found: escaped(found[0]), text)


def escaped(character: str) -> str:
    r"""The character as \xNN, or \uNNNN where it needs that."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def stamp(time_ns: int, digits: int = 9) -> str:
    """RFC 3339 in UTC with so many decimals of a second.

    >>> stamp(1_700_000_000_000_000_007)
    '2023-11-14T22:13:20.000000007Z'
    """
    seconds, rest = divmod(time_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest:09d}"[: 20 + digits] + "Z"
