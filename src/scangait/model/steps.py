"""What one observation asks of m states of D dimensions, in eight lanes."""

from __future__ import annotations

from functools import reduce
from math import isqrt, pi

from scangait.model.lanes import Vectors, instruction
from scangait.model.vectors import Writer


@instruction(lambda belief, _: belief)
def times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
    """Row vector (m,) times matrix (m, m), in every lane."""
    return write_times_matrix(write, belief, matrix)


def write_times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
    """`times_matrix` as instructions."""
    result = [write.builder.fmul(belief[0], entry) for entry in matrix[: len(belief)]]
    for i, weight in enumerate(belief[1:], 1):
        result = [write.fma(weight, matrix[i * len(belief) + k], value) for k, value in enumerate(result)]
    return result


@instruction(lambda _share, _x, _means, sums: sums)
def moments(write: Writer, share: Vectors, x: Vectors, means: Vectors, sums: Vectors) -> Vectors:
    """Add to sums (2, D, m) the share (m,) of x (D,) in first and second moments about means (D, m)."""
    return write_moments(write, share, x, means, sums)


def write_moments(write: Writer, share: Vectors, x: Vectors, means: Vectors, sums: Vectors) -> Vectors:
    """`moments` as instructions."""
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
    return _densities(write, x, means, rates, level)


@instruction(lambda x, means, _rates, level: x // (means // level) * (1 + level))
def look(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    """Of each step of x (U D,) the largest of the binary log-densities (U,), then the densities as shares of it
    (U m,); arguments as of `densities`.
    """
    return write_look(write, x, means, rates, level)


def write_look(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    """`look` as instructions."""
    dims = len(means) // len(level)
    found = [_densities(write, x[at : at + dims], means, rates, level) for at in range(0, len(x), dims)]
    tops = [write.largest(each) for each in found]
    below = [write.builder.fsub(one, top) for each, top in zip(found, tops, strict=True) for one in each]
    return tops + write.powers(below)


def _densities(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    states = len(level)
    for d, value in enumerate(x):
        off = [write.builder.fsub(value, means[d * states + k]) for k in range(states)]
        level = [write.fma(write.builder.fmul(z, z), rates[d * states + k], level[k]) for k, z in enumerate(off)]
    return level


@instruction(lambda _, after: after)
def matrix_times(write: Writer, matrix: Vectors, after: Vectors) -> Vectors:
    """Matrix (m, m) times column vector (m,), in every lane."""
    return write_matrix_times(write, matrix, after)


def write_matrix_times(write: Writer, matrix: Vectors, after: Vectors) -> Vectors:
    """`matrix_times` as instructions."""
    states = len(after)
    result = [write.builder.fmul(matrix[i * states], after[0]) for i in range(states)]
    for k in range(1, states):  # row beside row: along one, each product would wait for the one before
        result = [write.fma(matrix[i * states + k], after[k], value) for i, value in enumerate(result)]
    return result


@instruction(lambda _before, _after, moves: moves)
def outer(write: Writer, before: Vectors, after: Vectors, moves: Vectors) -> Vectors:
    """Add to moves (m, m) the products of before (m,) and after (m,)."""
    return write_outer(write, before, after, moves)


def write_outer(write: Writer, before: Vectors, after: Vectors, moves: Vectors) -> Vectors:
    """`outer` as instructions; before may be of some states (K,), moves then are (K, m)."""
    states = len(after)
    return [write.fma(before[index // states], after[index % states], move) for index, move in enumerate(moves)]


@instruction(lambda _before, _chain, _after, moves: moves)
def outer_in_logs(write: Writer, before: Vectors, chain: Vectors, after: Vectors, moves: Vectors) -> Vectors:
    """Add to moves (m, m) what is given in binary logarithms: before (m,), chain (m, m), after (m,)."""
    states, result = len(after), []
    for index, move in enumerate(moves):
        level = write.builder.fadd(before[index // states], write.builder.fadd(chain[index], after[index % states]))
        result.append(write.builder.fadd(move, write.exp2(level)))
    return result


@instruction(lambda matrix: matrix)
def transposed(_: Writer, matrix: Vectors) -> Vectors:
    """Matrix (m, m) with rows and columns exchanged."""
    states = isqrt(len(matrix))
    return [matrix[k * states + i] for i in range(states) for k in range(states)]


@instruction(lambda counts, _: counts)
def shares(write: Writer, counts: Vectors, old: Vectors) -> Vectors:
    """Rows of counts (m, m) divided by their sums; an empty row stays as in old (m, m)."""
    states, result = isqrt(len(counts)), []
    for i in range(states):
        row = slice(i * states, (i + 1) * states)
        whole = reduce(write.builder.fadd, counts[row])
        for count, before in zip(counts[row], old[row], strict=True):
            result.append(write.less(write.constant(0), whole, write.builder.fdiv(count, whole), before))
    return result


@instruction(lambda dims, each: dims * each)
def tiled(_: Writer, dims: Vectors, each: Vectors) -> Vectors:
    """Vectors (m,) again for each dimension: (D, m)."""
    return each * len(dims)


@instruction(lambda level, _: level)
def normal_levels(write: Writer, level: Vectors, variances: Vectors) -> Vectors:
    """Binary logarithm (m,) of a Gaussian's height: variances (D, m); of level (m,) only the length counts."""
    states, half = len(level), write.constant(-0.5)
    heights = []
    for k in range(states):
        logs = [write.log2(write.builder.fmul(write.constant(2 * pi), v)) for v in variances[k::states]]
        heights.append(write.builder.fmul(half, reduce(write.builder.fadd, logs)))
    return heights
