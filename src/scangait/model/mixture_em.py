"""Expectation maximisation of a Gaussian mixture in eight lanes: eight observations at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.model.lanes import (
    add,
    div,
    fma,
    head,
    less,
    log2,
    mul,
    put,
    rest,
    rows,
    spread,
    spread_table,
    spreads,
    total,
    totals,
    zeros,
)
from scangait.model.leap import SMALLEST, Parameters, copied, copy, leap
from scangait.model.steps import look, moments, repeated

EMPTY: Final = 1e-10
"""A cluster with less mass than this stays where it is."""
PAIR: Final = (0.0, 0.0)
"""Two rows at once, so that processors always have something to do that does not wait."""
PRODUCT: Final = 128
"""So many totals of at most 100 are multiplied before their logarithm is taken."""
CALM: Final = 3e-4
"""It leaps where a step gains less than this per observation: before, steps decide which clusters there will be."""
LOG_2: Final = float(np.log(2))


@kernel
def expectation_maximisation(  # noqa: PLR0917 (kernels take arrays and numbers only)
    x: NDArray[np.float64],
    counts: NDArray[np.float64],
    parameters: Parameters,
    floor: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    tolerance: float,
    limit: int,
    leaps: bool,
) -> tuple[float, int]:
    """Log-likelihood and number of M-steps; `parameters` are updated in place, the last step is an E-step.

    Where it `leaps`, two steps are followed by a leap, which is taken back where it loses. The end is told by what a
    step gains, with leaps and without.

    x (R D, 8), counts (R, 8) with an even R, parameters weights (m,), means (D, m), variances (D, m), floor (D,),
    states and dims: tuples of m and D numbers -> float, int
    """
    weights, means, variances = parameters
    m, d = len(states), len(dims)
    sums, constants = np.empty(((2 * d + 1) * m, 8)), np.empty((d + 1) * m)
    first, second, third = copied(parameters), copied(parameters), copied(parameters)
    whole, most = 0.0, 0.0
    for r in range(len(counts)):
        for lane in range(8):
            whole += counts[r, lane]
            most = max(most, counts[r, lane])
    previous, iteration, leapt, phase = -np.inf, 0, False, 0
    while True:
        levels(constants, parameters)
        loglik = expectation(x, counts, means, constants, states, dims, sums, most > 1)
        if leapt and not loglik >= previous:
            copy(third, parameters)
            levels(constants, parameters)
            loglik = expectation(x, counts, means, constants, states, dims, sums, most > 1)
        if (not leapt and loglik - previous < tolerance * whole) or iteration >= limit:
            return loglik, iteration
        calm = not leapt and loglik - previous < CALM * whole
        previous, leapt = loglik, False
        copy(parameters, second if phase else first)
        maximisation(sums, weights, means, variances, floor, whole)
        iteration += 1
        if leaps and phase and calm:
            copy(parameters, third)
            leap(first, second, parameters, floor)
            leapt = True
        phase = 1 - phase


@kernel
def levels(constants: NDArray[np.float64], parameters: Parameters) -> None:
    """What an E-step wants to know of the parameters: constants become rates (D, m), then levels (m,)."""
    weights, means, variances = parameters
    d, m = means.shape
    for k in range(m):
        constants[d * m + k] = np.log2(max(weights[k], SMALLEST))
        for c in range(d):
            constants[d * m + k] -= 0.5 * np.log2(2 * np.pi * variances[c, k])
            constants[c * m + k] = -0.5 / LOG_2 / variances[c, k]


@kernel
def expectation(
    x: NDArray[np.float64],
    counts: NDArray[np.float64],
    means: NDArray[np.float64],
    constants: NDArray[np.float64],
    states: tuple[float, ...],
    dims: tuple[float, ...],
    sums: NDArray[np.float64],
    several: bool,
) -> float:
    """Log-likelihood; `sums` become the masses and moments of the clusters.

    x (R D, 8), counts (R, 8) with an even R, means (D, m), constants rates (D, m) then levels (m,), sums
    ((1 + 2 D) m, 8) -> float
    """
    m, d = len(states), len(dims)
    at, rates = spread_table(means, 0, dims, states), spread_table(constants, 0, dims, states)
    level, one = spreads(constants, d * m, states), spread(1.0)
    mass, sides = zeros(states, (0.0,)), zeros(dims, states + states)
    gained, product = spread(0.0), one
    coming = rows(x, 0, dims + dims)
    seen = look(coming, at, rates, level)
    for r in range(0, len(counts), 2):
        value, top, share, count = coming, head(seen, PAIR), rest(seen, PAIR), rows(counts, r, PAIR)
        # two rows ahead: what they ask does not wait for what these add
        coming = rows(x, min(r + 2, len(counts) - 2) * d, dims + dims)
        seen = look(coming, at, rates, level)
        whole = totals(share, PAIR)
        gained = fma(count[1], top[1], fma(count[0], top[0], gained))
        if several:
            gained = add(gained, total(mul(count, log2(whole))))
        else:
            if r % PRODUCT == 0:
                gained = add(gained, log2(product))
                product = one
            product = mul(product, mul(whole[0], whole[1]))
        share = mul(share, repeated(div(count, whole), states))
        mass = add(mass, add(head(share, states), rest(share, states)))
        sides = moments(head(share, states), head(value, dims), at, sides)
        sides = moments(rest(share, states), rest(value, dims), at, sides)
    if not several:  # the last rows may not be full
        undone = less(spread(0.0), count, one, div(one, whole))
        product = mul(product, mul(undone[0], undone[1]))
    put(sums, 0, mass)
    put(sums, m, sides)
    last = np.empty((1, 8))
    put(last, 0, add(gained, log2(product)))
    return across(last, 0) * LOG_2


@kernel
def maximisation(
    sums: NDArray[np.float64],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    floor: NDArray[np.float64],
    whole: float,
) -> None:
    """Parameters from masses and moments about the old means, in place; an empty cluster stays where it is.

    sums ((1 + 2 D) m, 8), weights (m,), means (D, m), variances (D, m), floor (D,), whole: all mass
    """
    dims, states = means.shape
    for k in range(states):
        mass = across(sums, k)
        weights[k] = mass / whole
        if mass < EMPTY:
            continue
        for d in range(dims):
            move = across(sums, states + d * states + k) / mass
            square = across(sums, states + (dims + d) * states + k) / mass
            variances[d, k] = max(square - move * move, floor[d])
            means[d, k] += move


@kernel
def across(data: NDArray[np.float64], row: int) -> float:
    """Sum of the lanes of one row of data (R, 8)."""
    total = 0.0
    for lane in range(8):
        total += data[row, lane]
    return total
