"""Baum-Welch in eight lanes: eight sequences, each with a model of its own.

Sequences lie right-aligned, so that all end at the last step and a shorter one begins later. `sums` (R, 8) are, in
rows: expected starts (m,), masses (m,), moments (2, D, m), moves (m, m), and the log-likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.model.chain import UNDERFLOW
from scangait.model.forward import LOG_2
from scangait.model.lanes import (
    add,
    div,
    exp2,
    exponent,
    fma,
    forget,
    larger,
    largest,
    less,
    log2,
    logarithms,
    mul,
    put,
    put_spaced,
    repeated,
    rest,
    rows,
    smaller,
    spaced,
    spread,
    spreads,
    sub,
    tables,
    take,
    total,
    unscale,
    zeros,
)
from scangait.model.steps import (
    densities,
    look,
    matrix_times,
    moments,
    normal_levels,
    outer,
    outer_in_logs,
    reach,
    shares,
    tiled,
    times_matrix,
    transposed,
)
from scangait.model.vectors import IMPOSSIBLE

EMPTY: Final = 1e-10
"""A state with less mass than this stays where it is."""
FEW: Final = 3
"""So many states have hardly more sums than there are registers; with more, which are m m, blocks are faster."""
BLOCK: Final = 16
"""Steps whose expectations are kept before they are added to the sums."""
LOG2_E: Final = float(1 / np.log(2))


@kernel
def ascend(
    x: NDArray[np.float64],
    span: tuple[int, int],
    begins: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Forward through eight sequences; the log-likelihood, in the last row of sums, is nan in a lane that underflows.

    x (T D, 8), span: first step and latest begin, begins (1, 8), block (R, 8), states and dims: tuples of m and D
    numbers; memory ((2 T + BLOCK) m, 8) and sums are written
    """
    m, d = len(states), len(dims)
    first, latest = span
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), rows(block, (2 * d + 1) * m, states)
    chain = tables(block, (2 * d + 2) * m, states, states)
    begin, none, one = take(begins, 0), spread(0.0), spread(1.0)
    ahead, shift, scale, low, mass = start, none, one, one, one
    for t in range(first, len(x) // d):
        seen = look(rows(x, t * d, dims), means, rates, level)
        if t <= latest:  # until it begins, a lane starts again at every step
            now = spread(float(t))
            ahead, shift = less(begin, now, ahead, start), less(begin, now, shift, none)
            scale, mass, low = less(begin, now, scale, one), less(begin, now, mass, one), less(begin, now, low, one)
        weight = mul(rest(seen, (0.0,)), scale)
        belief = mul(ahead, weight)
        put(memory, 2 * t * m, belief)
        put(memory, (2 * t + 1) * m, weight)
        if t <= latest:  # and what comes after must not reach back beyond its beginning
            put(memory, (2 * t + 1) * m, less(begin, spread(float(t)), weight, none))
        forget()  # kept for what follows they would be written once more, since registers are few
        belief = rows(memory, 2 * t * m, states)
        shift = add(shift, add(seen[0], exponent(mass)))
        mass = total(belief)
        low = smaller(low, mass)
        scale = unscale(mass)
        ahead = times_matrix(belief, chain)
    loglik = mul(add(shift, log2(mass)), spread(LOG_2))
    put(sums, (2 * d + 2 + m) * m, less(low, spread(UNDERFLOW), spread(np.nan), loglik))


def descend(
    x: NDArray[np.float64],
    span: tuple[int, int],
    begins: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Backward through eight sequences after `ascend`: expectations; arguments as there. For kernels only."""
    raise NotImplementedError


@overload(descend, strict=False)  # type: ignore[untyped-decorator]
def _descend(*kinds: Any) -> Callable[..., None]:
    """How it is compiled for kinds of arguments, of which the fifth are the states."""
    return _in_registers if len(kinds[4]) <= FEW else _in_blocks


def _in_registers(
    x: NDArray[np.float64],
    span: tuple[int, int],
    begins: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """`descend` with all sums at hand at once, for few states."""
    m, d = len(states), len(dims)
    (first, latest), last = span, len(x) // d
    means, chain = tables(block, 0, dims, states), tables(block, (2 * d + 2) * m, states, states)
    begin, one = take(begins, 0), spread(1.0)
    after, masses = add(zeros(states, (0.0,)), one), zeros(states, (0.0,))
    sides, moves = zeros(dims, states + states), zeros(states, states)
    put(sums, 0, masses)
    for t in range(last - 1, first, -1):
        share = mul(rows(memory, 2 * t * m, states), after)
        masses = add(masses, share)
        sides = moments(share, rows(x, t * d, dims), means, sides)
        if t <= latest:  # in memory, since a choice between registers would copy all sums
            put(sums, 0, less(begin, spread(float(t)), rows(sums, 0, states), larger(rows(sums, 0, states), share)))
        weight = mul(rows(memory, (2 * t + 1) * m, states), after)
        moves = outer(rows(memory, 2 * (t - 1) * m, states), weight, moves)
        after = matrix_times(chain, weight)
    share = mul(rows(memory, 2 * first * m, states), after)
    starts = larger(rows(sums, 0, states), share)
    masses = add(masses, share)
    sides = moments(share, rows(x, first * d, dims), means, sides)
    whole = div(one, total(rows(memory, 2 * (last - 1) * m, states)))
    put(sums, 0, mul(starts, whole))
    put(sums, m, mul(masses, whole))
    put(sums, 2 * m, mul(sides, whole))
    put(sums, (2 * d + 2) * m, mul(mul(moves, chain), whole))


def _in_blocks(
    x: NDArray[np.float64],
    span: tuple[int, int],
    begins: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """`descend` for many states: sums are added up after each BLOCK of steps, few at a time, as registers hold few."""
    m, d = len(states), len(dims)
    (first, latest), last = span, len(x) // d
    chain = tables(block, (2 * d + 2) * m, states, states)
    begin, one = take(begins, 0), spread(1.0)
    after = add(zeros(states, (0.0,)), one)
    for row in range(len(sums) - 1):
        put(sums, row, spread(0.0))
    for top in range(last - 1, first - 1, -BLOCK):
        end, shares = max(top - BLOCK, first - 1), 2 * last * m + top * m
        for t in range(top, end, -1):
            share = mul(rows(memory, 2 * t * m, states), after)
            put(memory, shares - t * m, share)
            if t <= latest:
                put(sums, 0, less(begin, spread(float(t)), rows(sums, 0, states), larger(rows(sums, 0, states), share)))
            weight = mul(rows(memory, (2 * t + 1) * m, states), after)
            put(memory, (2 * t + 1) * m, weight)
            after = matrix_times(chain, weight)
        for i in range(m):
            moves = rows(sums, (2 * d + 2 + i) * m, states)
            for t in range(top, max(end, first), -1):
                moves = fma(take(memory, 2 * (t - 1) * m + i), rows(memory, (2 * t + 1) * m, states), moves)
            put(sums, (2 * d + 2 + i) * m, moves)
            mass, mean, sides = take(sums, m + i), spaced(block, i, m, dims), spaced(sums, 2 * m + i, m, dims + dims)
            for t in range(top, end, -1):
                share = take(memory, shares - t * m + i)
                mass, sides = add(mass, share), moments(share, rows(x, t * d, dims), mean, sides)
            put(sums, m + i, mass)
            put_spaced(sums, 2 * m + i, m, sides)
    whole = div(one, total(rows(memory, 2 * (last - 1) * m, states)))
    for row in range((2 * d + 2) * m):
        put(sums, row, mul(take(sums, row), whole))
    at = (2 * d + 2) * m
    for row in range(m * m):
        put(sums, at + row, mul(mul(take(sums, at + row), take(block, at + row)), whole))


@kernel
def expect_in_logs(
    x: NDArray[np.float64],
    span: tuple[int, int],
    begins: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    memory: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """As `ascend` and `descend` in logarithms throughout, which underflow nowhere; arguments as there."""
    m, d = len(states), len(dims)
    first, last = span[0], len(x) // d
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), logarithms(rows(block, (2 * d + 1) * m, states))
    chain = logarithms(tables(block, (2 * d + 2) * m, states, states))
    begin, none, never = take(begins, 0), spread(0.0), spread(IMPOSSIBLE)
    belief = start
    for t in range(first, last):
        seen = densities(rows(x, t * d, dims), means, rates, level)
        belief = add(seen, less(begin, spread(float(t)), reach(belief, chain), start))
        put(memory, 2 * t * m, belief)
        put(memory, (2 * t + 1) * m, seen)
    top = largest(belief)
    mass = add(top, log2(total(exp2(sub(belief, top)))))
    starts, after, masses = zeros(states, (0.0,)), zeros(states, (0.0,)), zeros(states, (0.0,))
    sides, moves = zeros(dims, states + states), zeros(states, states)
    for t in range(last - 1, first - 1, -1):
        share = exp2(smaller(none, sub(add(rows(memory, 2 * t * m, states), after), mass)))
        masses = add(masses, share)
        sides = moments(share, rows(x, t * d, dims), means, sides)
        now = spread(float(t))
        starts = less(begin, now, starts, add(starts, share))
        weight = less(begin, now, add(rows(memory, (2 * t + 1) * m, states), after), never)
        if t > first:
            moves = outer_in_logs(sub(rows(memory, 2 * (t - 1) * m, states), mass), chain, weight, moves)
        after = reach(weight, transposed(chain))
    put(sums, 0, less(start, spread(IMPOSSIBLE / 2), none, starts))
    put(sums, m, masses)
    put(sums, 2 * m, sides)
    put(sums, (2 * d + 2) * m, less(chain, spread(IMPOSSIBLE / 2), none, moves))
    put(sums, (2 * d + 2 + m) * m, less(mass, spread(IMPOSSIBLE / 2), spread(-np.inf), mul(mass, spread(LOG_2))))


@kernel
def maximise(
    sums: NDArray[np.float64],
    block: NDArray[np.float64],
    going: NDArray[np.float64],
    floor: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
) -> None:
    """Eight models from their expectations, in place; only lanes that are going on, only states that have mass.

    sums (R, 8), block (R, 8) from `pack` and variances (D, m), going (1, 8) one or zero, floor (D,), states and dims:
    tuples of m and D numbers
    """
    m, d = len(states), len(dims)
    at = (2 * d + 2 + m) * m
    on, half = take(going, 0), spread(0.5)
    mass = tiled(dims, rows(sums, m, states))
    move = div(tables(sums, 2 * m, dims, states), mass)
    square = div(tables(sums, (2 + d) * m, dims, states), mass)
    has = less(mass, spread(EMPTY), spread(0.0), on)
    means, variances = tables(block, 0, dims, states), tables(block, at, dims, states)
    least = repeated(spreads(floor, 0, dims), states)
    variances = less(has, half, variances, larger(sub(square, mul(move, move)), least))
    start, chain = rows(block, (2 * d + 1) * m, states), tables(block, (2 * d + 2) * m, states, states)
    seen, moves = rows(sums, 0, states), tables(sums, (2 * d + 2) * m, states, states)
    put(block, 0, less(has, half, means, add(means, move)))
    put(block, d * m, div(spread(-0.5 * LOG2_E), variances))
    put(block, 2 * d * m, normal_levels(states, variances))
    put(block, (2 * d + 1) * m, less(on, half, start, div(seen, total(seen))))
    put(block, (2 * d + 2) * m, less(on, half, chain, shares(moves, chain)))
    put(block, at, variances)
