"""How rarely independent random scans overlap as little as some did: the hypergeometric law."""

from __future__ import annotations

from math import lgamma, log, log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
        return max(0.0, -_tail(sorted(sizes.tolist()), space, shared) / LN2)
    missed = float(np.sum(np.log1p(-np.minimum(sizes, space - 1) / space)))
    expected, seen = -np.expm1(missed), distinct / space
    if seen <= expected:
        return 0.0
    miss = (1 - seen) * (log1p(-seen) - missed) if seen < 1 else 0.0
    return float(space * (seen * log(seen / expected) + miss) / LN2)


def _tail(sizes: list[int], space: int, shared: int) -> float:
    """Log chance that, one set after the other, at most `shared` addresses are hit again by sets of these sizes.

    `level[t]` is the log chance that t were, so that the next set meets sum - t covered addresses.
    """
    level, total = np.full(shared + 1, -np.inf), sizes[0]
    level[0] = 0.0
    for size in sizes[1:]:
        above = np.full(shared + 1, -np.inf)
        for before in np.flatnonzero(level > -np.inf).tolist():
            least, law = _hits(total - before, size, space, shared - before)
            now = slice(before + least, before + least + len(law))
            above[now] = np.logaddexp(above[now], level[before] + law)
        level, total = above, total + size
    return float(np.logaddexp.reduce(level))


def _hits(covered: int, size: int, space: int, most: int) -> tuple[int, NDArray[np.float64]]:
    """The hypergeometric law: how many of `covered` addresses a random set of `size` hits at least, and the log chances
    (K,) that it hits so many and each number more, up to `most`.
    """
    least, most = max(0, size + covered - space), min(most, size, covered)
    if covered > space or least > most:
        return 0, np.empty(0)
    hit = np.arange(least, most, dtype=np.float64)
    growth = (covered - hit) * (size - hit) / ((hit + 1) * (space - covered - size + hit + 1))
    first = _choose(covered, least) + _choose(space - covered, size - least) - _choose(space, size)
    return least, first + np.r_[0.0, np.cumsum(np.log(growth))]


def _choose(among: int, chosen: int) -> float:
    """Natural logarithm of the binomial coefficient."""
    return lgamma(among + 1) - lgamma(chosen + 1) - lgamma(among - chosen + 1)
