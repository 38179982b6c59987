"""Baum-Welch: the same number of iterations from the same starts."""

from __future__ import annotations

import numpy as np

from benchmarks.models import a_model, hmmlearn_of, rough_start, sequences
from benchmarks.peers import dynamax_expect
from benchmarks.timing import race
from scangait.model.baum_welch import fit_hmms

LENGTH, SEQUENCES, FEW, ITERATIONS = 300, 64, 2, 30
HEADER = ("dims", "m", "ours, ns per obs and iteration", "hmmlearn log", "hmmlearn scaling", "dynamax E-step")


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row: our time, and how many times as long the others take; dynamax does an E-step only."""
    rng = np.random.default_rng(200 * dims + states)
    parts = sequences(rng, [a_model(rng, states, dims) for _ in range(SEQUENCES)], LENGTH)
    x, ends = np.concatenate(parts), LENGTH * np.arange(1, SEQUENCES + 1)
    starts = [rough_start(part, states) for part in parts]
    limits = {"tolerance": -np.inf, "max_iterations": ITERATIONS}

    def peer(kind: str) -> None:
        for part, start in zip(parts[:FEW], starts[:FEW], strict=True):
            hmmlearn_of(start, kind, n_iter=ITERATIONS, tol=-np.inf).fit(part)

    contestants = {
        "ours": lambda: fit_hmms(x, ends, starts, floor=np.full(dims, 1e-3), **limits),
        "log": lambda: peer("log"),
        "scaling": lambda: peer("scaling"),
        "dynamax": dynamax_expect(np.stack(parts), starts),
    }
    work = {"ours": len(x) * ITERATIONS, "dynamax": len(x)}
    each = {name: t / work.get(name, LENGTH * FEW * ITERATIONS) for name, t in race(contestants, 5).items()}
    return dims, states, 1e9 * each["ours"], *(each[name] / each["ours"] for name in ("log", "scaling", "dynamax"))


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return [measure(dims, states) for dims in (1, 2) for states in range(2, 8)]
