"""The multiplicative groups of primes that ZMap walks (ZMap 1.0 to 4.3.4; facts confirmed by running it)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod
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


@cache
def units(group: Group) -> float:
    """The share of the numbers below a group's order that are prime to it: the powers of its root that generate it."""
    return prod(1 - 1 / factor for factor in group.factors)


def is_primitive_root(group: Group, number: int) -> bool:
    """Whether the powers of a number are the whole group."""
    return number != 0 and all(pow(number, group.order // factor, group.prime) != 1 for factor in group.factors)
