"""Slow, obvious twins of fast functions."""

import itertools
from fractions import Fraction
from math import comb, exp, inf, log, pi

import numpy as np


def log_density(x, mean, variance):
    return sum(-((a - m) ** 2) / (2 * v) - 0.5 * log(2 * pi * v) for a, m, v in zip(x, mean, variance, strict=True))


def density(x, mean, variance):
    return exp(log_density(x, mean, variance))


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


def log_sum(terms):
    top = max(terms)
    return top if top == -inf else top + log(sum(exp(term - top) for term in terms))


def log_likelihood(x, hmm):
    """The forward recursion in logarithms, by plain loops."""
    states = range(len(hmm.start))
    chain = [[log(p) if p else -inf for p in row] for row in hmm.transition]
    seen = [[log_density(value, hmm.means[k], hmm.variances[k]) for k in states] for value in x]
    level = [(log(hmm.start[k]) if hmm.start[k] else -inf) + seen[0][k] for k in states]
    for row in seen[1:]:
        level = [log_sum([level[i] + chain[i][k] for i in states]) + row[k] for k in states]
    return log_sum(level)


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


def mixture(x, states, floor, tolerance, limit):
    """EM from slices of equal count, one observation after the other; log-likelihood, weights, means, variances."""
    count, dims = x.shape
    spread = np.maximum(x.std(axis=0), np.sqrt(floor))
    scaled = (x - x.mean(axis=0)) / spread
    line = scaled[:, 0] if dims == 1 else scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    slices = [x[part] for part in np.array_split(np.argsort(line, kind="stable"), states)]
    weights, means = np.full(states, 1 / states), np.array([part.mean(axis=0) for part in slices])
    variances = np.array([np.maximum(part.var(axis=0), np.maximum(floor, (spread / states) ** 2)) for part in slices])
    before = -inf
    for iteration in range(limit + 1):
        share, loglik = np.empty((count, states)), 0.0
        for t, value in enumerate(x):
            terms = [
                (log(weights[k]) if weights[k] else -inf) + log_density(value, means[k], variances[k])
                for k in range(states)
            ]
            whole = log_sum(terms)
            loglik += whole
            share[t] = [exp(term - whole) for term in terms]
        if loglik - before < tolerance * count or iteration == limit:
            return loglik, weights, means, variances
        before, mass = loglik, share.sum(axis=0)
        weights = mass / count
        for k in np.flatnonzero(mass >= 1e-10):
            centre = share[:, k] @ x / mass[k]
            variances[k] = np.maximum(share[:, k] @ (x - centre) ** 2 / mass[k], floor)
            means[k] = centre
    return None


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
