"""How rarely independent random scans overlap as little as some did: the hypergeometric law."""

from __future__ import annotations

from math import lgamma, log, log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel

EXACT: Final = 512
"""Up to so many shared addresses the tail is summed; beyond, it is bounded (Hoeffding 1963)."""
LN2: Final = log(2)


def rarity(sizes: NDArray[np.int64], distinct: int, space: int) -> float:
    """Bits against the accident that random sets of these `sizes` (S,) hit `distinct` or more of `space` addresses.

    >>> round(rarity(np.array([2, 2]), 4, 4), 3)  # one choice in six is the complement
    2.585
    """
    shared = int(sizes.sum()) - distinct
    if shared <= EXACT:
        return max(0.0, -float(_tail(np.sort(sizes), space, np.empty((2, shared + 1)))) / LN2)
    missed = float(np.sum(np.log1p(-np.minimum(sizes, space - 1) / space)))
    expected, seen = -np.expm1(missed), distinct / space
    if seen <= expected:
        return 0.0
    miss = (1 - seen) * (log1p(-seen) - missed) if seen < 1 else 0.0
    return float(space * (seen * log(seen / expected) + miss) / LN2)


@kernel
def _tail(sizes: NDArray[np.int64], space: int, room: NDArray[np.float64]) -> float:
    """(S,) sizes, room (2, T + 1) -> log chance that, one set after the other, at most T addresses are hit again.

    `level[t]` is the log chance that t were, so that the next set of n meets sum - t covered addresses.
    """
    level, above, total, shared = room[0], room[1], sizes[0], room.shape[1] - 1
    for t in range(shared + 1):
        level[t] = -np.inf if t else 0.0
    for size in sizes[1:]:
        for t in range(shared + 1):
            above[t] = -np.inf
        for before in range(shared + 1):
            covered = total - before
            if level[before] == -np.inf or covered > space:
                continue
            least = max(0, size + covered - space)
            for again in range(least, min(shared - before, size, covered) + 1):
                chance = level[before] + _choose(covered, again) + _choose(space - covered, size - again)
                chance -= _choose(space, size)
                above[before + again] = np.logaddexp(above[before + again], chance)
        level, above = above, level
        total += size
    answer = -np.inf
    for value in level:
        answer = np.logaddexp(answer, value)
    return answer


@kernel
def _choose(among: int, chosen: int) -> float:
    """Natural logarithm of the binomial coefficient."""
    return lgamma(among + 1.0) - lgamma(chosen + 1.0) - lgamma(among - chosen + 1.0)
