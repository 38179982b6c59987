"""The multiplicative groups of primes that ZMap walks (ZMap 1.0 to 4.3.4; facts confirmed by running it)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate, count, repeat
from typing import Final

from scangait.errors import ScannerError


@dataclass(frozen=True, slots=True)
class Group:
    """The numbers 1..prime-1 under multiplication; `root` generates them, `factors` are the primes of prime - 1."""

    prime: int
    root: int
    factors: tuple[int, ...]

    @property
    def order(self) -> int:
        """Number of elements."""
        return self.prime - 1


GROUPS: Final = (
    Group(2**8 + 1, 3, (2,)),
    Group(2**16 + 1, 3, (2,)),
    Group(2**24 + 43, 2, (2, 23, 103, 3541)),
    Group(2**28 + 3, 2, (2, 3, 19, 87211)),
    Group(2**32 + 15, 3, (2, 3, 5, 131, 364289)),
    Group(2**33 + 17, 19, (2, 3, 59, 3033169)),
    Group(2**34 + 25, 3, (2, 83, 1277, 20261)),
    Group(2**36 + 31, 5, (2, 163, 883, 238727)),
    Group(2**40 + 15, 3, (2, 3, 5, 36650387593)),
    Group(2**44 + 7, 5, (2, 11, 53, 97, 155542661)),
    Group(2**48 + 21, 6, (2, 3, 7, 1361, 2462081249)),
)
"""Smallest first; those above 2^32 + 15 only since 4.0."""


def group_for(needed: int) -> Group:
    """The smallest group whose prime is larger than `needed`. Raises ScannerError where there is none."""
    for group in GROUPS:
        if group.prime > needed:
            return group
    raise ScannerError(f"zmap: {needed} targets are more than any of its groups holds; use fewer addresses or ports")


def is_primitive_root(group: Group, number: int) -> bool:
    """Whether the powers of a number are the whole group."""
    return number != 0 and all(pow(number, group.order // factor, group.prime) != 1 for factor in group.factors)


def next_primitive_root(group: Group, start: int, limit: int) -> int:
    """The first primitive root after `start`, counting on modulo the prime and then modulo `limit`."""
    candidate = start
    for _ in count():
        candidate = (candidate + 1) % group.prime % limit
        if is_primitive_root(group, candidate):
            break
    return candidate


def logarithm(group: Group, number: int) -> int:
    """The power of the root that a number 1..prime-1 is, by Pohlig and Hellman (1978).

    Needs a table for each prime power of the order, so it is for groups whose largest factor is some millions.
    """
    found, modulus = 0, 1
    for power, table in _tables(group):
        rest = table[pow(number, group.order // power, group.prime)]
        found += modulus * ((rest - found) * pow(modulus, -1, power) % power)  # Chinese remainder theorem
        modulus *= power
    return found


@cache
def _tables(group: Group) -> list[tuple[int, dict[int, int]]]:
    """For each prime power q of the order: the elements of order q, and which power of root^(order / q) they are."""
    tables = []
    for factor in group.factors:
        power = factor
        while group.order % (power * factor) == 0:
            power *= factor
        step = pow(group.root, group.order // power, group.prime)
        powers = accumulate(repeat(step, power - 1), lambda a, b: a * b % group.prime, initial=1)
        tables.append((power, {element: index for index, element in enumerate(powers)}))
    return tables
