"""Slow, obvious twins of fast functions."""

import itertools
from fractions import Fraction
from math import comb, exp, log, pi


def density(x, mean, variance):
    return exp(
        sum(-((a - m) ** 2) / (2 * v) - 0.5 * log(2 * pi * v) for a, m, v in zip(x, mean, variance, strict=True))
    )


def likelihood(x, hmm):
    """The sum over every path of states."""
    total = 0.0
    for path in itertools.product(range(len(hmm.start)), repeat=len(x)):
        chance = hmm.start[path[0]]
        for before, after in itertools.pairwise(path):
            chance *= hmm.transition[before, after]
        for value, state in zip(x, path, strict=True):
            chance *= density(value, hmm.means[state], hmm.variances[state])
        total += chance
    return total


def executions(places, cuts, at_most, *, overlap):
    """Join pieces one by one with plain sets and lists."""
    pieces, start = [], 0
    for cut in [*cuts, len(places)]:
        pieces.append(places[start:cut])
        start = cut
    joined = [list(pieces[0])]
    for piece in pieces[1:]:
        common = len(set(piece) & set(joined[-1]))
        smaller = min(len(set(piece)), len(set(joined[-1])))
        whole = smaller if overlap else len(set(piece) | set(joined[-1]))
        if common / whole <= at_most:
            joined[-1] += list(piece)
        else:
            joined.append(list(piece))
    return joined


def union_law(sizes, space):
    """Chance of each number of distinct addresses that random sets of these sizes hit, in exact fractions."""
    law = {sizes[0]: Fraction(1)}
    for size in sizes[1:]:
        above = {}
        for union, chance in law.items():
            for again in range(max(0, size + union - space), min(size, union) + 1):
                ways = Fraction(comb(union, again) * comb(space - union, size - again), comb(space, size))
                above[union + size - again] = above.get(union + size - again, 0) + chance * ways
        law = above
    return law
