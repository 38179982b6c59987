"""Which multiples of a number fall into an interval modulo another: listed without trying all."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.scanners.logarithm import multiply

NEVER: Final = 2**40
"""More than any distance."""


@kernel
def visits(hits: NDArray[np.int64], offset: int, step: int, modulus: int, width: int, low: int, high: int) -> int:
    """Fill `hits` with every d in low..high for which offset + (d - low) step lies in 0..width modulo; how many.

    From one to the next there are three distances only: that of the first return upwards, of the first downwards, and
    of both together (Sós 1958).
    """
    ahead = 0 if offset <= width else _first(step, modulus, modulus - offset, modulus - offset + width, high - low)
    if ahead < 0:
        return 0
    up = 0 if step <= width else _first(step, modulus, modulus - step, modulus - step + width, high - low)
    down = 0 if step >= modulus - width else _first(step, modulus, modulus - width - step, modulus - step, high - low)
    rise = int(multiply(np.uint64(up + 1), np.uint64(step), np.uint64(modulus))) if up >= 0 else width + 1
    back = int(multiply(np.uint64(down + 1), np.uint64(step), np.uint64(modulus))) if down >= 0 else modulus - width - 1
    fall = (modulus - back) % modulus
    up, down = up + 1 if up >= 0 else NEVER, down + 1 if down >= 0 else NEVER
    at, d, count = (
        (offset + np.int64(multiply(np.uint64(ahead), np.uint64(step), np.uint64(modulus)))) % modulus,
        low + ahead,
        0,
    )
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


@kernel
def _first(a: int, m: int, low: int, high: int, most: int) -> int:
    """The smallest number 0..most whose product with `a` lies in low..high modulo m, -1 where there is none.

    Euclid's algorithm on (a, m): either a multiple of `a` falls into the interval before the first wrap, or the wraps
    themselves are such a problem modulo `a` (0 <= low <= high < m).
    """
    stack = np.empty((128, 3), np.int64)
    depth, answer = 0, -1
    while True:
        if low <= 0:
            answer = 0
            break
        a %= m
        if 2 * a > m:
            a, low, high = m - a, m - high, m - low
        if a == 0:
            return -1
        step = -(-low // a)
        if step * a <= high:
            answer = step
            break
        if depth == 127:
            return -1
        stack[depth, 0], stack[depth, 1], stack[depth, 2] = a, m, low
        depth += 1
        a, m, low, high = m % a, a, -high % a, -low % a
    while depth:
        depth -= 1
        a, m, low = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        if answer > most:  # it only grows from here, and a larger one would not fit into 64 bits
            return -1
        answer = -(-(low + m * answer) // a)
    return answer if answer <= most else -1
