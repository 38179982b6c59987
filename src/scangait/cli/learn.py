"""scangait learn: labelled probes in, a library out."""

from __future__ import annotations

import json
from collections import Counter

import click

from scangait.cli import options
from scangait.recipe import MOVEMENTS
from scangait.telescope import Telescope


@click.command(short_help="Learn a library from labelled probes.")
@options.inputs
@options.scope
@options.columns
@click.option("--movement", type=click.Choice(MOVEMENTS), default="joint", show_default=True)
@click.option("--paper", is_flag=True, help="The paper to the letter instead of our recipe.")
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False), help="The library to write.")
@options.as_json
@options.quiet
def command(
    captures: tuple[str, ...],
    scope: Telescope | None,
    columns: dict[str, str],
    movement: str,
    output: str,
    *,
    paper: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn a library from labelled probes (`scangait label` makes them) and write it to a file."""
    from typing import cast

    from scangait.capture import load
    from scangait.engine import Threads
    from scangait.recipe import Movement, Recipe
    from scangait.recognise.learn import learn
    from scangait.telescope import infer

    kind = cast("Movement", movement)
    recipe = Recipe.paper(kind) if paper else Recipe(movement=kind)
    with options.working("learning", quiet=quiet):
        probes = load(captures, columns=columns).probes
        library = learn(
            probes,
            scope or infer(probes.dst),
            recipe,
            engine=Threads(),
            provenance=f"learned from {', '.join(captures)}",
        )
        library.save(output)
    kept = Counter(candidate.label for candidate in library.candidates)
    if as_json:
        click.echo(json.dumps({"library": output, "candidates": dict(kept)}))
    elif not quiet:
        click.echo(f"{output}: " + ", ".join(f"{count} candidates of {name}" for name, count in sorted(kept.items())))
