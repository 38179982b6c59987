"""scangait show: a saved result again."""

from __future__ import annotations

from pathlib import Path

import click

from scangait.cli import options
from scangait.cli.output import deliver


@click.command(short_help="Show a saved result again.")
@click.argument("result", type=click.Path())
@click.option("--report", type=click.Path(dir_okay=False), help="Write one HTML page with pictures.")
@options.as_json
@options.quiet
def command(result: str, report: str | None, *, as_json: bool, quiet: bool) -> None:
    """Show a RESULT that --save wrote: identification or evaluation."""
    from scangait.recognise.results import load

    deliver(load(Path(result)), as_json=as_json, quiet=quiet, save=None, report=report)
