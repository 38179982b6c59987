"""scangait identify: captures in, verdicts out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scangait.cli import options

if TYPE_CHECKING:
    from scangait.telescope import Telescope


@click.command(short_help="Say which tool makes each scan in a capture.")
@options.inputs
@options.scope
@options.columns
@click.option("--library", type=click.Path(), help="A library of your own; the bundled one otherwise.")
@click.option(
    "--evidence",
    default="movement,intensity,coverage,signature,walk,sources",
    show_default=True,
    help="Kinds of evidence to listen to.",
)
@click.option(
    "--false-alarm",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.01,
    show_default=True,
    help="Share of scans by unknown tools that may be named all the same; 1: never say unknown.",
)
@click.option("--sources", type=click.Path(), help="CSV of prefix,label[,date] of known scanners.")
@click.option("--blocked", default="", metavar="PREFIXES", help="Addresses that scanners are known to leave out.")
@click.option("--predict", type=click.IntRange(0), default=0, help="Say the next N probes of each proven walk.")
@click.option("--mask", is_flag=True, help="Leave the telescope's addresses out of every output.")
@click.option("--report", type=click.Path(dir_okay=False), help="Write one HTML page with pictures.")
@click.option("--save", type=click.Path(dir_okay=False), help="Save the result; `scangait show` shows it again.")
@options.as_json
@options.quiet
def command(
    captures: tuple[str, ...],
    scope: Telescope | None,
    columns: dict[str, str],
    library: str | None,
    evidence: str,
    *,
    false_alarm: float,
    sources: str | None,
    blocked: str,
    predict: int,
    report: str | None,
    save: str | None,
    mask: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say which tool makes each scan in CAPTURES: files, globs, folders, or "-" for standard input."""
    from scangait.capture import load
    from scangait.evidence.kinds import KINDS
    from scangait.evidence.library import Library
    from scangait.evidence.listed import source_list
    from scangait.recognise import classify
    from scangait.recognise.asked import Asked
    from scangait.recognise.rehearsal import rehearsed
    from scangait.telescope import telescope

    kinds = tuple(word.strip() for word in evidence.split(","))
    if not set(kinds) <= set(KINDS):
        raise click.BadParameter(f"{evidence!r}: choose from {', '.join(KINDS)}", param_hint="--evidence")
    known = Library.load(library) if library else Library.bundled()
    if blocked:
        telescope(blocked)  # a prefix that does not parse is said before the work begins
    listed = source_list(Path(sources)) if sources else None
    asked = Asked(kinds, false_alarm, predict, blocked, listed)
    with rehearsed(known), options.working("reading and identifying", quiet=quiet):
        result = classify.report(load(captures, columns=columns), known, scope, captures, asked)
    from scangait.cli.output import deliver
    from scangait.recognise.results import masked

    if mask:
        result = masked(result)
    deliver(result, as_json=as_json, quiet=quiet, save=save and Path(save), report=report and Path(report))
