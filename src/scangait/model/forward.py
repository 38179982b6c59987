"""The forward recursion in eight lanes: eight models of equal size over one sequence."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.model.chain import UNDERFLOW
from scangait.model.lanes import (
    add,
    exp2,
    exponent,
    first,
    joined,
    largest,
    less,
    log2,
    logarithms,
    mul,
    put,
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
)
from scangait.model.passes import advance, together
from scangait.model.steps import densities, look, reach, times_matrix
from scangait.model.vectors import IMPOSSIBLE

LOG_2: Final = float(np.log(2))


@kernel
def forward(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    room: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Log-likelihoods of sequences under eight models; nan where a step underflows.

    Some steps are looked at together, while beliefs move over those before. Only then beliefs are scaled: between, sums
    only fall, and one that fell too low shows then.

    x (T, D) of MOST steps at least, ends (S,), block (R, 8) from `pack`, states and dims: tuples of m and D numbers;
    room (MOST (1 + m), 8) and result (S, 8) are written
    """
    m, d, group = len(states), len(dims), together(states, dims)
    count = len(group) // d
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), rows(block, (2 * d + 1) * m, states)
    chain = tables(block, (2 * d + 2) * m, states, states)
    none, one, four = spread(0.0), spread(1.0), (0.0, 0.0, 0.0, 0.0)
    begin = 0
    for s in range(len(ends)):
        if begin == ends[s]:
            put(result, s, none)
            continue
        t = begin
        at = min(t, len(x) - count)
        state = joined((none, none, one, one), start, look(spreads(x, at * d, group), means, rates, level))
        while t + count < ends[s]:
            t += count
            at = min(t, len(x) - count)
            state = advance(spreads(x, at * d, group), means, rates, level, state, chain)
        shift, powers, low = state[0], state[1], state[2]
        ahead = belief = mul(rest(first(state, four + states), four), state[3])
        put(room, 0, rest(state, four + states))
        for u in range(t - at, ends[s] - at):
            shift, belief = add(shift, take(room, u)), mul(ahead, rows(room, count + u * m, states))
            ahead = times_matrix(belief, chain)
        mass = total(belief)
        found = add(add(shift, add(powers, exponent(mass))), log2(mul(mass, unscale(mass))))
        loglik = mul(found, spread(LOG_2))
        put(result, s, less(smaller(low, mass), spread(UNDERFLOW), spread(np.nan), loglik))
        begin = ends[s]


@kernel
def forward_in_logs(
    x: NDArray[np.float64],
    lengths: NDArray[np.float64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    result: NDArray[np.float64],
) -> None:
    """Log-likelihoods of eight sequences, each under a model of its own, in logarithms throughout.

    x (T D, 8), lengths (1, 8), block (R, 8) from `pack`, states and dims: tuples of m and D numbers, result (1, 8)
    """
    m, d = len(states), len(dims)
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), rows(block, (2 * d + 1) * m, states)
    chain = logarithms(tables(block, (2 * d + 2) * m, states, states))
    length = take(lengths, 0)
    before = add(logarithms(start), densities(rows(x, 0, dims), means, rates, level))
    for t in range(1, len(x) // d):
        seen = densities(rows(x, t * d, dims), means, rates, level)
        before = less(spread(float(t)), length, add(reach(before, chain), seen), before)
    top = largest(before)
    loglik = add(top, log2(total(exp2(sub(before, top)))))
    put(result, 0, less(loglik, spread(IMPOSSIBLE / 2), spread(-np.inf), mul(loglik, spread(LOG_2))))
