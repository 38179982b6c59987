"""How near the kernels are to what the machine's arithmetic allows: vector operations per step, over the peak rate."""

from __future__ import annotations

import numpy as np

from benchmarks.models import a_model, sequences
from benchmarks.timing import race
from scangait.kernel import kernel
from scangait.model import mixture
from scangait.model.baum_welch_em import ascend, descend
from scangait.model.forward import forward
from scangait.model.lanes import aligned, each_state, fma, put, spread
from scangait.model.lanes import rows as rows_of
from scangait.model.score import interleave, pack

HEADER = ("dims", "m", "score", "mixture EM", "Baum-Welch E-step")
CHAINS, TURNS, STEPS = 8, 20_000, 20_000
E_STEPS = 300


@kernel
def _peak(turns: int, data: np.ndarray, size: tuple[float, ...]) -> None:
    """Two times eight chains of multiply-adds that do not wait for each other; turns, data (16, 8), size: 8 numbers."""
    a, b = rows_of(data, 0, size), rows_of(data, 8, size)
    x, y = spread(0.999), spread(1e-3)
    for _ in range(turns):
        a, b = fma(a, x, y), fma(b, x, y)
    put(data, 0, a)
    put(data, 8, b)


def operations(dims: int, states: int) -> tuple[int, int, int]:
    """Vector operations of eight lanes in one step of forward, of mixture EM, and of forward and backward.

    Density 3 D, largest 1, minus it 1, exp2 16, sum 1; forward also: scale 1, belief 1, chain m, and 9 for the shift;
    EM also: share 1, mass 1, moments 2 D (distance and square are there), and 5; backward also: share 1, mass 1,
    moments 4 D, weight 1, chain m, transitions m.
    """
    forwards = states * (3 * dims + 21 + states) + 7
    expectation = states * (3 * dims + 21 + 2 * dims) + 4
    return forwards, expectation, forwards + states * (3 + 4 * dims + 2 * states)


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row: share of the arithmetic bound that each kernel reaches."""
    rng = np.random.default_rng(400 * dims + states)
    hmms = [a_model(rng, states, dims) for _ in range(8)]
    kinds, block, ends = (each_state(states), each_state(dims)), pack(hmms), np.array([STEPS])
    parts = sequences(rng, hmms, STEPS)
    result, chains, floor = aligned(1, 8), aligned(2 * CHAINS, 8), np.full(dims, 1e-3)
    chains[:] = 1.0
    laid = mixture._lay(parts[0], floor)  # noqa: SLF001
    side = interleave(np.concatenate([part[:E_STEPS] for part in parts]), *_spans())
    memory, sums = aligned(2 * E_STEPS * states, 8), aligned(len(block) + 1, 8)
    begins = np.zeros((1, 8))

    def expect() -> None:
        for _ in range(20):
            ascend(side, (0, 0), begins, block, *kinds, memory, sums)
            descend(side, (0, 0), begins, block, *kinds, memory, sums)

    times = race(
        {
            "peak": lambda: _peak(TURNS, chains, each_state(CHAINS)),
            "score": lambda: forward(parts[0], ends, block, *kinds, result),
            "mixture": lambda: mixture.run(laid, states, floor, tolerance=-np.inf, limit=9),
            "expect": expect,
        }
    )
    one = times["peak"] / TURNS / CHAINS / 2
    steps = (STEPS, 10 * STEPS / 8, 20 * E_STEPS)
    counts = operations(dims, states)
    taken = (times["score"], times["mixture"], times["expect"])
    return dims, states, *(count * step * one / time for count, step, time in zip(counts, steps, taken, strict=True))


def _spans() -> tuple[np.ndarray, np.ndarray]:
    edges = E_STEPS * np.arange(9)
    return edges[:-1], edges[1:]


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return [measure(dims, states) for dims in (1, 2) for states in (2, 4, 7)]
