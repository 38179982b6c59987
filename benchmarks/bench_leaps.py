"""Whether leaps cost likelihood: mixture EM with and without them, on the paper's whole experiment.

Simulated data of the paper's size: every sample of 4,096 movements or more, for which EM leaps, with 1 to 7 clusters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.bench_paper import cut, shown
from scangait.gait.movements import floor, movements
from scangait.model import mixture
from scangait.model.mixture import LARGE, _lay
from scangait.recipe import Recipe

HEADER = ("what", "of", "result")
STATES = 7
SAME = 1e-6
"""Natural units per observation: what a step has to gain for EM to go on."""


def large() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The movements (T, D) of large samples, with their floor (D,)."""
    for name in ("spatial", "temporal"):
        found, _, scope = shown(name)
        least = floor(scope.size, Recipe.paper(name))
        yield from ((x, least) for x in cut(movements(found, scope.size, Recipe.paper(name))) if len(x) >= LARGE)


def run(x: np.ndarray, states: int, least: np.ndarray, leaps: bool) -> tuple[float, int]:
    """Log-likelihood per observation and the number of steps."""
    found, steps = mixture.run(_lay(x, least), states, least, leaps=leaps)
    return found.loglik / len(x), steps


def rows() -> list[tuple[object, ...]]:
    """The table."""
    pairs = [
        (run(x, states, least, leaps=False), run(x, states, least, leaps=True))
        for x, least in large()
        for states in range(1, STATES + 1)
        if len(np.unique(x, axis=0)) >= states
    ]
    gain = np.array([leaping[0] - plain[0] for plain, leaping in pairs])
    steps = np.array([(plain[1], leaping[1]) for plain, leaping in pairs]).mean(axis=0)
    fits = f"{len(pairs)} fits"
    return [
        ("fits that end lower with leaps, by more than 1e-6 per observation", fits, int(np.sum(gain < -SAME))),
        ("fits that end higher", fits, int(np.sum(gain > SAME))),
        ("most that is lost per observation", fits, f"{max(0.0, -gain.min()):.1e}"),
        ("steps without leaps, mean", fits, float(steps[0])),
        ("steps with leaps, mean", fits, float(steps[1])),
    ]
