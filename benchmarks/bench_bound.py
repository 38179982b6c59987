"""How near the kernels are to what the machine's arithmetic allows: vector operations per step, over the peak rate."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from benchmarks.models import a_model, sequences
from benchmarks.timing import SLICE, repeats, side_by_side
from scangait.kernel import kernel
from scangait.model import mixture
from scangait.model.baum_welch_em import SPARE, ascend, descend
from scangait.model.blocks import GROUP, PARTS, ROWS, Blocks
from scangait.model.forward import forward
from scangait.model.lanes import aligned, each_state, fma, put, spread
from scangait.model.lanes import rows as rows_of
from scangait.model.mixture_em import Room, expectation, levels, room_for, sift
from scangait.model.passes import MOST, at_once
from scangait.model.score import interleave, pack
from scangait.model.vectors import WIDE, WIDTH

KERNELS = ("score", "mixture EM", "Baum-Welch E-step")
HEADER = ("dims", "m", *KERNELS, *(f"{kernel}, least times" for kernel in KERNELS))
ROUNDS: Final = 21
"""A share of a rate that is measured beside it needs more seconds of a shared machine than a ratio of ten or more."""
CHAINS, TURNS, STEPS = (4, 5, 8, 16), 40_000, 20_000
"""Chains of multiply-adds side by side: as many as the units take to be busy, no more than there are registers for."""
RECIPROCAL: Final = 5 if WIDE else 1
"""Operations of a reciprocal: a guess and two steps of Newton's, or a division, which takes longer than it counts."""
E_STEPS, TIMES, FEW = 300, 100, 20


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


@kernel
def _ask(times: int, blocks: Blocks, constants: np.ndarray, dims: tuple[float, ...], room: Room) -> None:
    """The E-step of a mixture again and again: constants (m, 2 D + 1), room from `room_for`."""
    for _ in range(times):
        expectation(blocks, constants, dims, room, False)


def operations(dims: int, states: int, heard: float, asked: float) -> tuple[float, float, float]:
    """Vector operations of eight lanes in one step of forward, of mixture EM, and of forward and backward.

    Density 3 D, largest 1, minus it 1, exp2 15, belief 1, chain m; for the shift 1; and once for the steps that are
    looked at together scale 1, sum 1, and 8. Backward: share 1, mass 1, moments 4 D, weight 1, chain m, transitions m.
    EM, in the share of blocks that are `asked`, for each cluster `heard` there: density 3 D, mass 1, moments 4 D, for
    all but one minus its 1, exp2 15, sum 1, share 1; and 2, and the reciprocal. For each cluster, in eight blocks:
    largest and smallest density 10 D, who is heard 8, giving whole blocks 5 D + 4; and 3.
    """
    look = states * (3 * dims + 18)
    forward_ = look + states * states + 1 + (2 * states + 8) / at_once(states)
    both = forward_ + states * (3 + 4 * dims + 2 * states)
    sifting = (states * (15 * dims + 12) + 3) / (WIDTH * ROWS)
    return forward_, asked * (heard * (7 * dims + 19) - 16 + RECIPROCAL) + sifting, both


def fitted(x: np.ndarray, states: int) -> tuple[Blocks, np.ndarray, tuple[float, ...], Room]:
    """What an E-step takes, of a mixture that was fitted to x (T, D)."""
    dims, floor = x.shape[1], np.full(x.shape[1], 1e-3)
    laid, constants = mixture._lay(x, floor), np.empty((states, 2 * dims + 1))  # noqa: SLF001
    found, _ = mixture.run(laid, states, floor)
    levels(constants, (found.weights, found.means.T.copy(), found.variances.T.copy()))
    return laid.blocks, constants, each_state(dims), room_for(states, dims)


def clusters_heard(blocks: Blocks, constants: np.ndarray, dims: int) -> tuple[float, float]:
    """How many clusters an E-step asks in a block that it asks, in the mean, and the share of blocks that it asks."""
    states, count = len(constants), len(blocks.counts) // ROWS
    heard, voices = aligned(states + 3, GROUP), []
    for group in range(len(blocks.corners) // (2 * dims * PARTS)):
        sift(blocks.corners, group, constants, each_state(dims), heard)
        voices += heard[states + 1].tolist()
    several = np.array(voices[:count]) > 1
    return float(np.mean(np.array(voices[:count])[several])), float(several.mean())


def measure(dims: int, states: int) -> tuple[object, ...]:
    """One row: share of the arithmetic bound that each kernel reaches, in the median of rounds, and by the least times.

    In each round all see the same machine, however busy it is with others. The least of many times is what the machine
    itself takes.
    """
    rng = np.random.default_rng(400 * dims + states)
    hmms = [a_model(rng, states, dims) for _ in range(8)]
    kinds, block, ends = (each_state(states), each_state(dims)), pack(hmms), np.array([STEPS])
    parts = sequences(rng, hmms, STEPS)
    result, room = aligned(1, 8), aligned(MOST * (1 + states), 8)
    asked = fitted(parts[0], states)
    side = interleave(np.concatenate([part[:E_STEPS] for part in parts]), *_spans())
    memory, sums = aligned(2 * E_STEPS * states, 8), aligned(len(block) + 1 + SPARE * states, 8)
    begins = np.zeros((1, 8))

    e_steps = FEW * repeats(partial(_ask, FEW, *asked), SLICE)
    times = side_by_side(
        {
            **{f"peak {count}": partial(_peak, TURNS, _ones(count), each_state(count)) for count in CHAINS},
            "score": lambda: forward(parts[0], ends, block, *kinds, room, result),
            "mixture": lambda: _ask(e_steps, *asked),
            "expect": lambda: _expect(TIMES, side, begins, block, *kinds, memory, sums),
        },
        ROUNDS,
    )
    best = min(CHAINS, key=lambda count: min(times[f"peak {count}"]) / count)
    peak = np.array(times[f"peak {best}"]) / TURNS / best
    steps = {"score": STEPS, "mixture": e_steps * STEPS / 8, "expect": TIMES * E_STEPS}
    counts = operations(dims, states, *clusters_heard(*asked[:2], dims))
    shares, least = [], []
    for name, count in zip(steps, counts, strict=True):
        taken = np.array(times[name]) / steps[name] / count
        shares.append(float(np.median(peak / taken)))
        least.append(float(peak.min() / taken.min()))
    return dims, states, *shares, *least


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
