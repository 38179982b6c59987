"""How near the kernels are to what the machine's arithmetic allows: vector operations per step, over the peak rate."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from benchmarks.models import a_model, sequences
from benchmarks.timing import race
from scangait.kernel import kernel
from scangait.model import mixture
from scangait.model.baum_welch_em import BLOCK, ascend, descend
from scangait.model.forward import forward
from scangait.model.lanes import aligned, each_state, fma, put, spread
from scangait.model.lanes import rows as rows_of
from scangait.model.leap import copied
from scangait.model.mixture_em import expectation_maximisation
from scangait.model.score import interleave, pack

HEADER = ("dims", "m", "score", "mixture EM", "Baum-Welch E-step")
ROUNDS: Final = 21
"""A share of a rate that is measured beside it needs more seconds of a shared machine than a ratio of ten or more."""
CHAINS, TURNS, STEPS = (4, 5, 8, 16), 40_000, 20_000
"""Chains of multiply-adds side by side: as many as the units take to be busy, no more than there are registers for."""
E_STEPS, TIMES = 300, 20
E_STEPS_OF_EM = 100


@kernel
def _peak(turns: int, data: np.ndarray, size: tuple[float, ...]) -> None:
    """Chains of multiply-adds that do not wait for each other; turns, data (C, 8), size: C numbers."""
    a, x, y = rows_of(data, 0, size), spread(0.999), spread(1e-3)
    for _ in range(turns):
        a = fma(a, x, y)
    put(data, 0, a)


@kernel
def _expect(
    times: int,
    side: np.ndarray,
    begins: np.ndarray,
    block: np.ndarray,
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: np.ndarray,
    sums: np.ndarray,
) -> None:
    """The E-step again and again: side (T D, 8), begins (1, 8), block (R, 8), memory as there, sums (R + 1, 8)."""
    for _ in range(times):
        ascend(side, (0, 0), begins, block, states, dims, memory, sums)
        descend(side, (0, 0), begins, block, states, dims, memory, sums)


def operations(dims: int, states: int) -> tuple[int, int, int]:
    """Vector operations of eight lanes in one step of forward, of mixture EM, and of forward and backward.

    Density 3 D, largest 1, minus it 1, exp2 15, sum 1; forward also: scale 1, belief 1, chain m, and 9 for the shift;
    EM also: share 1, mass 1, moments 2 D (distance and square are there), and 5; backward also: share 1, mass 1,
    moments 4 D, weight 1, chain m, transitions m.
    """
    forwards = states * (3 * dims + 20 + states) + 7
    expectation = states * (3 * dims + 20 + 2 * dims) + 4
    return forwards, expectation, forwards + states * (3 + 4 * dims + 2 * states)


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row: share of the arithmetic bound that each kernel reaches."""
    rng = np.random.default_rng(400 * dims + states)
    hmms = [a_model(rng, states, dims) for _ in range(8)]
    kinds, block, ends = (each_state(states), each_state(dims)), pack(hmms), np.array([STEPS])
    parts = sequences(rng, hmms, STEPS)
    result, floor = aligned(1, 8), np.full(dims, 1e-3)
    laid = mixture._lay(parts[0], floor)  # noqa: SLF001
    start = mixture._start(laid, states, floor)  # noqa: SLF001
    side = interleave(np.concatenate([part[:E_STEPS] for part in parts]), *_spans())
    memory, sums = aligned((2 * E_STEPS + BLOCK) * states, 8), aligned(len(block) + 1, 8)
    begins = np.zeros((1, 8))

    times = race(
        {
            **{f"peak {count}": partial(_peak, TURNS, _ones(count), each_state(count)) for count in CHAINS},
            "score": lambda: forward(parts[0], ends, block, *kinds, result),
            "mixture": lambda: expectation_maximisation(
                laid.side, laid.counts, copied(start), floor, *kinds, -np.inf, E_STEPS_OF_EM - 1, False
            ),
            "expect": lambda: _expect(TIMES, side, begins, block, *kinds, memory, sums),
        },
        rounds=ROUNDS,
    )
    one = min(times[f"peak {count}"] / TURNS / count for count in CHAINS)
    steps = (STEPS, E_STEPS_OF_EM * STEPS / 8, TIMES * E_STEPS)
    counts = operations(dims, states)
    taken = (times["score"], times["mixture"], times["expect"])
    return dims, states, *(count * step * one / time for count, step, time in zip(counts, steps, taken, strict=True))


def _ones(count: int) -> np.ndarray:
    data = aligned(count, 8)
    data[:] = 1.0
    return data


def _spans() -> tuple[np.ndarray, np.ndarray]:
    edges = E_STEPS * np.arange(9)
    return edges[:-1], edges[1:]


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return [measure(dims, states) for dims in (1, 2) for states in (2, 4, 7)]
