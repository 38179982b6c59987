"""Results as text for the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from scangait.recognise.results import Campaign, Confusion, Evaluation, Identification, MovementResult, Verdict

MANY: Final = 50
WIDE: Final = 120
SIMULATED: Final = "Simulated data: no packet here was captured."


def print_text(console: Console, document: Identification | Evaluation) -> None:
    """Print a result as tables that fit the console."""
    if document.simulated:
        console.print(Text(SIMULATED, style="bold"))
    if isinstance(document, Identification):
        console.print(_identification(document, wide=console.width >= WIDE))
    else:
        console.print(_evaluation(document))


def _identification(document: Identification, *, wide: bool) -> RenderableType:
    table = Table(box=None, pad_edge=False, expand=wide)
    for name in ("Tool", "Sure", "Source", "Port", "First (UTC)", "Lasted", "Probes"):
        table.add_column(name, justify="right" if name in {"Sure", "Probes"} else "left", no_wrap=True)
    if wide:
        table.add_column("Covered", justify="right", no_wrap=True)
        table.add_column("Per second", justify="right", no_wrap=True)
        table.add_column("Why", ratio=1, overflow="fold")
    for verdict in document.verdicts[:MANY]:
        table.add_row(*_row(verdict, wide=wide))
    return Group(table, Text(), *(Text(line) for line in _around(document)))


def _row(verdict: Verdict, *, wide: bool) -> list[Text]:
    more = f" +{len(verdict.sources) - 1}" if len(verdict.sources) > 1 else ""
    cells = [
        _tool(verdict),
        f"{verdict.confidence:.0%}",
        verdict.sources[0] + more,
        f"{verdict.ports[0]}/{verdict.protocol}",
        datetime.fromtimestamp(verdict.first_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M" if wide else "%m-%d %H:%M"),
        _duration((verdict.last_ns - verdict.first_ns) / 1e9),
        f"{verdict.probes:,}",
    ]
    if wide:
        reason = verdict.evidence[0].reason if verdict.evidence else "nothing speaks for any known tool"
        if verdict.label == "unknown" and verdict.next != "unknown":
            reason = f"most like {verdict.next}; {reason}"
        reason = f"{verdict.contradiction}; {reason}" if verdict.contradiction else reason
        cells += [f"{verdict.coverage:.1%}", f"{verdict.rate:.3g}", reason]
    style = "" if verdict.label == "unknown" else "bold"
    return [Text(cells[0], style=style), *(Text(cell) for cell in cells[1:])]


def _tool(verdict: Verdict) -> str:
    return f"{verdict.label} {verdict.version}" if verdict.version else verdict.label


def _around(document: Identification) -> list[str]:
    """What the table leaves out: scans, packets, warnings."""
    guessed = "inferred; give it with --telescope" if document.telescope_inferred else "given"
    scope = document.telescope if len(document.telescope) < 60 else f"{document.telescope[:57]}..."
    aside = ", ".join(f"{count:,} {kind}" for kind, count in document.counts.items() if count and kind != "probes")
    lines = [
        f"{len(document.verdicts)} scans in {document.counts.get('probes', 0):,} probes",
        f"Telescope: {scope}, {document.telescope_size:,} addresses ({guessed})",
        f"Set aside: {aside or 'nothing'}",
    ]
    if len(document.verdicts) > MANY:
        lines.append(f"{len(document.verdicts) - MANY} smaller scans are not shown; use --json for all")
    if document.too_short:
        lines.append(f"{document.too_short} streams have too few probes to say anything")
    for verdict in document.verdicts[:MANY]:
        lines += _walk(verdict)
    lines += [_campaign(campaign) for campaign in document.campaigns[:MANY]]
    if len(document.campaigns) > MANY:
        lines.append(f"{len(document.campaigns) - MANY} smaller campaigns are not shown; use --save for all")
    return lines + [f"Warning: {warning}" for warning in document.warnings]


def _campaign(campaign: Campaign) -> str:
    """One campaign: who, what, and what proves it."""
    ports = ", ".join(map(str, campaign.ports))
    return (
        f"Campaign {campaign.campaign}: {len(campaign.sources)} sources ({campaign.sources[0]} and others), "
        f"{campaign.label}, port {ports}, {campaign.coverage:.1%} covered. {campaign.proof}: {campaign.reason}"
    )


def _walk(verdict: Verdict) -> list[str]:
    """What a proven walk tells: how far the scan is, and what comes next."""
    walk = verdict.walk
    if walk is None:
        return []
    said = (
        f"{verdict.sources[0]} {verdict.ports[0]}: walk over {walk.over}, {walk.progress:.0%} done, "
        f"{_moment(walk.start_ns)} to {_moment(walk.end_ns)}, {walk.rate:,.0f} packets/s, loss {walk.loss:.0%}"
    )
    return [said, *(f"  next {one.address} at {_moment(one.time_ns)}" for one in walk.expected)]


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _duration(seconds: float) -> str:
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.1f} d"


def _evaluation(document: Evaluation) -> RenderableType:
    data = _table("Data", "label", "sources", "destinations", "ports", "days", "probes")
    for row in document.dataset:
        cells = (row.sources, row.destinations, row.ports, f"{row.days:.2f}", f"{row.probes:,}")
        data.add_row(Text(row.label), *map(str, cells))
    scores = _table("Scores", "movement", "what", "accuracy", "balanced", "MCC", "majority", "samples")
    for result in document.movements:
        for what, confusion in (("scanner", result.scanner), ("scanner and port", result.scanner_port)):
            scores.add_row(result.movement, what, *_scores(confusion), str(result.samples_tested))
    beside = _table("Beside the paper", "figure", "paper", "here")
    for figure in document.beside_the_paper:
        beside.add_row(Text(figure.name), f"{figure.paper:.3f}", f"{figure.ours:.3f}")
    side = _table("Methods side by side", "method", "accuracy", "balanced", "MCC", "samples")
    for one in document.methods:
        values = (one.accuracy, one.balanced_accuracy, one.mcc)
        side.add_row(one.method, *(f"{value:.3f}" for value in values), str(one.samples))
    sure = _table("Confidence of all evidence together", "sure", "right", "verdicts")
    for told in document.reliability:
        sure.add_row(f"{told.confidence:.0%}", f"{told.right:.0%}", str(told.count))
    confusions = [_confusion(result) for result in document.movements]
    tail = [
        table
        for table, rows in ((side, document.methods), (sure, document.reliability), (beside, document.beside_the_paper))
        if rows
    ]
    notes = [Text(f"Warning: {warning}") for warning in document.warnings]
    return Group(Text(document.title), data, scores, *confusions, *tail, Text(document.port_answer), *notes)


def _scores(confusion: Confusion) -> tuple[str, ...]:
    values = (confusion.accuracy, confusion.balanced_accuracy, confusion.mcc, confusion.majority_baseline)
    return tuple(f"{value:.3f}" for value in values)


def _confusion(result: MovementResult) -> Table:
    table = _table(f"{result.movement}: truth (rows) and what was said", "", *result.scanner.said)
    for name, counts in zip(result.scanner.truth, result.scanner.counts, strict=True):
        table.add_row(Text(name), *map(str, counts))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="left" if index == 0 else "right")
    return table
