"""Baum-Welch in eight lanes: eight sequences, each with a model of its own.

Sequences lie right-aligned, so that all end at the last step and a shorter one begins later. `sums` (R, 8) are, in
rows: expected starts (m,), masses (m,), moments (2, D, m), moves (m, m), the log-likelihood, and SPARE m to work with.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import inlined, kernel
from scangait.model.chain import UNDERFLOW
from scangait.model.forward import LOG_2
from scangait.model.lanes import (
    add,
    div,
    exp2,
    exponent,
    joined,
    larger,
    largest,
    less,
    log2,
    logarithms,
    mul,
    put,
    repeated,
    rest,
    rows,
    smaller,
    spread,
    spreads,
    sub,
    tables,
    take,
    total,
    unscale,
    zeros,
)
from scangait.model.passes import MOST, add_up, advance_and_note, descend_and_add, together
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
SPARE: Final = 4 * MOST
"""Rows of sums for each state behind what is asked for: shares and weights of steps that are added up later."""
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
    """Forward through eight sequences; the log-likelihood, in its row of sums, is nan in a lane that underflows.

    x (T D, 8), span: first step and latest begin, begins (1, 8), block (R, 8), states and dims: tuples of m and D
    numbers; memory (2 T m, 8) and sums are written
    """
    m, d = len(states), len(dims)
    first, latest = span
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), rows(block, (2 * d + 1) * m, states)
    chain = tables(block, (2 * d + 2) * m, states, states)
    begin, none, one, group = take(begins, 0), spread(0.0), spread(1.0), together(states, dims)
    last, count = len(x) // d, len(group) // d
    alone = last - (last - 1 - latest) // count * count
    ahead, shift, powers, low, scale = start, none, none, one, one
    for t in range(first, alone):
        seen = look(rows(x, t * d, dims), means, rates, level)
        if t <= latest:  # until it begins, a lane starts again at every step
            now = spread(float(t))
            ahead, scale, low = less(begin, now, ahead, start), less(begin, now, scale, one), less(begin, now, low, one)
            shift, powers = less(begin, now, shift, none), less(begin, now, powers, none)
        weight = mul(rest(seen, (0.0,)), scale)
        belief = mul(ahead, weight)
        put(memory, 2 * t * m, belief)
        put(memory, (2 * t + 1) * m, weight)
        if t <= latest:  # and what comes after must not reach back beyond its beginning
            put(memory, (2 * t + 1) * m, less(begin, spread(float(t)), weight, none))
        mass = total(belief)
        shift, powers, low, scale = add(shift, seen[0]), add(powers, exponent(mass)), smaller(low, mass), unscale(mass)
        ahead = times_matrix(belief, chain)
    if alone < last:
        seen = look(rows(x, alone * d, group), means, rates, level)
        state = joined((shift, powers, low, scale), ahead, seen)
        for t in range(alone, last, count):
            near = rows(x, min(t + count, last - count) * d, group)
            state = advance_and_note(memory, 2 * t * m, near, means, rates, level, state, chain)
        shift, powers, low = state[0], state[1], state[2]
    mass = total(rows(memory, 2 * (last - 1) * m, states))
    found = add(add(shift, powers), log2(mul(mass, unscale(mass))))
    loglik = mul(found, spread(LOG_2))
    put(sums, (2 * d + 2 + m) * m, less(low, spread(UNDERFLOW), spread(np.nan), loglik))


@kernel
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
    """Backward through eight sequences after `ascend`: expectations; arguments as there.

    Some steps are taken together, while what was expected in those before (later ones) is added up.
    """
    m, d = len(states), len(dims)
    (first, latest), last, count = span, len(x) // d, MOST
    alone = last - (last - 1 - first) // count * count
    means, chain = tables(block, 0, dims, states), tables(block, (2 * d + 2) * m, states, states)
    begin, one = take(begins, 0), spread(1.0)
    after = add(zeros(states, (0.0,)), one)
    for row in range((2 * d + 2 + m) * m):
        put(sums, row, spread(0.0))
    spare, half = (2 * d + 2 + m) * m + 1, SPARE * m // 2
    if alone < last:
        for row in range(half):
            put(sums, spare + half + row, spread(0.0))
        for t in range(last - 1, alone - 1, -count):
            after = descend_and_add(
                memory, x, sums, (t, spare, min(t + count, last - 1), spare + half), means, chain, after
            )
            for u in range(count if t - count < latest else 0):
                _start(t - u, begin, rows(sums, spare + 2 * u * m, states), states, sums)
            spare, half = spare + half, -half
        add_up(memory, x, sums, (alone + count - 1, spare + half), means, after)
    for t in range(alone - 1, first - 1, -1):
        share = mul(rows(memory, 2 * t * m, states), after)
        put(sums, m, add(rows(sums, m, states), share))
        put(sums, 2 * m, moments(share, rows(x, t * d, dims), means, tables(sums, 2 * m, dims, states + states)))
        if t <= latest:
            _start(t, begin, share, states, sums)
        if t > first:
            weight = mul(rows(memory, (2 * t + 1) * m, states), after)
            moves = tables(sums, (2 * d + 2) * m, states, states)
            put(sums, (2 * d + 2) * m, outer(rows(memory, 2 * (t - 1) * m, states), weight, moves))
            after = matrix_times(chain, weight)
    whole = div(one, total(rows(memory, 2 * (last - 1) * m, states)))
    for row in range((2 * d + 2) * m):
        put(sums, row, mul(take(sums, row), whole))
    at = (2 * d + 2) * m
    for row in range(m * m):
        put(sums, at + row, mul(mul(take(sums, at + row), take(block, at + row)), whole))


@inlined
def _start(t: int, begin: Any, share: Any, states: Any, sums: Any) -> None:
    """Take the share (m,) at step t for the start of lanes that have begun no earlier: before, it is nothing."""
    starts = rows(sums, 0, states)
    put(sums, 0, less(begin, spread(float(t)), starts, larger(starts, share)))


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
