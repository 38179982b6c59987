"""A watch as a table that is drawn again and again: who is scanning now, and who just stopped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from msgspec import structs
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scangait.recognise.results import Verdict

WIDE: Final = 120
AROUND: Final = 4
"""Lines beside the rows: the heading, the table's head, a blank one and the last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One scan on the table: its last verdict, whether it is over, and after how many probes it was named (0: not).

    `others` are scans of the same campaign that it stands for.
    """

    verdict: Verdict
    over: bool = False
    needed: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a watch: what is read, probes so far and per second, streams, clock (UTC ns), the last message."""

    source: str
    probes: int
    rate: float
    streams: int
    clock_ns: int
    message: str = ""


def cells(seen: Seen, *, wide: bool) -> list[str]:
    """The words of one row; columns that do not fit a narrow terminal are left out, nothing is cut."""
    verdict = seen.verdict
    tool = f"{verdict.label} {verdict.version}" if verdict.version else verdict.label
    words = [
        "over" if seen.over else "now",
        tool,
        f"{verdict.confidence:.0%}",
        _source(seen, wide=wide),
        "icmp" if verdict.protocol == "icmp" else f"{verdict.ports[0]}/{verdict.protocol}",
        datetime.fromtimestamp(verdict.first_ns / 1e9, UTC).strftime("%m-%d %H:%M"),
        f"{verdict.probes:,}" if wide else counted(verdict.probes),
        f"{verdict.rate:.3g}",
    ]
    if wide:
        reason = verdict.evidence[0].reason if verdict.evidence else "nothing speaks for any known tool"
        done = f"{verdict.walk.progress:.0%}" if verdict.walk else "-"
        campaign = f"campaign of {seen.others + 1} scans" if seen.others else ""
        why = "; ".join(part for part in (campaign, verdict.contradiction, reason) if part)
        words += [f"{verdict.coverage:.1%}", done, str(seen.needed or "-"), why]
    return words


def _source(seen: Seen, *, wide: bool) -> str:
    """The scan's source; of a campaign, where there is no room for that and a number, how many scans there are."""
    if not seen.others:
        return seen.verdict.sources[0]
    return f"{seen.verdict.sources[0]} +{seen.others}" if wide else f"{seen.others + 1} scans"


def folded(seen: list[Seen]) -> list[Seen]:
    """One row for each campaign: its largest scan stands for all, with the probes and the coverage of all.

    What coordinated scans cover adds up, since they share the work; it is over when all are.
    """
    groups = defaultdict[str, list[Seen]](list)
    for one in seen:
        groups[one.verdict.campaign or one.verdict.scan].append(one)
    return [_as_one(members) if len(members) > 1 else members[0] for members in groups.values()]


def _as_one(members: list[Seen]) -> Seen:
    largest = max(members, key=lambda one: (one.verdict.probes, one.verdict.scan))
    parts = [one.verdict for one in members]
    whole = structs.replace(
        largest.verdict,
        first_ns=min(part.first_ns for part in parts),
        probes=sum(part.probes for part in parts),
        rate=sum(part.rate for part in parts),
        coverage=min(sum(part.coverage for part in parts), 1.0),
    )
    return Seen(whole, all(one.over for one in members), largest.needed, len(members) - 1)


def counted(number: int) -> str:
    """A count in at most six characters.

    >>> counted(99_999), counted(1_234_567)
    ('99,999', '1.2M')
    """
    if number < 10**5:
        return f"{number:,}"
    unit, size = ("M", 10**6) if number < 10**9 else ("G", 10**9)
    return f"{number / size:.1f}{unit}"


def heads(*, wide: bool) -> list[str]:
    """The heads of the columns."""
    narrow = ["", "Tool", "Sure", "Source", "Port", "Since (UTC)", "Probes", "Per s"]
    return narrow + (["Covered", "Done", "Named at", "Why"] if wide else [])


def ordered(seen: list[Seen], most: int) -> tuple[list[Seen], int]:
    """The rows that fit, and how many do not: scans that go on before those that are over, named ones, large ones."""
    found = sorted(
        seen, key=lambda one: (one.over, one.verdict.label == "unknown", -one.verdict.probes, one.verdict.scan)
    )
    return found[:most], max(len(found) - most, 0)


def heading(status: Status) -> str:
    """One line on the watch itself."""
    clock = datetime.fromtimestamp(status.clock_ns / 1e9, UTC).strftime("%m-%d %H:%M:%S") if status.clock_ns else "-"
    return f"{status.probes:,} probes, {status.rate:,.0f}/s, {status.streams:,} streams, clock {clock}, {status.source}"


def screen(seen: list[Seen], status: Status, width: int, height: int) -> RenderableType:
    """The whole screen for a terminal of this size."""
    wide = width >= WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=wide)
    for name in heads(wide=wide):
        right = name in {"Sure", "Probes", "Per s", "Covered", "Done", "Named at"}
        why = name == "Why"
        table.add_column(
            name, justify="right" if right else "left", no_wrap=True, ratio=1 if why else None,
            overflow="ellipsis" if why else "fold",
        )  # fmt: skip
    rows, more = ordered(folded(seen), max(height - AROUND, 1))
    for one in rows:
        style = "dim" if one.over else "" if one.verdict.label == "unknown" else "bold"
        table.add_row(*(Text(word, style=style) for word in cells(one, wide=wide)))
    last = [f"{more} more"] if more else []
    last += [status.message] if status.message else []
    first = Text(heading(status), overflow="ellipsis", no_wrap=True)
    return Group(first, table, Text("; ".join(last), overflow="ellipsis", no_wrap=True))
