"""Learning: labelled samples in, a library out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import log2

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import SampleError
from scangait.evidence.intensity import LEAST, extent
from scangait.evidence.library import CHANCE, Candidate, Intensity, Library
from scangait.gait.disturb import disturb
from scangait.gait.intensity import counts
from scangait.gait.movements import Movements, floor, gather, movements
from scangait.gait.samples import Sample, pieces, samples
from scangait.gait.streams import by_label
from scangait.model.baum_welch import fit_hmms
from scangait.model.hmm import HMM, from_mixture
from scangait.model.mixture import Mixture, fit_mixtures
from scangait.model.poisson import PoissonHMM, fits
from scangait.probes import Probes
from scangait.recipe import Recipe
from scangait.recognise.candidates import chosen, groups, likelihood_matrix
from scangait.telescope import Telescope


@dataclass(frozen=True, slots=True)
class Fitted:
    """One model per learning sample: the `samples`, their `moves`, the `mixtures` chosen by BIC and the `models`."""

    samples: tuple[Sample, ...]
    moves: Movements
    mixtures: tuple[Mixture, ...]
    models: tuple[HMM, ...]


def learn(
    probes: Probes,
    scope: Telescope,
    recipe: Recipe | None = None,
    *,
    engine: Engine | None = None,
    provenance: str = "",
) -> Library:
    """Learn a library from labelled probes.

    Raises SampleError when no label, or no sample of any label, is left to learn from.
    """
    recipe = recipe or Recipe()
    if probes.label is None or not np.any(probes.label != ""):
        raise SampleError("learn: no probe has a label; label them first with `scangait label`")
    found = samples(probes, by_label(probes), scope, recipe)
    seen, kept = np.unique(probes.label[probes.label != ""], return_counts=True), {sample.label for sample in found}
    for name, count in zip(*seen, strict=True):
        if found and name not in kept:
            raise SampleError(
                f"learn: label {name!r} has {count} probes, but no sample of over {recipe.min_movements} movements; "
                "capture more of it, or leave it out"
            )
    return learn_samples(found, scope.size, recipe, engine=engine or Serial(), provenance=provenance)


def learn_samples(found: list[Sample], size: int, recipe: Recipe, *, engine: Engine, provenance: str = "") -> Library:
    """Learn a library from labelled samples of telescopes of one `size`."""
    if not found:
        raise SampleError(f"learn: no sample has more than {recipe.min_movements} movements; capture for longer")
    rng = np.random.default_rng(recipe.seed)
    fitted = fit(training_set(found, recipe, rng), size, recipe, engine)
    kept = candidates(fitted, recipe, rng, engine)
    if recipe.scale != "relative":
        return Library(tuple(kept), recipe, size, provenance)
    kept += [_chance(size, recipe, rng, engine)]
    paces = intensities(list(fitted.samples), recipe, engine)
    return Library(tuple(kept), recipe, size, provenance, intensities=tuple(paces))


def training_set(found: list[Sample], recipe: Recipe, rng: np.random.Generator) -> list[Sample]:
    """The samples in pieces of one window, each also with every jitter and loss of the recipe put on it."""
    cut = [piece for sample in found for piece in (pieces(sample, recipe.window) if recipe.window else [sample])]
    varied = [
        disturb(piece, rng, jitter_s=jitter, loss=loss) if jitter or loss else piece
        for piece in cut
        for jitter in recipe.jitters_s
        for loss in recipe.losses
    ]
    return [sample for sample in varied if len(sample.members) > recipe.min_movements]


def fit(found: list[Sample], size: int, recipe: Recipe, engine: Engine) -> Fitted:
    """One mixture by BIC and one HMM by Baum-Welch for each sample."""
    moves = movements(found, size, recipe)
    least = floor(size, recipe)
    mixtures = fit_mixtures(moves.x, moves.ends, floor=least, max_states=recipe.max_states, engine=engine)
    starts = [0, *moves.ends[:-1].tolist()]
    first = [
        from_mixture(mixture, moves.x[a:b]) for mixture, a, b in zip(mixtures, starts, moves.ends.tolist(), strict=True)
    ]
    models = [result.hmm for result in fit_hmms(moves.x, moves.ends, first, floor=least, engine=engine)]
    return Fitted(tuple(found), moves, tuple(mixtures), tuple(models))


def candidates(fitted: Fitted, recipe: Recipe, rng: np.random.Generator, engine: Engine) -> list[Candidate]:
    """Group the models of each label (and port, if the recipe says so) and keep one of each group."""
    kinds: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, sample in enumerate(fitted.samples):
        kinds[sample.label, sample.port if recipe.per_port else 0].append(index)
    return [
        candidate
        for (label, port), members in sorted(kinds.items())
        for candidate in _of_kind(fitted, members, (label, port), recipe, rng, engine)
    ]


def sub_matrix(fitted: Fitted, members: list[int], engine: Engine) -> np.ndarray:
    """Square log-likelihood matrix of some samples under their own models."""
    starts = np.r_[0, fitted.moves.ends[:-1]]
    own = gather([fitted.moves.x[starts[i] : fitted.moves.ends[i]] for i in members])
    return likelihood_matrix(own.x, own.ends, [fitted.models[i] for i in members], engine)


def _of_kind(
    fitted: Fitted,
    members: list[int],
    kind: tuple[str, int],
    recipe: Recipe,
    rng: np.random.Generator,
    engine: Engine,
) -> list[Candidate]:
    matrix = sub_matrix(fitted, members, engine)
    picks = chosen(matrix, groups(matrix, recipe), recipe, rng)
    return [Candidate(*kind, count, fitted.models[members[pick]]) for pick, count in picks]


def intensities(found: list[Sample], recipe: Recipe, engine: Engine) -> list[Intensity]:
    """One model for all samples of a label that are about equally bursty (within a factor of 2), and one of chance."""
    kinds: dict[tuple[str, int], list[NDArray[np.int64]]] = defaultdict(list)
    for sample in found:
        windows = counts(sample, recipe)
        if len(windows) >= LEAST:
            kinds[sample.label, max(round(log2(max(extent(windows)[2], 1.0))), 0)].append(windows)
    kinds = {kind: parts for kind, parts in kinds.items() if len(parts) >= recipe.min_points}
    laid = [(np.concatenate(parts), np.cumsum([len(part) for part in parts])) for _, parts in sorted(kinds.items())]
    models = fits(laid, recipe.max_states, engine)
    kept = [
        Intensity(label, len(ends), model)
        for (label, _), (_, ends), model in zip(sorted(kinds), laid, models, strict=True)
    ]
    # A Poisson process that is cut into windows of its own mean gaps has just this rate in each of them.
    even = PoissonHMM(np.ones(1), np.ones((1, 1)), np.array([float(recipe.window_gaps)]))
    return [*kept, Intensity(CHANCE, 1, even)]


def _chance(size: int, recipe: Recipe, rng: np.random.Generator, engine: Engine) -> Candidate:
    """A random walk, simulated: uniform addresses at exponential gaps, learned as any scan is."""
    count = (recipe.window or 1000) * 4
    time_ns = np.cumsum(rng.exponential(1e9, count)).astype(np.int64)
    place = rng.integers(0, size, count)
    walk = Sample(np.arange(count), place, time_ns, np.zeros(count - 1, np.bool_), CHANCE, 0)
    fitted = fit([walk], size, replace(recipe, max_states=min(recipe.max_states, 5)), engine)
    return Candidate(CHANCE, 0, 1, fitted.models[0])
