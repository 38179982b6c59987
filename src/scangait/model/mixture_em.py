"""Expectation maximisation of a Gaussian mixture in eight lanes: a block of near observations at once.

How it flows: `in_blocks` lays observations out once; in every E-step `sift` bounds what each cluster may say in each
block, and only those are asked whose share does not vanish in rounding. A block that one cluster has alone is given to
it whole (`give`): its moments, worked out once, say all. Elsewhere densities are taken beside that of the cluster that
leads the block: so there is a power less to take.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import inlined, kernel
from scangait.model.blocks import EACH_PART, EACH_ROW, GROUP, PARTS, ROWS, Blocks
from scangait.model.cluster import collect, collect_whole, extremes, under, under_in_the_mean
from scangait.model.lanes import (
    add,
    aligned,
    alike,
    dot,
    exp2,
    exponent,
    first,
    fma,
    larger,
    largest,
    less,
    log2,
    mul,
    product,
    put,
    reciprocal,
    repeated,
    rest,
    rows,
    some,
    spread,
    spreads,
    sub,
    tables,
    total,
    unscale,
)
from scangait.model.leap import SMALLEST, Parameters, copied, copy, leap
from scangait.model.vectors import IMPOSSIBLE, WIDTH

EMPTY: Final = 1e-10
"""A cluster with less mass than this stays where it is."""
VANISHING: Final = -45.0
"""A cluster whose density all over a block is below another's by this, in binary logarithms, has no share in the block:
a share so small is less than what exp2 errs by.
"""
STEEP: Final = 800.0 / ROWS
"""Where densities may rise further above that of the cluster that leads a block, in binary logarithms, each observation
has its largest looked for: the sums of a block's rows are multiplied with each other.
"""
CALM: Final = 3e-4
"""It leaps where a step gains less than this per observation: before, steps decide which clusters there will be."""
LOG_2: Final = float(np.log(2))


class Room(NamedTuple):
    """What an E-step works in: sums (m (1 + 2 D), 8), shares (m ROWS, 8), what is heard in the blocks of a group
    (m + 4, GROUP), and who (m,) in one of them.

    To allocate it takes longer than the E-step of a small sample.
    """

    sums: NDArray[np.float64]
    shares: NDArray[np.float64]
    heard: NDArray[np.float64]
    who: NDArray[np.int64]


@kernel
def expectation_maximisation(
    blocks: Blocks,
    parameters: Parameters,
    floor: NDArray[np.float64],
    dims: tuple[float, ...],
    room: Room,
    tolerance: float,
    limit: int,
    leaps: bool,
) -> tuple[float, int]:
    """Log-likelihood and number of M-steps; `parameters` are updated in place, the last step is an E-step.

    Where it `leaps`, two steps are followed by a leap, which is taken back where it loses. The end is told by what a
    step gains, with leaps and without.

    parameters weights (m,), means (D, m), variances (D, m), floor (D,), dims: a tuple of D numbers,
    room from `room_for` -> float, int
    """
    weights, means, variances = parameters
    m, d = len(weights), len(dims)
    constants = np.empty((m, 2 * d + 1))
    first, second, third = copied(parameters), copied(parameters), copied(parameters)
    whole, most = 0.0, 0.0
    for row in range(len(blocks.counts)):
        for lane in range(8):
            whole += blocks.counts[row, lane]
            most = max(most, blocks.counts[row, lane])
    previous, iteration, leapt, phase = -np.inf, 0, False, 0
    while True:
        levels(constants, parameters)
        loglik = expectation(blocks, constants, dims, room, most > 1)
        if leapt and not loglik >= previous:
            copy(third, parameters)
            levels(constants, parameters)
            loglik = expectation(blocks, constants, dims, room, most > 1)
        if (not leapt and loglik - previous < tolerance * whole) or iteration >= limit:
            return loglik, iteration
        calm = not leapt and loglik - previous < CALM * whole
        previous, leapt = loglik, False
        copy(parameters, second if phase else first)
        maximisation(room.sums, weights, means, variances, floor, whole)
        iteration += 1
        if leaps and phase and calm:
            copy(parameters, third)
            leap(first, second, parameters, floor)
            leapt = True
        phase = 1 - phase


@kernel
def levels(constants: NDArray[np.float64], parameters: Parameters) -> None:
    """What an E-step wants to know of the parameters: constants (m, 2 D + 1) become means, rates and level."""
    weights, means, variances = parameters
    d, m = means.shape
    for k in range(m):
        constants[k, 2 * d] = np.log2(max(weights[k], SMALLEST))
        for c in range(d):
            constants[k, c], constants[k, d + c] = means[c, k], -0.5 / LOG_2 / variances[c, k]
            constants[k, 2 * d] -= 0.5 * np.log2(2 * np.pi * variances[c, k])


@kernel
def expectation(
    blocks: Blocks,
    constants: NDArray[np.float64],
    dims: tuple[float, ...],
    room: Room,
    several: bool,
) -> float:
    """Log-likelihood; the sums of room become masses and moments of the clusters.

    constants (m, 2 D + 1) from `levels`, room from `room_for`, several: whether one stands for more -> float
    """
    m, d, own = len(constants), len(dims), dims + dims + (0.0,)
    sums, shares, heard, who = room
    sums[:] = 0.0
    none, gained, scale = spread(0.0), spread(0.0), spread(1.0)
    last = len(blocks.counts) // ROWS - 1
    for group in range(len(blocks.corners) // (2 * d * PARTS)):
        sift(blocks.corners, group, constants, dims, heard)
        gained = add(gained, give(blocks.moments, group, constants, dims, heard, sums))
        if not some(spread(VANISHING), largest(rows(heard, (m + 3) * PARTS, EACH_PART))):
            continue
        for block in range(GROUP * group, min(GROUP * (group + 1), last + 1)):
            at = block - GROUP * group
            if not heard[m + 3, at] > VANISHING:
                continue
            n, steep = _listen(heard, at, who), heard[m + 2, at] > STEEP
            value = tables(blocks.values, ROWS * block * d, dims, EACH_ROW)
            shift = under(value, spreads(constants, who[0] * len(own), own))
            other, pair = shift, n == 2 and not steep  # the most frequent, for which nothing need be put away
            if pair:
                other = exp2(sub(under(value, spreads(constants, who[1] * len(own), own)), shift))
                whole = add(spread(1.0), other)
            else:
                put(shares, 0, repeated(spread(1.0), EACH_ROW))
                for i in range(1, n if steep else 0):
                    shift = larger(shift, under(value, spreads(constants, who[i] * len(own), own)))
                for i in range(0 if steep else 1, n):
                    put(shares, ROWS * i, exp2(sub(under(value, spreads(constants, who[i] * len(own), own)), shift)))
                whole = rows(shares, 0, EACH_ROW)
                for i in range(1, n):
                    whole = add(whole, rows(shares, ROWS * i, EACH_ROW))
            each = reciprocal(whole)
            if several:
                count = rows(blocks.counts, ROWS * block, EACH_ROW)
                gained, each = dot(count, log2(whole), dot(count, shift, gained)), mul(count, each)
            else:
                if block == last:  # what fills it up counts for nothing
                    count = rows(blocks.counts, ROWS * block, EACH_ROW)
                    each, shift, whole = mul(count, each), mul(count, shift), less(none, count, whole, spread(1.0))
                gained, scale = add(gained, total(shift)), mul(scale, product(whole))
                gained, scale = add(gained, exponent(scale)), mul(scale, unscale(scale))
            if pair:
                _hand(who[0], each, value, constants, own, sums)
                _hand(who[1], mul(other, each), value, constants, own, sums)
            else:
                for i in range(n):
                    _hand(who[i], mul(rows(shares, ROWS * i, EACH_ROW), each), value, constants, own, sums)
    put(shares, 0, add(gained, log2(scale)))
    return across(shares, 0) * LOG_2


@inlined
def _listen(heard: Any, at: int, who: Any) -> int:
    """How many clusters are heard in a block: those, from the one that leads it on, become the first of `who` (m,)."""
    m, n = len(who), 1
    who[0] = int(heard[m, at])
    for k in range(m):
        if k != who[0] and heard[k, at] - heard[m + 1, at] > VANISHING:
            who[n], n = k, n + 1
    return n


@inlined
def _hand(k: int, share: Any, value: Any, constants: Any, own: Any, sums: Any) -> None:
    """Add to the sums of cluster k its share (ROWS,) of a block's value (D ROWS,)."""
    at, cluster = k * len(own), spreads(constants, k * len(own), own)
    put(sums, at, collect(share, value, cluster, rows(sums, at, own)))


@inlined
def sift(corners: Any, group: int, constants: Any, dims: Any, heard: Any) -> None:
    """What clusters may say in the blocks of a group, in binary logarithms.

    `heard` (m + 4, GROUP) becomes the largest density of each cluster; which is the one that leads the block; the level
    below which its density never falls; and how far all, and all others, may rise above that.

    corners (G 2 D PARTS, 8), constants (m, 2 D + 1), dims: a tuple of D numbers
    """
    m, d, own = len(constants), len(dims), dims + dims + (0.0,)
    least = tables(corners, 2 * group * d * PARTS, dims, EACH_PART)
    most = tables(corners, (2 * group + 1) * d * PARTS, dims, EACH_PART)
    top = level = others = repeated(spread(IMPOSSIBLE), EACH_PART)
    leader, number = repeated(spread(0.0), EACH_PART), spread(0.0)
    for k in range(m):
        both = extremes(least, most, spreads(constants, k * len(own), own))
        high, low = first(both, EACH_PART), rest(both, EACH_PART)
        put(heard, k * PARTS, high)
        others, top = larger(others, less(level, low, top, high)), less(level, low, high, top)
        leader, level, number = less(level, low, number, leader), larger(level, low), add(number, spread(1.0))
    put(heard, m * PARTS, leader)
    put(heard, (m + 1) * PARTS, level)
    put(heard, (m + 2) * PARTS, sub(larger(top, others), level))
    put(heard, (m + 3) * PARTS, sub(others, level))


@inlined
def give(moments: Any, group: int, constants: Any, dims: Any, heard: Any, sums: Any) -> Any:
    """Give each block of a group in which one cluster is heard to that cluster, by adding to its `sums`.

    moments (G (1 + 2 D) PARTS, 8), constants (m, 2 D + 1), dims: a tuple of D numbers, heard (m + 4, GROUP) from
    `sift`, sums (m (1 + 2 D), 8) -> the binary log-likelihoods of these blocks, in lanes
    """
    m, own, at = len(constants), dims + dims + (0.0,), group * (1 + 2 * len(dims)) * PARTS
    count, block = rows(moments, at, EACH_PART), tables(moments, at + PARTS, dims + dims, EACH_PART)
    leader, number = rows(heard, m * PARTS, EACH_PART), spread(0.0)
    gained = none = repeated(spread(0.0), EACH_PART)
    count = less(spread(VANISHING), rows(heard, (m + 3) * PARTS, EACH_PART), none, count)
    for k in range(m):
        share, cluster = alike(leader, number, count, none), spreads(constants, k * len(own), own)
        gained = fma(share, under_in_the_mean(block, cluster), gained)
        put(sums, k * len(own), collect_whole(share, block, cluster, rows(sums, k * len(own), own)))
        number = add(number, spread(1.0))
    return total(gained)


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

    sums (m (1 + 2 D), 8), weights (m,), means (D, m), variances (D, m), floor (D,), whole: all mass
    """
    dims, states = means.shape
    for k in range(states):
        first = k * (1 + 2 * dims)
        mass = across(sums, first)
        weights[k] = mass / whole
        if mass < EMPTY:
            continue
        for d in range(dims):
            move = across(sums, first + 1 + d) / mass
            square = across(sums, first + 1 + dims + d) / mass
            variances[d, k] = max(square - move * move, floor[d])
            means[d, k] += move


@kernel
def across(data: NDArray[np.float64], row: int) -> float:
    """Sum of the lanes of one row of data (R, 8)."""
    total = 0.0
    for lane in range(8):
        total += data[row, lane]
    return total


def room_for(states: int, dims: int) -> Room:
    """Room for one E-step."""
    sums, shares = aligned(states * (1 + 2 * dims), WIDTH), aligned(states * ROWS, WIDTH)
    return Room(sums, shares, aligned(states + 4, GROUP), np.empty(states, np.int64))
