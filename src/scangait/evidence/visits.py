"""Which multiples of a number fall into an interval modulo another: listed without trying all."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import inlined, kernel
from scangait.scanners.logarithm import multiply

DEEPEST: Final = 128
"""Steps of Euclid's algorithm that no numbers below 2^50 take."""
NEVER: Final = 2**40
"""More than any distance."""


@kernel
def visits(
    hits: NDArray[np.int64],
    offset: int,
    step: int,
    modulus: int,
    width: int,
    low: int,
    high: int,
    room: NDArray[np.int64],
) -> int:
    """Fill `hits` with every d in low..high for which offset + (d - low) step lies in 0..width modulo; how many.

    From one to the next there are three distances only: that of the first return upwards, of the first downwards, and
    of both together (Sós 1958). The modulus is below 2^50, `room` (3 DEEPEST,) to work in.
    """
    ahead, at = 0, offset
    if offset > width:
        ahead = _first(step, modulus, modulus - offset, modulus - offset + width, high - low, room)
        if ahead < 0:
            return 0
        at = (offset + np.int64(multiply(np.uint64(ahead), np.uint64(step), np.uint64(modulus)))) % modulus
    up, rise, down, fall = _returns(step, modulus, width, high - low)
    d, count = low + ahead, 0
    while d <= high and count < len(hits):
        hits[count] = d
        count += 1
        if at + rise <= width and (up <= down or at < fall):
            d, at = d + up, at + rise
        elif at >= fall:
            d, at = d + down, at - fall
        else:
            d, at = d + up + down, at + rise - fall
    return count


@inlined
def _returns(step: int, modulus: int, width: int, most: int) -> tuple[int, int, int, int]:
    """The fewest steps, one or more, that end up to `width` further round, and how far; the same for back (1 or more).

    NEVER where that takes more than `most`. Each nearest return is made of two before it, as in Euclid's algorithm.
    """
    up, rise, down, fall = 1, step, 1, modulus - step
    while rise and (rise > width or fall > width) and min(up, down) <= most:
        if rise > width and rise >= fall:
            times = rise // fall
            if rise - times * fall < width:  # fewer are enough
                times = min(times, (rise - width + fall - 1) // fall)
            up, rise = up + times * down, rise - times * fall
        else:
            times = (fall - 1) // rise
            if fall - times * rise < width:
                times = min(times, (fall - width + rise - 1) // rise)
            down, fall = down + times * up, fall - times * rise
    if rise > width or up > most:
        up, rise = NEVER, width + 1
    if fall > width or down > most:
        down, fall = NEVER, width + 1
    return up, rise, down, fall


@inlined
def _first(a: int, m: int, low: int, high: int, most: int, room: NDArray[np.int64]) -> int:
    """The smallest number 0..most whose product with `a` lies in low..high modulo m, -1 where there is none.

    Euclid's algorithm on (a, m): either a multiple of `a` falls into the interval before the first wrap, or the wraps
    themselves are such a problem modulo `a` (0 <= low <= high < m).
    """
    depth, answer, a = 0, -1, a % m
    while True:
        if low <= 0:
            answer = 0
            break
        if 2 * a > m:
            a, low, high = m - a, m - high, m - low
        if a == 0:
            return -1
        below = (low - 1) // a  # divisions are what this takes its time for
        if (below + 1) * a <= high:
            answer = below + 1
            break
        if depth == DEEPEST - 1:
            return -1
        room[3 * depth], room[3 * depth + 1], room[3 * depth + 2] = a, m, low
        depth += 1
        # no multiple of `a` lies in low..high, so that both lie beyond the same one
        a, m, low, high = m % a, a, (below + 1) * a - high, (below + 1) * a - low
    while depth:
        depth -= 1
        a, m, low = room[3 * depth], room[3 * depth + 1], room[3 * depth + 2]
        if answer > most:  # it only grows from here
            return -1
        answer = _ceiling(low, m, answer, a)
    return answer if answer <= most else -1


@inlined
def _ceiling(low: int, m: int, answer: int, a: int) -> int:
    """The smallest number that is not below (low + m answer) / a, where that is below 2^50.

    In floating point it is at most one off; the products may not fit into 64 bits, but what they differ by does.
    """
    found = np.int64((np.float64(low) + np.float64(m) * np.float64(answer)) / np.float64(a))
    over = found * a - m * answer - low
    while over < 0:
        found, over = found + 1, over + a
    while over >= a:
        found, over = found - 1, over - a
    return found
