"""scangait evaluate: labelled probes in, the paper's tables and figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scangait.cli import options

if TYPE_CHECKING:
    from scangait.probes import Probes
    from scangait.recognise.results import Evaluation
    from scangait.telescope import Telescope


@click.command(short_help="Run the paper's protocol on labelled probes.")
@click.argument("captures", nargs=-1)
@options.scope
@options.columns
@click.option("--paper", is_flag=True, help="On simulated data of the paper's size (Table I), not captures.")
@click.option(
    "--evidence",
    metavar="A,B,...",
    help="Set methods side by side: spatial, temporal, joint, mixture, intensity, coverage, signature, walk, all.",
)
@click.option("--ours", is_flag=True, help="Our recipe instead of the paper's.")
@click.option("--learn-share", type=click.FloatRange(0, 1, min_open=True), default=0.10, show_default=True)
@click.option("--test-share", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the random starts of the slices.")
@click.option("--report", type=click.Path(dir_okay=False), help="Write one HTML page with pictures.")
@click.option("--save", type=click.Path(dir_okay=False), help="Save the result; `scangait show` shows it again.")
@options.as_json
@options.quiet
def command(
    captures: tuple[str, ...],
    scope: Telescope | None,
    columns: dict[str, str],
    learn_share: float,
    test_share: float,
    evidence: str | None,
    seed: int,
    *,
    report: str | None,
    save: str | None,
    paper: bool,
    ours: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn on 10 % of labelled CAPTURES and test on 5 %, for spatial, temporal and joint movements."""
    from scangait.capture import load
    from scangait.cli.output import deliver
    from scangait.engine import Threads
    from scangait.recipe import Recipe
    from scangait.recognise.evaluate import beside_the_paper, evaluate, movement_recipes
    from scangait.telescope import infer

    if learn_share + test_share > 1:
        raise click.BadParameter("the two shares are more than the whole", param_hint="--learn-share, --test-share")
    if paper == bool(captures):
        raise click.UsageError("give labelled CAPTURES, or --paper")
    with options.working("evaluating", quiet=quiet):
        if paper:
            from scangait.simulate.paper import dataset

            probes, scope = dataset(seed)
        else:
            probes = load(captures, columns=columns).probes
        result = evaluate(
            probes,
            scope or infer(probes.dst),
            movement_recipes(Recipe() if ours else Recipe.paper()),
            seed=seed,
            learn_share=learn_share,
            test_share=test_share,
            engine=Threads(),
            title="The paper's experiment on simulated data" if paper else "The paper's protocol",
            simulated=paper,
        )
        if evidence:
            shares = (learn_share, test_share)
            result = _beside(result, probes, scope or infer(probes.dst), evidence, seed, shares)
    if paper:
        result = beside_the_paper(result)
    deliver(result, as_json=as_json, quiet=quiet, save=save, report=report)


def _beside(
    result: Evaluation, probes: Probes, scope: Telescope, evidence: str, seed: int, shares: tuple[float, float]
) -> Evaluation:
    """The result with the methods named in `evidence` side by side."""
    from msgspec.structs import replace

    from scangait.engine import Threads
    from scangait.recognise.compare import compare

    methods = tuple(word.strip() for word in evidence.split(","))
    try:
        found = compare(
            probes, scope, methods, seed=seed, engine=Threads(), learn_share=shares[0], test_share=shares[1]
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--evidence") from error
    return replace(result, methods=found.methods, reliability=found.reliability)
