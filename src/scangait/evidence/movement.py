"""Movement as evidence: how likely the walk is under the candidate models of each label, against a random walk."""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.evidence import typical
from scangait.evidence.case import Case
from scangait.evidence.finding import Said, Why, nothing
from scangait.evidence.library import CHANCE, Candidate
from scangait.gait.movements import movements
from scangait.gait.samples import Sample, part
from scangait.model.score import score
from scangait.recipe import Recipe
from scangait.scanners import SCANNERS

MOST_BITS: Final = 20.0
PIECES: Final = 4
"""Of a long sample so many pieces are looked at, each of as many movements as count; more hardly change their mean."""


def per_movement(
    samples: list[Sample], candidates: list[Candidate], size: int, recipe: Recipe, engine: Engine
) -> NDArray[np.float64]:
    """Log-likelihood per movement (S, M), natural logarithm, of each sample under each candidate."""
    moves = movements(samples, size, recipe)
    lengths = np.diff(moves.ends, prepend=0)
    models = [candidate.model for candidate in candidates]
    return score(moves.x, moves.ends, models, engine=engine) / np.maximum(lengths, 1)[:, None]


def best_by_label(fit: NDArray[np.float64], candidates: list[Candidate]) -> tuple[list[str], NDArray[np.float64]]:
    """The labels (L,) in alphabetical order, and each sample's best log-likelihood per movement under them (S, L)."""
    labels = np.array([candidate.label for candidate in candidates])
    names = sorted(set(labels.tolist()))
    return names, np.stack([fit[:, labels == name].max(axis=1) for name in names], axis=1)


def gains(case: Case) -> tuple[list[str], NDArray[np.float64]]:
    """The labels (L,) and how much better than a random walk each sample fits them, nats per movement (S, L).

    A label with many candidates has many tries: their likelihoods are averaged.
    """
    library = case.library
    candidates = list(library.candidates)
    looked = [_pieces(sample, library.recipe) for sample in case.samples]
    first = np.cumsum([0, *(len(pieces) for pieces in looked[:-1])])
    every = [piece for pieces in looked for piece in pieces]
    fit = per_movement(every, candidates, case.scope.size, library.recipe, case.engine)
    fit = np.add.reduceat(fit, first) / np.array([len(pieces) for pieces in looked])[:, None]  # pieces are equally long
    weight = np.minimum([len(sample.broken) for sample in case.samples], library.recipe.full_weight)[:, None]
    labels = np.array([candidate.label for candidate in candidates])
    names = [name for name in sorted(set(labels.tolist())) if name != CHANCE]
    chance = fit[:, labels == CHANCE].max(axis=1, initial=-np.inf) if CHANCE in labels else np.zeros(len(fit))
    gain = np.stack([_mean(fit[:, labels == name], weight) - chance for name in names], axis=1)
    for column, name in enumerate(names):
        if name in SCANNERS and SCANNERS[name].blends:  # seen from afar, what blends moves as chance does
            gain[:, column] = np.maximum(gain[:, column], 0)
    return names, gain


def _pieces(sample: Sample, recipe: Recipe) -> list[Sample]:
    """The sample, or pieces of one that is too long, spread evenly over it."""
    length = recipe.full_weight
    if len(sample.broken) <= PIECES * length:
        return [sample]
    last = len(sample.broken) - length
    starts = (last * piece // (PIECES - 1) for piece in range(PIECES))
    return [part(sample, slice(start, start + length + 1)) for start in starts]


def _mean(fit: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per-movement log-likelihood (S,) of the average of models, from theirs (S, M) and movements that count (S, 1)."""
    total = np.ascontiguousarray(fit * weight)  # so that a row is added up alike whatever rows there are beside it
    top = total.max(axis=1, keepdims=True)
    return np.asarray((top[:, 0] + np.log(np.exp(total - top).mean(axis=1))) / weight[:, 0])


def said(case: Case) -> Said:
    """Bits for each label from each sample's movements, against a random walk.

    Successive movements are not independent, so no more than `recipe.full_weight` of them count. The best of all labels
    gets at most MOST_BITS; the others as much less as they fit worse. A sample that fits a tool worse (or better) than
    that tool's own scans do loses as many bits as that is rare.
    """
    if not case.samples:
        return nothing("movement", 0)
    library = case.library
    names, gain = gains(case)
    counts = np.array([len(sample.broken) for sample in case.samples])
    odd = [typical.shares(library.typical, name, counts, gain[:, column]) for column, name in enumerate(names)]
    shares = np.stack(odd, axis=1)
    weight = np.minimum(counts, library.recipe.full_weight)[:, None] / log(2)
    best = gain.max(axis=1, keepdims=True)
    bits = np.minimum(best * weight, MOST_BITS) - np.minimum((best - gain) * weight, 2 * MOST_BITS) + np.log2(shares)

    def why(row: int, column: int) -> Why:
        name, value, share = names[column], float(gain[row, column]), float(shares[row, column])
        compared = "fit" if value >= 0 else "fit worse than a random walk does:"
        each = f"{value / log(2):+.2f} bits each above chance"
        reason = f"{counts[row]} {library.recipe.movement} movements {compared} {name}'s gait ({each})"
        if share < typical.AT[1]:
            reason += f", as oddly as {share:.2%} of its own scans do"
        return Why(reason)

    return Said("movement", tuple(names), bits, why)
