"""Coverage without overlap: sources that share a scan out among them meet far less often than independent ones.

Gates (2006) looks for few sets that cover most of the network and overlap little, with a threshold for each. Here a
pair of scans that meets as seldom as a division of labour does, instead of as often as chance, has bits for it; the
group with the most bits is sought, and accepted by the hypergeometric law.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, log2
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.kernel import kernel
from scangait.recognise.joins.overlap import rarity
from scangait.recognise.joins.scans import SURE_BITS, Join, Scans, choice

PROOF: Final = "coverage without overlap"
ALONE: Final = 0.95
"""Who covers so much alone shares nothing out (Gates 2006)."""
STRAY: Final = 0.1
"""Scans of one campaign meet so much less often than chance: restarts, copies of packets, scans cut in two."""
MET: Final = log2(STRAY)
MISSED: Final = (1 - STRAY) / log(2)
"""Bits for a division of labour at each address at which two scans meet, and for each at which chance has them meet."""
PAIRS: Final = 64
"""The search starts from so many of the most telling pairs too."""
HALF_OCTAVE: Final = 2**0.5
BLOCK: Final = 8192
WORD: Final = 64
PARTS: Final = 16
UNEVEN: Final = 70.0
"""Chi-square of 15 degrees of freedom, beyond once in 10^8, above which targets are no random part of the telescope."""
MOST: Final = 4096
"""Scans of one port that are compared, the largest first: the comparison takes memory with their square."""


class Pairs(NamedTuple):
    """Of each two of G scans: the addresses they `meet` at (G, G), and how many they would by `chance` (G, G)."""

    meet: NDArray[np.float64]
    chance: NDArray[np.float64]

    def bits(self) -> NDArray[np.float64]:
        """For each pair (G, G): bits that it shares its targets out, against meeting as chance has it."""
        bits = self.meet * MET
        bits += self.chance * MISSED
        return bits


def covers(scans: Scans, free: NDArray[np.bool_], engine: Engine) -> list[Join]:
    """The campaigns among the scans that are `free` (S,)."""
    found = engine.map(lambda group: list(_of_port(scans, group[free[group]])), scans.groups())
    return [join for joins in found for join in joins]


def _of_port(scans: Scans, group: NDArray[np.int64]) -> Iterator[Join]:
    partial = np.flatnonzero(_partial([scans.places(scan) for scan in group.tolist()], scans.scope.size))
    size = np.array([len(scans.places(scan)) for scan in group[partial].tolist()], np.int64)
    largest = np.sort(np.argsort(-size, kind="stable")[:MOST])
    group, size = group[partial[largest]], size[largest]
    if len(group) < 2:
        return
    pairs = pairs_of(scans, group, size)
    left = np.arange(len(group))
    while len(left) > 1:
        best = left[together(pairs, size[left])]
        found = _accepted(scans, group[best], len(group)) if len(best) > 1 else None
        if found is None:
            return
        yield found
        stay = np.flatnonzero(~np.isin(left, best))
        left, own = left[stay], np.ix_(stay, stay)
        pairs = Pairs(pairs.meet[own], pairs.chance[own])


def _partial(places: list[NDArray[np.int64]], size: int) -> NDArray[np.bool_]:
    """Of which of G scans the targets are a part of the telescope and lie all over it, in its blocks and in its last
    digits.
    """
    parts = [np.bincount(part, minlength=PARTS) for one in places for part in (one * PARTS // size, one % PARTS)]
    counts = np.reshape(parts, (-1, 2, PARTS))
    hit = counts[:, 0].sum(axis=1)
    uneven = ((counts - hit[:, None, None] / PARTS) ** 2).sum(axis=2).max(axis=1) / (hit / PARTS)
    return np.asarray((hit < ALONE * size) & (uneven <= UNEVEN))


def _accepted(scans: Scans, members: NDArray[np.int64], among: int) -> Join | None:
    """The group as a campaign, where chance does not explain it."""
    sources = len(np.unique(scans.source[members]))
    *own, union = scans.sizes(members.tolist()).tolist()
    size = scans.scope.size
    bits = rarity(np.array(own), union, size) - choice(among, len(members))
    if sources < 2 or bits < SURE_BITS:
        return None
    missed = float(np.prod(1 - np.array(own) / size))
    reason = (
        f"{sources} sources hit {union} distinct addresses with {sum(own) - union} shared; independent scans of these "
        f"sizes would hit {size * (1 - missed):.0f}"
    )
    return Join(tuple(members.tolist()), PROOF, bits, reason)


def pairs_of(scans: Scans, group: NDArray[np.int64], size: NDArray[np.int64]) -> Pairs:
    """What the pairs of G scans with so many addresses (G,) have in common.

    Nothing is said of two scans of one source, nor of scans that lie further apart in time than the longer lasts.
    """
    meet, chance = _shared(scans, group), np.outer(size, size) / scans.scope.size
    first, last, source = scans.first_ns[group], scans.last_ns[group], scans.source[group]
    lasted = last - first
    for a in range(len(group)):
        apart = np.maximum(first, first[a]) - np.minimum(last, last[a])
        said = (source != source[a]) & (apart <= np.maximum(lasted, lasted[a]))
        meet[a] *= said
        chance[a] *= said
    return Pairs(meet, chance)


def _shared(scans: Scans, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """(G, G) addresses that each two scans have in common, block by block of the telescope, a bit for each address."""
    shared = np.zeros((len(group), len(group)), np.int64)
    for start in range(0, scans.scope.size, BLOCK):
        hit = np.zeros((len(group), -(-min(BLOCK, scans.scope.size - start) // WORD) * WORD), np.bool_)
        for row, scan in enumerate(group.tolist()):
            place = scans.places(scan)
            low, high = np.searchsorted(place, (start, start + BLOCK)) if scans.scope.size > BLOCK else (0, len(place))
            hit[row, place[low:high] - start] = True
        _meet(np.packbits(hit, axis=1).view(np.uint64), shared)
    return shared.astype(np.float64)


@kernel
def _meet(bits: NDArray[np.uint64], shared: NDArray[np.int64]) -> None:
    """Words of bits (G, W): the bits that each two rows have in common are added to shared (G, G)."""
    one, two, four = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
    for a in range(len(bits)):
        for b in range(a, len(bits)):
            total = np.uint64(0)
            for w in range(bits.shape[1]):
                word = bits[a, w] & bits[b, w]
                word -= (word >> np.uint64(1)) & one
                word = (word & two) + ((word >> np.uint64(2)) & two)
                word = (word + (word >> np.uint64(4))) & four
                total += (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
            shared[a, b] += np.int64(total)
            if a != b:
                shared[b, a] += np.int64(total)


def together(pairs: Pairs, size: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group with the most bits among G scans of so many addresses (G,); each member must earn the choice of it.

    Sources that share a scan out evenly hit about as much each: every octave of sizes is searched by itself too, where
    there is less to hide them.
    """
    bits = pairs.bits()
    cost = log2(len(bits))
    starts = [_peeled(pairs, np.arange(len(bits))), *_telling(bits)]
    low = float(size.min(initial=1))
    while low <= size.max(initial=0):
        own = np.flatnonzero((size >= low) & (size <= 2 * low))
        if 1 < len(own) < len(size):
            starts.append(_peeled(pairs, own))
        low *= HALF_OCTAVE
    found = [np.flatnonzero(_improved(bits, start, cost)) for start in starts]
    return max(found, key=lambda group: float(bits[np.ix_(group, group)].sum()) / 2 - cost * len(group))


def _telling(bits: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """The PAIRS of scans with the most bits above 0 (2,), least first."""
    most, pairs = np.zeros(0), np.zeros((0, 2), np.int64)
    for a, row in enumerate(bits):
        more = a + 1 + np.flatnonzero(row[a + 1 :] > (most[-1] if len(most) == PAIRS else 0.0))
        if len(more):
            most, pairs = np.r_[most, row[more]], np.r_[pairs, np.column_stack([np.full(len(more), a), more])]
            best = np.argsort(-most, kind="stable")[:PAIRS]
            most, pairs = most[best], pairs[best]
    return list(pairs[::-1])


def _peeled(pairs: Pairs, own: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best of the groups that are left of the scans `own` (K,) when one after the other goes, each time who meets
    most, in sigmas.
    """
    gone, sums = np.empty(len(own), np.int64), np.empty((3, len(own)))
    for table, its in zip(pairs, sums, strict=False):
        table[np.ix_(own, own)].sum(axis=0, out=its)
    left = _peel(pairs.meet, pairs.chance, own, sums, gone)
    return np.delete(own, gone[: len(own) - left])


@kernel
def _peel(
    meets: NDArray[np.float64],
    chances: NDArray[np.float64],
    own: NDArray[np.int64],
    sums: NDArray[np.float64],
    gone: NDArray[np.int64],
) -> int:
    """How many scans are left in the best group: meets, chances (G, G), own (K,), `sums` (3, K) of both over the group
    and room; `gone` (K,) become the places in it of those that go, in that order.
    """
    meet, chance, excess = sums[0], sums[1], sums[2]
    count, total = len(own), 0.0
    for a in range(count):
        total += (meet[a] * MET + chance[a] * MISSED) / 2
    score, left = total, count
    for step in range(count - 2):
        for a in range(count):  # by itself, so that several are worked out at once
            excess[a] = (meet[a] - chance[a]) / np.sqrt(max(chance[a], 1e-9))
        worst = 0
        for a in range(count):
            worst = a if excess[a] > excess[worst] else worst
        total -= meet[worst] * MET + chance[worst] * MISSED
        meet[worst], gone[step] = -np.inf, worst  # nobody goes twice
        for a in range(count):
            meet[a] -= meets[own[worst], own[a]]
            chance[a] -= chances[own[worst], own[a]]
        if total > score:
            score, left = total, count - step - 1
    return left


def _improved(bits: NDArray[np.float64], start: NDArray[np.int64], cost: float) -> NDArray[np.bool_]:
    """Who (G,) is inside when all have joined that earn their cost and left that do not: bits (G, G), start (K,)."""
    inside, gain = np.zeros(len(bits), np.bool_), bits[start].sum(axis=0) - cost
    inside[start] = True
    for _ in range(2 * len(bits)):
        change = np.where(inside, -gain, gain)
        best = int(np.argmax(change))
        if change[best] <= 0 or (inside[best] and np.count_nonzero(inside) <= 2):
            break
        gain += -bits[best] if inside[best] else bits[best]
        inside[best] = not inside[best]
    return inside
