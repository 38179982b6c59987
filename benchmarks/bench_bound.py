"""How near the kernels are to what the machine's arithmetic allows: vector operations per step, over the peak rate."""

from __future__ import annotations

from collections.abc import Callable
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
from scangait.model.mixture_em import VANISHING, Room, expectation, levels, room_for, sift
from scangait.model.passes import MOST, at_once
from scangait.model.score import interleave, pack
from scangait.model.vectors import WIDE, WIDTH

KERNELS = ("score", "mixture EM", "Baum-Welch E-step")
HEADER = ("dims", "m", *KERNELS, *(f"{name}, least times" for name in KERNELS))
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
    """The E-step again and again: side (T D, 8), begins (1, 8), block (R, 8), memory and sums as there."""
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
    largest and smallest density 10 D, who leads 6, giving whole blocks 5 D + 4; and 3.
    """
    look = states * (3 * dims + 18)
    forward_ = look + states * states + 1 + (2 * states + 8) / at_once(states)
    both = forward_ + states * (3 + 4 * dims + 2 * states)
    sifting = (states * (15 * dims + 10) + 3) / (WIDTH * ROWS)
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
    heard, voices = aligned(states + 4, GROUP), []
    for group in range(len(blocks.corners) // (2 * dims * PARTS)):
        sift(blocks.corners, group, constants, each_state(dims), heard)
        voices += (heard[:states] - heard[states + 1] > VANISHING).sum(axis=0).tolist()
    several = np.array(voices[:count]) > 1
    return float(np.mean(np.array(voices[:count])[several])), float(several.mean())


def contest(dims: int, states: int) -> tuple[dict[str, Callable[[], object]], dict[str, float]]:
    """What is timed for one row, and the vector operations in one call of each: peaks, then the kernels."""
    rng = np.random.default_rng(400 * dims + states)
    hmms = [a_model(rng, states, dims) for _ in range(8)]
    kinds, block, ends = (each_state(states), each_state(dims)), pack(hmms), np.array([STEPS])
    parts = sequences(rng, hmms, STEPS)
    result, room = aligned(1, 8), aligned(MOST * (1 + states), 8)
    asked = fitted(parts[0], states)
    e_steps = FEW * repeats(partial(_ask, FEW, *asked), SLICE)
    side = interleave(np.concatenate([part[:E_STEPS] for part in parts]), *_spans())
    memory, sums = aligned(2 * E_STEPS * states, 8), aligned(len(block) + 1 + SPARE * states, 8)
    calls: dict[str, Callable[[], object]] = {
        **{f"peak {count}": partial(_peak, TURNS, _ones(count), each_state(count)) for count in CHAINS},
        KERNELS[0]: partial(forward, parts[0], ends, block, *kinds, room, result),
        KERNELS[1]: partial(_ask, e_steps, *asked),
        KERNELS[2]: partial(_expect, TIMES, side, np.zeros((1, 8)), block, *kinds, memory, sums),
    }
    counts = operations(dims, states, *clusters_heard(*asked[:2], dims))
    steps = STEPS, e_steps * STEPS / 8, TIMES * E_STEPS
    work = [float(TURNS * count) for count in CHAINS] + [c * s for c, s in zip(counts, steps, strict=True)]
    return calls, dict(zip(calls, work, strict=True))


def shares(taken: dict[str, np.ndarray]) -> list[float]:
    """Share of the arithmetic bound that each kernel reaches, in the median of rounds, then by the least times.

    In each round all see the same machine, however busy it is with others. The least of many times is what the machine
    itself takes. taken: seconds for an operation in each round
    """
    peak = min((taken[f"peak {count}"] for count in CHAINS), key=min)
    in_rounds = [float(np.median(peak / taken[name])) for name in KERNELS]
    return in_rounds + [float(peak.min() / taken[name].min()) for name in KERNELS]


def _ones(count: int) -> np.ndarray:
    data = aligned(count, 8)
    data[:] = 1.0
    return data


def _spans() -> tuple[np.ndarray, np.ndarray]:
    edges = E_STEPS * np.arange(9)
    return edges[:-1], edges[1:]


def rows() -> list[tuple[object, ...]]:
    """The table; its rows are measured side by side, since a shared machine may be busy for seconds."""
    contests = {(dims, states): contest(dims, states) for dims in (1, 2) for states in (2, 4, 7)}
    calls = {f"{row} {name}": call for row, (own, _) in contests.items() for name, call in own.items()}
    times = side_by_side(calls, ROUNDS)
    return [
        (*row, *shares({name: np.array(times[f"{row} {name}"]) / count for name, count in work.items()}))
        for row, (_, work) in contests.items()
    ]
