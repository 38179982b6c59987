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
from scangait.model.steps import densities, look, reach, times_matrix
from scangait.model.vectors import IMPOSSIBLE

LOG_2: Final = float(np.log(2))
RARELY: Final = 4
"""Steps after which beliefs are scaled. In between their sum only falls: if it fell too low, it shows then."""


@kernel
def forward(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    block: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    result: NDArray[np.float64],
) -> None:
    """Log-likelihoods of sequences under eight models; nan where a step underflows.

    x (T, D), ends (S,), block (R, 8) from `pack`, states and dims: tuples of m and D numbers, result (S, 8) is written
    """
    m, d = len(states), len(dims)
    means, rates = tables(block, 0, dims, states), tables(block, d * m, dims, states)
    level, start = rows(block, 2 * d * m, states), rows(block, (2 * d + 1) * m, states)
    chain = tables(block, (2 * d + 2) * m, states, states)
    begin = 0
    for s in range(len(ends)):
        if begin == ends[s]:
            put(result, s, spread(0.0))
            continue
        ahead, shift = start, spread(0.0)
        low, mass = spread(1.0), spread(1.0)
        seen = look(spreads(x, begin * d, dims), means, rates, level)
        for t in range(begin, ends[s]):
            top, now = seen[0], rest(seen, (0.0,))
            # a step ahead: what an observation asks does not wait for the chain, nor the chain for it
            seen = look(spreads(x, min(t + 1, len(x) - 1) * d, dims), means, rates, level)
            shift = add(shift, top)
            if (t - begin) % RARELY == RARELY - 1:
                low = smaller(low, mass)
                shift = add(shift, exponent(mass))
                now = mul(now, unscale(mass))
            belief = mul(ahead, now)
            mass = total(belief)
            ahead = times_matrix(belief, chain)
        low = smaller(low, mass)
        loglik = mul(add(shift, log2(mass)), spread(LOG_2))
        put(result, s, less(low, spread(UNDERFLOW), spread(np.nan), loglik))
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
