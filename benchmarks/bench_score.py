"""Scoring: every sequence under every model."""

from __future__ import annotations

import numpy as np

from benchmarks.models import a_model, hmmlearn_of, sequences
from benchmarks.peers import dynamax_score, pomegranate_score
from benchmarks.timing import race
from scangait.model.score import score

LENGTH, SEQUENCES, MODELS, FEW = 300, 64, 64, 4
HEADER = ("dims", "m", "ours, M obs x models /s", "hmmlearn log", "hmmlearn scaling", "dynamax", "pomegranate")


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row of the table: our rate, and how many times as long the others take per observation and model."""
    rng = np.random.default_rng(100 * dims + states)
    hmms = [a_model(rng, states, dims) for _ in range(MODELS)]
    parts = sequences(rng, hmms[:SEQUENCES], LENGTH)
    x, ends = np.concatenate(parts), LENGTH * np.arange(1, SEQUENCES + 1)
    few, short = hmms[:FEW], LENGTH * FEW
    log, scaling = ([hmmlearn_of(hmm, kind) for hmm in few] for kind in ("log", "scaling"))
    contestants = {
        "ours": lambda: score(x, ends, hmms),
        "log": lambda: [peer.score(x[:short], [LENGTH] * FEW) for peer in log],
        "scaling": lambda: [peer.score(x[:short], [LENGTH] * FEW) for peer in scaling],
        "dynamax": dynamax_score(np.stack(parts), hmms),
    }
    work = dict.fromkeys(contestants, len(x) * MODELS) | {"log": short * FEW, "scaling": short * FEW}
    pomegranate = pomegranate_score(np.stack(parts), few)
    if pomegranate:
        contestants["pomegranate"], work["pomegranate"] = pomegranate, len(x) * FEW
    each = {name: seconds / work[name] for name, seconds in race(contestants).items()}
    rate = 1e-6 / each["ours"]
    ratios = [
        each[name] / each["ours"] if name in each else None for name in ("log", "scaling", "dynamax", "pomegranate")
    ]
    return dims, states, rate, *ratios


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return [measure(dims, states) for dims in (1, 2) for states in range(2, 8)]
