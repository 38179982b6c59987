"""scangait label: captures in, labelled Parquet out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from scangait.cli import options


@click.command(short_help="Name the tool of each probe.")
@options.inputs
@options.columns
@click.option("--sources", type=click.Path(), help="CSV of prefix,label[,date] of known scanners.")
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False), help="The Parquet file to write.")
@options.as_json
@options.quiet
def command(
    captures: tuple[str, ...], columns: dict[str, str], sources: str | None, output: str, *, as_json: bool, quiet: bool
) -> None:
    """Name the tool of each probe in CAPTURES by its header marks, then by a list of sources; write Parquet."""
    from scangait.capture import batches
    from scangait.capture.parquet_write import write_parquet
    from scangait.evidence.labels import label
    from scangait.evidence.listed import source_list
    from scangait.probes import Probes, labelled

    known = source_list(Path(sources)) if sources else None
    reasons: Counter[tuple[str, str]] = Counter()
    conflicts = 0
    warnings: list[str] = []

    def named() -> Iterator[Probes]:
        nonlocal conflicts
        for batch in batches(captures, columns=columns):
            found = label(batch.probes, known)
            reasons.update(found.reasons)
            conflicts += found.conflicts
            warnings.extend(batch.tally.warnings)
            yield labelled(batch.probes, found.label)

    with options.working("labelling", quiet=quiet):
        total = write_parquet(Path(output), named())
    unnamed = total - sum(reasons.values())
    if as_json:
        for (name, reason), count in sorted(reasons.items()):
            click.echo(json.dumps({"label": name, "reason": reason, "probes": count}))
        click.echo(json.dumps({"label": "", "reason": "nothing known", "probes": unnamed, "conflicts": conflicts}))
    elif not quiet:
        for (name, reason), count in reasons.most_common():
            click.echo(f"{count:>12,}  {name:<12} {reason}")
        click.echo(f"{unnamed:>12,}  {'':<12} no label\n{conflicts:>12,}  {'':<12} with conflicting reasons")
        for warning in warnings:
            click.echo(f"Warning: {warning}", err=True)
