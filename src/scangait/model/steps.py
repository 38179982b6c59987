"""What one observation asks of m states of D dimensions, in eight lanes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from itertools import pairwise
from math import isqrt, pi
from typing import Any, Final

from scangait.model.lanes import Vectors, instruction, places
from scangait.model.vectors import INT, WIDE, Writer

MOST: Final = 4
"""Steps that are looked at together at most."""
FEW: Final = 4
"""Up to so many states, four steps are looked at together, above two: eight powers or more, none of which waits."""


@instruction(lambda states, dims: at_once(states) * dims)
def together(write: Writer, states: Vectors, dims: Vectors) -> Vectors:
    """A tuple as long as observations (U D,) of the steps that are looked at together."""
    return [write.constant(0)] * (at_once(len(states)) * len(dims))


def at_once(states: int) -> int:
    """How many steps those are."""
    return MOST if states <= FEW else MOST // 2


@instruction(lambda belief, _: belief)
def times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
    """Row vector (m,) times matrix (m, m), in every lane."""
    return _times_matrix(write, belief, matrix)


def _times_matrix(write: Writer, belief: Vectors, matrix: Vectors) -> Vectors:
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
    return _densities(write, x, means, rates, level)


@instruction(lambda x, means, _rates, level: _seen(x, means, level))
def look(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    """Of each step of x (U D,) the largest of the binary log-densities (U,), then the densities as shares of it
    (U m,); arguments as of `densities`.
    """
    return _look(write, x, means, rates, level)


def _seen(x: int, means: int, level: int) -> int:
    return x // (means // level) * (1 + level)


def _look(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    dims = len(means) // len(level)
    found = [_densities(write, x[at : at + dims], means, rates, level) for at in range(0, len(x), dims)]
    tops = [write.largest(each) for each in found]
    below = [write.builder.fsub(one, top) for each, top in zip(found, tops, strict=True) for one in each]
    return tops + write.powers(below)


@instruction(lambda _x, _means, _rates, _level, state, _chain: state)
def advance(
    write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors, state: Vectors, chain: Vectors
) -> Vectors:
    """Move beliefs on over steps that were seen, while the next, x (U D,), are looked at.

    state (4 + m + U + U m,): sums of the largest log-densities and of the powers of two that beliefs were scaled by,
    the least that beliefs added up to, what scales the first, what is believed before it, and what was seen -> state
    """
    look_, move = partial(_look, write, x, means, rates, level), partial(_move, write, state, chain)
    looked, moved = write.beside(look_, move)
    return moved + looked


@instruction(lambda _memory, _first, _x, _means, _rates, _level, state, _chain: state)
def advance_and_note(  # noqa: PLR0917 - a kernel has no objects to put them in
    write: Writer,
    memory: Any,
    first: Any,
    x: Vectors,
    means: Vectors,
    rates: Vectors,
    level: Vectors,
    state: Vectors,
    chain: Vectors,
) -> Vectors:
    """As `advance`, and for each step beliefs (m,) and weights (m,) are put into memory (R, 8) from row `first` on."""
    noted = places(write, memory, first, 2 * at_once(len(level)) * len(level))
    look_, move = partial(_look, write, x, means, rates, level), partial(_move, write, state, chain, noted)
    looked, moved = write.beside(look_, move)
    return moved + looked


def _move(write: Writer, state: Vectors, chain: Vectors, noted: Sequence[Any] = ()) -> Vectors:
    b, states, (shift, powers, low, scale) = write.builder, isqrt(len(chain)), state[:4]
    ahead, seen = state[4 : 4 + states], state[4 + states :]
    steps, belief = len(seen) // (1 + states), ahead
    for u in range(steps):
        weight = seen[steps + u * states :][:states]
        if u:
            ahead = _times_matrix(write, belief, chain)
        else:
            weight = [b.fmul(one, scale) for one in weight]
        belief = [b.fmul(one, share) for one, share in zip(ahead, weight, strict=True)]
        for vector, place in zip(belief + weight, noted[2 * u * states :], strict=False):
            b.store(vector, place, align=8)
        shift = b.fadd(shift, seen[u])
    mass = reduce(b.fadd, belief)
    sums = [shift, b.fadd(powers, write.exponent(mass)), write.smaller(low, mass), write.unscale(mass)]
    return sums + _times_matrix(write, belief, chain)


def _densities(write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors) -> Vectors:
    states = len(level)
    for d, value in enumerate(x):
        off = [write.builder.fsub(value, means[d * states + k]) for k in range(states)]
        level = [write.fma(write.builder.fmul(z, z), rates[d * states + k], level[k]) for k, z in enumerate(off)]
    return level


@instruction(lambda _, after: after)
def matrix_times(write: Writer, matrix: Vectors, after: Vectors) -> Vectors:
    """Matrix (m, m) times column vector (m,), in every lane."""
    return _matrix_times(write, matrix, after)


def _matrix_times(write: Writer, matrix: Vectors, after: Vectors) -> Vectors:
    states = len(after)
    result = [write.builder.fmul(matrix[i * states], after[0]) for i in range(states)]
    for k in range(1, states):  # row beside row: along one, each product would wait for the one before
        result = [write.fma(matrix[i * states + k], after[k], value) for i, value in enumerate(result)]
    return result


@instruction(lambda _before, _after, moves: moves)
def outer(write: Writer, before: Vectors, after: Vectors, moves: Vectors) -> Vectors:
    """Add to moves (m, m) the products of before (m,) and after (m,)."""
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


HELD: Final = 14 if WIDE else 7
"""So many sums at most are added to side by side: registers hold no more."""


@instruction(lambda _memory, _x, _sums, _at, _means, _chain, after: after)
def descend_and_add(
    write: Writer, memory: Any, x: Any, sums: Any, at: list[Any], means: Vectors, chain: Vectors, after: Vectors
) -> Vectors:
    """Move back over steps while what is expected in others is added up, as by `add_up`; what follows from them (m,).

    memory (R, 8): beliefs (m,) and weights (m,) of each step; at: the last of the steps, the row from which on shares
    (m,) and weights (m,) of each are put into memory, and both for those that are added up
    """
    t, spare, other, from_ = at
    move = partial(_move_back, write, memory, sums, (t, spare), chain, after)
    (before, _) = write.beside(move, partial(_add_up, write, memory, x, sums, (other, from_), means, len(after)))
    return before


@instruction(lambda *_: 0)
def add_up(write: Writer, memory: Any, x: Any, sums: Any, at: list[Any], means: Vectors, after: Vectors) -> Vectors:
    """Add to `sums` what is expected in some steps, of which the last is at[0], with shares and weights from row at[1]
    of memory on.
    """
    return _add_up(write, memory, x, sums, (at[0], at[1]), means, len(after))


def _move_back(write: Writer, memory: Any, sums: Any, at: tuple[Any, Any], chain: Vectors, after: Vectors) -> Vectors:
    b, states, (t, spare) = write.builder, len(after), at
    for u in range(MOST):
        first = b.mul(b.sub(t, INT(u)), INT(2 * states))
        seen = [b.load(place, align=8) for place in places(write, memory, first, 2 * states)]
        noted = [b.fmul(one, other) for one, other in zip(seen, after + after, strict=True)]
        for place, vector in zip(
            places(write, sums, b.add(spare, INT(2 * states * u)), 2 * states), noted, strict=True
        ):
            b.store(vector, place, align=8)
        after = _matrix_times(write, chain, noted[states:])
    return after


def _add_up(write: Writer, memory: Any, x: Any, sums: Any, at: tuple[Any, Any], means: Vectors, states: int) -> Vectors:
    b, (t, from_), dims, steps = write.builder, at, len(means) // states, range(MOST)

    def load(data: Any, first: Any, count: int) -> Vectors:
        return [b.load(place, align=8) for place in places(write, data, first, count)]

    def step(u: int) -> Any:
        return b.sub(t, INT(u))

    def noted(u: int, which: int, first: int, count: int) -> Vectors:
        return load(sums, b.add(from_, INT((2 * u + which) * states + first)), count)

    def into(first: int, found: Vectors) -> None:
        for place, vector in zip(places(write, sums, INT(first), len(found)), found, strict=True):
            b.store(vector, place, align=8)

    for i, count in _pieces(states, states):
        first = (2 * dims + 2 + i) * states
        moves = load(sums, INT(first), count * states)
        for u in steps:
            before = load(memory, b.add(b.mul(step(u), INT(2 * states)), INT(i - 2 * states)), count)
            weight = noted(u, 1, 0, states)
            moves = [write.fma(before[j // states], weight[j % states], move) for j, move in enumerate(moves)]
        into(first, moves)
    for k, count in _pieces(states, 1 + 2 * dims):
        rows = [states + k + part * states for part in range(1 + 2 * dims)]
        totals = [load(sums, INT(row), count) for row in rows]
        for u in steps:
            share = noted(u, 0, k, count)
            seen = load(x, b.mul(step(u), INT(dims)), dims)
            totals[0] = [b.fadd(one, own) for one, own in zip(totals[0], share, strict=True)]
            for d in range(dims):
                off = [b.fsub(seen[d], mean) for mean in means[d * states + k :][:count]]
                totals[1 + d] = [write.fma(*three) for three in zip(share, off, totals[1 + d], strict=True)]
                squares = [b.fmul(z, z) for z in off]
                totals[1 + dims + d] = [
                    write.fma(*three) for three in zip(share, squares, totals[1 + dims + d], strict=True)
                ]
        for row, found in zip(rows, totals, strict=True):
            into(row, found)
    return []


def _pieces(states: int, sums: int) -> list[tuple[int, int]]:
    """First and number of states, which have so many sums each, that are added up together."""
    pieces = -(-states // max(1, HELD // sums))
    edges = [states * piece // pieces for piece in range(pieces + 1)]
    return [(first, end - first) for first, end in pairwise(edges)]
