"""Passes over sequences that take some steps at once, in eight lanes: two streams of work written into each other.

Along one stream each operation waits for the one before: beliefs move from step to step. The other waits for nothing:
the next steps are looked at, or what was expected in others is added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from itertools import pairwise
from math import isqrt
from typing import Any, Final

from scangait.model.lanes import Vectors, instruction, load, places, store
from scangait.model.steps import write_look, write_matrix_times, write_moments, write_outer, write_times_matrix
from scangait.model.vectors import INT, WIDE, Writer

MOST: Final = 4
"""Steps that are taken together at most."""
FEW: Final = 4
"""Up to so many states, MOST steps are looked at together, above half as many: eight powers or more."""
HELD: Final = 14 if WIDE else 7
"""So many sums at most are added to side by side: registers hold no more."""


@instruction(lambda states, dims: at_once(states) * dims)
def together(write: Writer, states: Vectors, dims: Vectors) -> Vectors:
    """A tuple as long as observations (U D,) of the steps that are looked at together."""
    return [write.constant(0)] * (at_once(len(states)) * len(dims))


def at_once(states: int) -> int:
    """How many steps those are."""
    return MOST if states <= FEW else MOST // 2


@instruction(lambda _x, _means, _rates, _level, state, _chain: state)
def advance(
    write: Writer, x: Vectors, means: Vectors, rates: Vectors, level: Vectors, state: Vectors, chain: Vectors
) -> Vectors:
    """Move beliefs on over steps that were seen, while the next, x (U D,), are looked at.

    state (4 + m + U + U m,): sums of the largest log-densities and of the powers of two that beliefs were scaled by,
    the least that beliefs added up to, what scales the first, what is believed before it, and what was seen -> state
    """
    return _advance(write, x, (means, rates, level), state, chain)


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
    return _advance(write, x, (means, rates, level), state, chain, noted)


def _advance(
    write: Writer,
    x: Vectors,
    normals: tuple[Vectors, Vectors, Vectors],
    state: Vectors,
    chain: Vectors,
    noted: Sequence[Any] = (),
) -> Vectors:
    look, move = partial(write_look, write, x, *normals), partial(_move, write, state, chain, noted)
    looked, moved = write.beside(look, move)
    return moved + looked


def _move(write: Writer, state: Vectors, chain: Vectors, noted: Sequence[Any]) -> Vectors:
    b, states, (shift, powers, low, scale) = write.builder, isqrt(len(chain)), state[:4]
    ahead, seen = state[4 : 4 + states], state[4 + states :]
    steps, belief = len(seen) // (1 + states), ahead
    for u in range(steps):
        weight = seen[steps + u * states :][:states]
        if u:
            ahead = write_times_matrix(write, belief, chain)
        else:
            weight = [b.fmul(one, scale) for one in weight]
        belief = [b.fmul(one, share) for one, share in zip(ahead, weight, strict=True)]
        for vector, place in zip(belief + weight, noted[2 * u * states :], strict=False):
            b.store(vector, place, align=8)
        shift = b.fadd(shift, seen[u])
    mass = reduce(b.fadd, belief)
    sums = [shift, b.fadd(powers, write.exponent(mass)), write.smaller(low, mass), write.unscale(mass)]
    return sums + write_times_matrix(write, belief, chain)


@instruction(lambda _memory, _x, _sums, _at, _means, _chain, after: after)
def descend_and_add(
    write: Writer, memory: Any, x: Any, sums: Any, at: list[Any], means: Vectors, chain: Vectors, after: Vectors
) -> Vectors:
    """Move back over MOST steps while what is expected in others is added up by `add_up`; what then follows (m,).

    memory (R, 8): beliefs (m,) and weights (m,) of each step; at: the last of the steps, the row of sums from which on
    their shares (m,) and weights (m,) are noted, and both for the steps that are added up
    """
    last, note, *others = at
    move = partial(_move_back, write, (memory, sums), (last, note), chain, after)
    before, _ = write.beside(move, partial(_add_up, write, (memory, x, sums), others, means, len(after)))
    return before


@instruction(lambda *_: 0)
def add_up(write: Writer, memory: Any, x: Any, sums: Any, at: list[Any], means: Vectors, after: Vectors) -> Vectors:
    """Add to the sums, laid out as in baum_welch_em.py, what is expected in MOST steps.

    at: the last of the steps, and the row of sums from which on their shares (m,) and weights (m,) are noted; of after
    (m,) only the length counts
    """
    return _add_up(write, (memory, x, sums), at, means, len(after))


def _move_back(write: Writer, arrays: tuple[Any, Any], at: tuple[Any, Any], chain: Vectors, after: Vectors) -> Vectors:
    b, states, (memory, sums), (last, note) = write.builder, len(after), arrays, at
    for u in range(MOST):
        seen = load(write, memory, b.mul(b.sub(last, INT(u)), INT(2 * states)), 2 * states)
        noted = [b.fmul(one, other) for one, other in zip(seen, after + after, strict=True)]
        store(write, sums, b.add(note, INT(2 * states * u)), noted)
        after = write_matrix_times(write, chain, noted[states:])
    return after


def _add_up(write: Writer, arrays: tuple[Any, Any, Any], at: list[Any], means: Vectors, states: int) -> Vectors:
    (memory, x, sums), dims = arrays, len(means) // states
    for first, count in _pieces(states, states):
        _add_moves(write, (memory, sums), at, (2 * dims + 2, first, count), states)
    for first, count in _pieces(states, 1 + 2 * dims):
        own = [mean for d in range(dims) for mean in means[d * states + first :][:count]]
        _add_moments(write, (x, sums), at, (first, count), own, states)
    return []


def _pieces(states: int, sums: int) -> list[tuple[int, int]]:
    """First and number of states, each with so many sums, that are added up together."""
    pieces = -(-states // max(1, HELD // sums))
    edges = [states * piece // pieces for piece in range(pieces + 1)]
    return [(first, end - first) for first, end in pairwise(edges)]


def _add_moves(write: Writer, arrays: tuple[Any, Any], at: list[Any], piece: tuple[int, int, int], states: int) -> None:
    """Moves from some states; piece: where moves begin in sums, in rows of m, the first of the states, and how many."""
    b, (memory, sums), (last, noted), (begin, first, count) = write.builder, arrays, at, piece
    row = INT((begin + first) * states)
    moves = load(write, sums, row, count * states)
    for u in range(MOST):
        before = load(write, memory, b.add(b.mul(b.sub(last, INT(u + 1)), INT(2 * states)), INT(first)), count)
        weight = load(write, sums, b.add(noted, INT((2 * u + 1) * states)), states)
        moves = write_outer(write, before, weight, moves)
    store(write, sums, row, moves)


def _add_moments(
    write: Writer, arrays: tuple[Any, Any], at: list[Any], piece: tuple[int, int], means: Vectors, states: int
) -> None:
    """Masses and moments of some states; piece: the first of them, and how many; means (D, count)."""
    b, (x, sums), (last, noted), (first, count) = write.builder, arrays, at, piece
    dims = len(means) // count
    places_ = [INT((1 + part) * states + first) for part in range(1 + 2 * dims)]
    totals = [vector for row in places_ for vector in load(write, sums, row, count)]
    mass, sides = totals[:count], totals[count:]
    for u in range(MOST):
        share = load(write, sums, b.add(noted, INT(2 * u * states + first)), count)
        seen = load(write, x, b.mul(b.sub(last, INT(u)), INT(dims)), dims)
        mass = [b.fadd(one, own) for one, own in zip(mass, share, strict=True)]
        sides = write_moments(write, share, seen, means, sides)
    totals = mass + sides
    for part, row in enumerate(places_):
        store(write, sums, row, totals[part * count : (part + 1) * count])
