"""Evaluation: the paper's protocol (section IV) on labelled probes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import SampleError
from scangait.evidence.library import CHANCE
from scangait.evidence.movement import per_movement
from scangait.gait.movements import movements
from scangait.gait.samples import NANOSECOND, Sample, samples
from scangait.gait.streams import by_label
from scangait.probes import Probes, in_time_order, take
from scangait.recipe import MOVEMENTS, Movement, Recipe
from scangait.recognise.candidates import chosen, groups, scaled_rows
from scangait.recognise.confusion import confusion
from scangait.recognise.learn import Fitted, candidates, fit, sub_matrix, training_set
from scangait.recognise.results import (
    CandidateRow,
    DatasetRow,
    Evaluation,
    LikelihoodMatrix,
    MixturePicture,
    MovementResult,
    PaperFigure,
    SampleRow,
)
from scangait.telescope import Telescope

LEARN_SHARE: Final = 0.10
TEST_SHARE: Final = 0.05
PUBLISHED: Final = {"spatial": (0.952, 0.868, 0.805), "temporal": (0.977, 0.987, 0.920)}
"""The paper's accuracy, balanced accuracy and MCC."""
PRIVILEGED: Final = 1024
"""The paper compares the ports below this that all labels have in common."""
PICTURES: Final = 4
BINS: Final = 60
PAPER: Final = (Recipe.paper("spatial"), Recipe.paper("temporal"), Recipe.paper("joint"))
DAY_NS: Final = 86_400_000_000_000


def evaluate(
    probes: Probes,
    scope: Telescope,
    recipes: Sequence[Recipe] = PAPER,
    *,
    seed: int = 0,
    learn_share: float = LEARN_SHARE,
    test_share: float = TEST_SHARE,
    engine: Engine | None = None,
    title: str = "The paper's protocol",
    simulated: bool = False,
) -> Evaluation:
    """Learn on one consecutive slice of each (label, port), test on another that is disjoint; once for each recipe.

    Raises SampleError without two labels that share a port below 1024, or when nothing is left to learn or test.
    """
    if probes.label is None:
        raise SampleError("evaluate: no probe has a label; label them first with `scangait label`")
    probes = in_time_order(take(probes, probes.label != ""))
    ports = common_ports(probes)
    rng = np.random.default_rng(seed)
    learning, testing = sliced(probes, ports, rng, learn_share, test_share)
    run = engine or Serial()
    results = [_movement(learning, testing, scope, recipe, run, rng) for recipe in recipes]
    shown = samples(learning, by_label(learning), scope, recipes[0])
    recipe_text = {name: str(getattr(recipes[0], name)) for name in recipes[0].__slots__}
    return Evaluation(
        title=title,
        simulated=simulated,
        recipe=recipe_text | {"movement": ", ".join(recipe.movement for recipe in recipes), "seed": str(seed)},
        dataset=tuple(_dataset(probes)),
        common_ports=tuple(ports),
        samples=tuple(_sample_row(sample) for sample in shown),
        movements=tuple(results),
        port_answer=port_answer(results),
    )


def beside_the_paper(result: Evaluation) -> Evaluation:
    """The result with the paper's figures beside ours (De Santis et al. 2018; it has none for joint movements)."""
    figures = tuple(
        PaperFigure(name=f"{movement.movement}, {name}", paper=paper, ours=ours)
        for movement in result.movements
        if movement.movement in PUBLISHED
        for name, paper, ours in zip(
            ("accuracy", "balanced accuracy", "MCC"),
            PUBLISHED[movement.movement],
            (movement.scanner.accuracy, movement.scanner.balanced_accuracy, movement.scanner.mcc),
            strict=True,
        )
    )
    return msgspec.structs.replace(result, beside_the_paper=figures)


def common_ports(probes: Probes) -> list[int]:
    """Ports below 1024 that every label has probed. Raises SampleError where there are none, or only one label."""
    names = np.unique(probes.label).tolist() if probes.label is not None else []
    shared = [set(np.unique(probes.dport[probes.label == name]).tolist()) for name in names]
    ports = sorted(port for port in set.intersection(*shared) if port < PRIVILEGED) if shared else []
    if len(names) < 2 or not ports:
        raise SampleError(
            f"evaluate: labels {', '.join(names) or 'none'} share no port below {PRIVILEGED}; "
            "at least two labels have to probe the same port"
        )
    return ports


def sliced(
    probes: Probes, ports: list[int], rng: np.random.Generator, learn_share: float, test_share: float
) -> tuple[Probes, Probes]:
    """Of each (label, port) two disjoint runs of consecutive probes, each with a random start."""
    learning, testing = [], []
    for name in np.unique(probes.label).tolist() if probes.label is not None else []:
        for port in ports:
            own = np.flatnonzero((probes.label == name) & (probes.dport == port))
            first, second = int(len(own) * learn_share), int(len(own) * test_share)
            start = int(rng.integers(0, len(own) - first + 1))
            before, after = own[:start], own[start + first :]
            room = [part for part in (before, after) if len(part) >= second]
            rest = room[int(rng.integers(0, len(room)))] if room else own[:0]
            place = int(rng.integers(0, len(rest) - second + 1)) if len(rest) else 0
            learning.append(own[start : start + first])
            testing.append(rest[place : place + second])
    parts = [in_time_order(take(probes, np.concatenate(part))) for part in (learning, testing)]
    return parts[0], parts[1]


def port_answer(results: Sequence[MovementResult]) -> str:
    """The paper's question, in one sentence with its numbers."""
    best = max(results, key=lambda result: result.scanner_port.balanced_accuracy)
    classes = len(best.scanner_port.truth) or 1
    score, blind = (
        best.scanner_port.balanced_accuracy,
        best.scanner.balanced_accuracy / classes * len(best.scanner.truth),
    )
    verdict = "behaves differently by port" if score > 2 * blind else "does not behave differently by port"
    return (
        f"Does a scanner behave differently by port? The tool and port together are named right with balanced accuracy "
        f"{score:.2f} ({best.movement}); knowing the tool and guessing the port gives {blind:.2f}: "
        f"a scanner {verdict} here."
    )


def _movement(
    learning: Probes, testing: Probes, scope: Telescope, recipe: Recipe, engine: Engine, rng: np.random.Generator
) -> MovementResult:
    started = time.perf_counter()
    learned = training_set(samples(learning, by_label(learning), scope, recipe), recipe, rng)
    if len({sample.label for sample in learned}) < 2:
        raise SampleError(f"evaluate: {len(learned)} samples of fewer than two labels to learn from; give more probes")
    fitted = fit(learned, scope.size, recipe, engine)
    kept = candidates(fitted, replace(recipe, per_port=True), rng, engine)
    middle = time.perf_counter()
    tested = samples(testing, by_label(testing), scope, replace(recipe, drop_short_samples=False))
    if not tested:
        raise SampleError("evaluate: no sample is left to test with; give more probes or a larger test share")
    best = per_movement(tested, kept, scope.size, recipe, engine).argmax(axis=1)
    truth, said = [sample.label for sample in tested], [kept[i].label for i in best]
    truth_port = [f"{sample.label}-{sample.port}" for sample in tested]
    said_port = [f"{kept[i].label}-{kept[i].port}" for i in best]
    return MovementResult(
        movement=recipe.movement,
        samples_learned=len(learned),
        samples_tested=len(tested),
        scanner=confusion(truth, said),
        scanner_port=confusion(truth_port, said_port),
        candidates=tuple(
            CandidateRow(label=c.label, port=c.port, states=len(c.model.start), members=c.members)
            for c in kept
            if c.label != CHANCE
        ),
        mixtures=tuple(_pictures(fitted, recipe, scope.size)),
        matrices=tuple(_matrices(fitted, recipe, engine, rng)),
        learn_seconds=middle - started,
        test_seconds=time.perf_counter() - middle,
    )


def _pictures(fitted: Fitted, recipe: Recipe, size: int) -> list[MixturePicture]:
    """Histogram and mixture of the last dimension, for the first sample of each label."""
    shown: dict[str, int] = {}
    for index, sample in enumerate(fitted.samples):
        shown.setdefault(sample.label, index)
    return [_picture(fitted, index, recipe, size) for index in list(shown.values())[:PICTURES]]


def _picture(fitted: Fitted, index: int, recipe: Recipe, size: int) -> MixturePicture:
    sample, mixture = fitted.samples[index], fitted.mixtures[index]
    values = movements([sample], size, recipe).x[:, -1]
    low, high = np.quantile(values, [0.005, 0.995])
    shy = max(0.0, np.sqrt(mixture.variances[:, -1].max()) - (high - low)) * 2  # room to see a narrow Gaussian whole
    low, high = low - shy, high + shy
    inside = values[(values >= low) & (values <= high)]
    density, edges = np.histogram(inside, bins=BINS, range=(low, high), density=True)
    space = "step in addresses" if recipe.scale == "raw" else "step around the last octet"
    pause = "gap in seconds" if recipe.scale == "raw" else "logarithm of gap over mean gap"
    return MixturePicture(
        label=sample.label,
        port=sample.port,
        movement=recipe.movement,
        axis=space if recipe.movement == "spatial" else pause,
        edges=tuple(edges.tolist()),
        density=tuple(density.tolist()),
        weights=tuple(mixture.weights.tolist()),
        means=tuple(mixture.means[:, -1].tolist()),
        variances=tuple(mixture.variances[:, -1].tolist()),
    )


def _matrices(fitted: Fitted, recipe: Recipe, engine: Engine, rng: np.random.Generator) -> list[LikelihoodMatrix]:
    """Fig. 4 for the (label, port) pairs with the most models."""
    kinds: dict[tuple[str, int], list[int]] = {}
    for index, sample in enumerate(fitted.samples):
        kinds.setdefault((sample.label, sample.port), []).append(index)
    largest = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))[:PICTURES]
    return [_matrix(kind, sub_matrix(fitted, members[:80], engine), recipe, rng) for kind, members in largest]


def _matrix(
    kind: tuple[str, int], matrix: NDArray[np.float64], recipe: Recipe, rng: np.random.Generator
) -> LikelihoodMatrix:
    group = groups(matrix, recipe)
    return LikelihoodMatrix(
        label=kind[0],
        port=kind[1],
        movement=recipe.movement,
        values=tuple(tuple(row) for row in scaled_rows(matrix).tolist()),
        groups=tuple(group.tolist()),
        candidates=tuple(pick for pick, _ in chosen(matrix, group, recipe, rng)),
    )


def _dataset(probes: Probes) -> list[DatasetRow]:
    rows = []
    for name in np.unique(probes.label).tolist() if probes.label is not None else []:
        own = take(probes, probes.label == name)
        rows.append(
            DatasetRow(
                label=name,
                sources=len(np.unique(own.src)),
                destinations=len(np.unique(own.dst)),
                ports=len(np.unique(own.dport)),
                days=float((own.time_ns.max() - own.time_ns.min()) / DAY_NS),
                probes=len(own),
            )
        )
    return rows


def _sample_row(sample: Sample) -> SampleRow:
    return SampleRow(
        label=sample.label,
        port=sample.port,
        probes=len(sample.members),
        addresses=len(np.unique(sample.place)),
        seconds=float((sample.time_ns[-1] - sample.time_ns[0]) * NANOSECOND),
    )


def movement_recipes(recipe: Recipe, kinds: Sequence[Movement] = MOVEMENTS) -> tuple[Recipe, ...]:
    """The same recipe for several kinds of movement."""
    return tuple(replace(recipe, movement=kind) for kind in kinds)
