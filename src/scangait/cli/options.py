"""Options that several commands share, and how their words become values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scangait.telescope import Telescope

inputs = click.argument("captures", nargs=-1, required=True)
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress, no table.")
as_json = click.option("--json", "as_json", is_flag=True, help="JSON lines on standard output.")


def _scope(ctx: click.Context, param: click.Parameter, value: str | None) -> Telescope | None:
    del ctx, param
    from scangait.telescope import telescope

    return telescope(value) if value else None


def _columns(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, str]:
    del ctx, param
    if not value:
        return {}
    pairs = [word.partition("=") for word in value.split(",")]
    if not all(ours and sign and theirs for ours, sign, theirs in pairs):
        raise click.BadParameter(f"{value!r}: write time=ts,dst=id.resp_h")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


scope: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--telescope", "scope", metavar="PREFIXES", callback=_scope, help="Dark prefixes, for example 198.51.100.0/24."
)
columns: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--columns", metavar="OURS=THEIRS,...", callback=_columns, help="Column names of your row files."
)


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show on a terminal's standard error that work goes on."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
