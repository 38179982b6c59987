"""The forward recursion in eight lanes: eight models of equal size over one sequence."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba.core.codegen import get_host_cpu_features
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
"""Steps, a power of two, after which beliefs are scaled. Between, sums only fall: one that fell too low shows then."""
AHEAD: Final = "+avx512f" in get_host_cpu_features()
"""Whether the next observation is asked while the beliefs of this one move on: neither waits for the other. Sixteen
registers of half the width have no room for both.
"""


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
        ahead, belief, shift, low = start, start, spread(0.0), spread(1.0)
        seen = look(spreads(x, begin * d, dims), means, rates, level)
        for t in range(begin, ends[s]):
            if not AHEAD:
                seen = look(spreads(x, t * d, dims), means, rates, level)
            shift, belief = add(shift, seen[0]), mul(ahead, rest(seen, (0.0,)))
            if AHEAD:
                seen = look(spreads(x, min(t + 1, len(x) - 1) * d, dims), means, rates, level)
            if (t - begin) & (RARELY - 1) == RARELY - 1:
                mass = total(belief)
                low, shift, belief = smaller(low, mass), add(shift, exponent(mass)), mul(belief, unscale(mass))
            ahead = times_matrix(belief, chain)
        mass = total(belief)
        loglik = mul(add(shift, log2(mass)), spread(LOG_2))
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
