"""Discrete logarithms by tables: from an element of a group to the place where a walk meets it.

Pohlig and Hellman (1978) reduce the group to subgroups of coprime orders; in each there is a table of the
first elements and, for the few orders too large for one, giant steps (Shanks 1971).
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.scanners.cyclic import Group

SUBGROUP: Final = 2**19
"""Coprime orders are joined to one subgroup up to this size."""
TABLE: Final = 2**22
"""Largest number of elements in a table."""
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: neighbouring elements land far apart (Knuth, The Art of Computer Programming, 6.4)."""


class Table(NamedTuple):
    """Logarithms in the subgroup of `order`: `slots` (S,) elements (0: free) and their `powers` (S,), `size` of them.

    An element x of the group enters as x^`lift`; `giant` divides it by the generator `size` times.
    """

    order: int
    lift: int
    size: int
    giant: int
    slots: NDArray[np.uint64]
    powers: NDArray[np.int64]


def logarithms(group: Group, elements: NDArray[np.int64]) -> NDArray[np.int64]:
    """The power of the group's root that each element (N,), 1..prime-1, is (N,)."""
    numbers = elements.astype(np.uint64)
    found, modulus = np.zeros(len(elements), np.uint64), 1
    for table in tables(group):
        rest = _in_subgroup(numbers, table, group.prime)
        inverse = pow(modulus, -1, table.order)
        _join(found, rest, modulus, inverse, table.order)
        modulus *= table.order
    return found.astype(np.int64)


@cache
def tables(group: Group) -> tuple[Table, ...]:
    """One table for each coprime part of the group's order."""
    return tuple(_table(group, order) for order in _parts(group))


def _parts(group: Group) -> list[int]:
    powers = []
    for factor in group.factors:
        power = factor
        while group.order % (power * factor) == 0:
            power *= factor
        powers.append(power)
    parts = [1]
    for power in sorted(powers):
        if parts[-1] * power <= SUBGROUP:
            parts[-1] *= power
        else:
            parts.append(power)
    return parts


def _table(group: Group, order: int) -> Table:
    size = min(order, TABLE)
    step = pow(group.root, group.order // order, group.prime)
    slots = np.zeros(2 ** (2 * size - 1).bit_length(), np.uint64)
    powers = np.zeros(len(slots), np.int64)
    _fill(slots, powers, size, np.uint64(step), np.uint64(group.prime))
    return Table(order, group.order // order, size, pow(step, -size, group.prime), slots, powers)


def _in_subgroup(elements: NDArray[np.uint64], table: Table, prime: int) -> NDArray[np.int64]:
    word = np.uint64
    steps = word(table.lift), word(table.giant), table.size, table.order, word(prime)
    found = np.full(len(elements), -1)
    _look_up(elements, table.slots, table.powers, *steps, found)
    if len(found) and found.min() < 0:
        raise ValueError(f"elements must lie in 1..{prime - 1}")
    return found


@kernel
def multiply(a: np.uint64, b: np.uint64, prime: np.uint64) -> np.uint64:
    """A * b modulo a prime below 2^50, a and b below it: the quotient in floating point is at most one off."""
    quotient = np.uint64(np.float64(a) * np.float64(b) / np.float64(prime))
    rest = np.int64(a * b - quotient * prime)
    if rest < 0:
        rest += np.int64(prime)
    elif rest >= np.int64(prime):
        rest -= np.int64(prime)
    return np.uint64(rest)


@kernel
def power(base: np.uint64, exponent: np.uint64, prime: np.uint64) -> np.uint64:
    """base^exponent modulo a prime below 2^50."""
    result = np.uint64(1)
    while exponent:
        if exponent & np.uint64(1):
            result = multiply(result, base, prime)
        base = multiply(base, base, prime)
        exponent >>= np.uint64(1)
    return result


@kernel
def _fill(slots: NDArray[np.uint64], powers: NDArray[np.int64], size: int, step: np.uint64, prime: np.uint64) -> None:
    mask = np.uint64(len(slots) - 1)
    element = np.uint64(1)
    for index in range(size):
        slot = (element * SPREAD >> np.uint64(20)) & mask
        while slots[slot]:
            slot = (slot + np.uint64(1)) & mask
        slots[slot], powers[slot] = element, index
        element = multiply(element, step, prime)


@kernel
def _look_up(  # noqa: PLR0917 (kernels take arrays and numbers only)
    elements: NDArray[np.uint64],
    slots: NDArray[np.uint64],
    powers: NDArray[np.int64],
    lift: np.uint64,
    giant: np.uint64,
    size: int,
    order: int,
    prime: np.uint64,
    found: NDArray[np.int64],
) -> None:
    """(N,) elements of the group -> their logarithms in the subgroup into `found` (N,), where -1 stays for none."""
    mask = np.uint64(len(slots) - 1)
    for place in range(len(elements)):
        element = power(elements[place], lift, prime)
        passed = 0
        while passed < order and found[place] < 0:
            slot = (element * SPREAD >> np.uint64(20)) & mask
            while slots[slot] and slots[slot] != element:
                slot = (slot + np.uint64(1)) & mask
            if slots[slot]:
                found[place] = passed + powers[slot]
            else:
                element = multiply(element, giant, prime)
                passed += size


@kernel
def _join(found: NDArray[np.uint64], rest: NDArray[np.int64], modulus: int, inverse: int, order: int) -> None:
    """Chinese remainder theorem: (N,) logarithms modulo `modulus` and `rest` modulo `order` to both, in place."""
    wide = np.uint64(order)
    for place in range(len(found)):
        missing = (np.uint64(rest[place]) + wide - found[place] % wide) % wide
        found[place] += np.uint64(modulus) * multiply(missing, np.uint64(inverse), wide)
