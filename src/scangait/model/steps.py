"""What one observation asks of m states of D dimensions, in eight lanes."""

from __future__ import annotations

from functools import reduce

from scangait.model.lanes import Vectors, instruction
from scangait.model.vectors import Writer


@instruction(lambda belief, _: belief)
def times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
    """Row vector (m,) times matrix (m, m), in every lane."""
    result = [write.builder.fmul(belief[0], entry) for entry in matrix[: len(belief)]]
    for i, weight in enumerate(belief[1:], 1):
        result = [write.fma(weight, matrix[i * len(belief) + k], value) for k, value in enumerate(result)]
    return result


@instruction(lambda _share, _x, _means, sums: sums)
def moments(write: Writer, share: Vectors, x: Vectors, means: Vectors, sums: Vectors) -> Vectors:
    """Add to sums (2, D, m) the share (m,) of x (D,) in first and second moments about means (D, m)."""
    states, half = len(share), len(means)
    off = [write.builder.fsub(x[index // states], mean) for index, mean in enumerate(means)]
    first = [write.fma(share[i % states], z, sums[i]) for i, z in enumerate(off)]
    second = [write.fma(share[i % states], write.builder.fmul(z, z), sums[half + i]) for i, z in enumerate(off)]
    return first + second


@instruction(lambda before, _: before)
def reach(write: Writer, before: Vectors, chain: Vectors) -> Vectors:
    """As `times_matrix` in binary logarithms: level (m,) and chain (m, m)."""
    states, result = len(before), []
    for k in range(states):
        terms = [write.builder.fadd(before[i], chain[i * states + k]) for i in range(states)]
        top = reduce(write.larger, terms)
        parts = [write.exp2(write.builder.fsub(term, top)) for term in terms]
        result.append(write.builder.fadd(top, write.log2(reduce(write.builder.fadd, parts))))
    return result


@instruction(lambda _x, _means, _rates, level: level)
def densities(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    """Binary log-densities (m,) of x (D,): level (m,) + sum over d of rates (D, m) (x - means (D, m))^2."""
    states = len(level)
    for d, value in enumerate(x):
        off = [write.builder.fsub(value, means[d * states + k]) for k in range(states)]
        level = [write.fma(write.builder.fmul(z, z), rates[d * states + k], level[k]) for k, z in enumerate(off)]
    return level
