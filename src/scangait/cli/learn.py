"""scangait learn: labelled probes in, a library out."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from scangait.cli import options
from scangait.recipe import MOVEMENTS

if TYPE_CHECKING:
    from scangait.telescope import Telescope


@click.command(short_help="Learn a library from labelled probes.")
@click.argument("captures", nargs=-1)
@options.scope
@options.columns
@click.option("--movement", type=click.Choice(MOVEMENTS), default="joint", show_default=True)
@click.option("--simulate", is_flag=True, help="From simulated scans of --telescope, without data.")
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
    simulate: bool,
    paper: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn a library from labelled probes (`scangait label` makes them) and write it to a file.

    With --simulate it is learned from simulated scans as --telescope would see them, without any capture.
    """
    from dataclasses import replace
    from typing import cast

    from scangait.capture import load
    from scangait.engine import Threads
    from scangait.evidence.library import Library
    from scangait.recipe import Movement, Recipe
    from scangait.recognise.learn import learn, learn_samples
    from scangait.telescope import infer

    kind = cast("Movement", movement)
    recipe = Recipe.paper(kind) if paper else Recipe(movement=kind)
    if simulate == bool(captures):
        raise click.UsageError("give labelled CAPTURES, or --simulate with --telescope PREFIXES")
    if simulate and scope is None:
        raise click.UsageError("--simulate needs --telescope PREFIXES: what it learns fits that telescope")
    with options.working("learning", quiet=quiet):
        if simulate and scope is not None:
            import numpy as np

            from scangait.recognise.calibrate import TRIALS, calibrated
            from scangait.simulate.training import training
            from scangait.simulate.trials import trials

            source = f"simulated scans of {scope}; no real packet"
            learned = learn_samples(training(scope, recipe), scope.size, recipe, engine=Threads(), provenance=source)
            held = trials(scope, TRIALS, np.random.default_rng(recipe.seed + 1))
            library = replace(learned if paper else calibrated(learned, held, scope, Threads()), simulated=True)
        else:
            probes = load(captures, columns=columns).probes
            source = f"learned from {', '.join(captures)}"
            learned = learn(probes, scope or infer(probes.dst), recipe, engine=Threads(), provenance=source)
            library = replace(learned, calibrations=Library.bundled().calibrations)
        library.save(output)
    kept = Counter(candidate.label for candidate in library.candidates)
    if as_json:
        click.echo(json.dumps({"library": output, "candidates": dict(kept)}))
    elif not quiet:
        said = "learned from simulated data: " if simulate else ""
        click.echo(
            f"{said}{output}: " + ", ".join(f"{count} candidates of {name}" for name, count in sorted(kept.items()))
        )
