"""ZMap's order: from a seed to the targets, as 2.1.1, 3.0.0 and 4.3.4 print them in dry runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import gcd
from typing import Final

import numpy as np

from scangait.scanners.aes import encrypt
from scangait.scanners.cyclic import Group, group_for, logarithm, next_primitive_root
from scangait.scanners.scanner import Scan
from scangait.telescope import Telescope, address

ORDERS: Final = ("2.1", "3.0", "4.0", "4.3")
"""Version classes that order differently, oldest first."""
SMALL_GENERATOR: Final = 2**22
LARGEST_SEED: Final = 2**63 - 1
LOW32: Final = 2**32 - 1
WORD: Final = 2**64


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of one run: its group, generator, offset, and the bits of an element that number the port."""

    group: Group
    generator: int
    offset: int
    port_bits: int


def walk(scan: Scan) -> Walk:
    """The walk that a seed stands for."""
    several = scan.version in {"4.0", "4.3"}
    port_bits = (len(scan.ports) - 1).bit_length() if several else 0
    size = scan.targets.size
    group = group_for(2 ** ((size - 1).bit_length() + port_bits) if several else size)
    first, second = _words(scan.seed, both_halves=scan.version == "4.3")
    start = first % group.prime
    if several:
        generator = next_primitive_root(group, start, SMALL_GENERATOR)
    else:
        generator = pow(group.root, _exponent(group, start), group.prime)
    return Walk(group, generator, second % group.prime, port_bits)


def targets(scan: Scan, thread: int = 0) -> Iterator[tuple[int, int]]:
    """The (address, port) pairs of one thread of one shard, in order; what lies outside the targets is skipped."""
    way = walk(scan)
    places = _blocks_first(scan.targets, 4096 if scan.version != "4.3" else 16384)
    mask = (1 << way.port_bits) - 1
    for element in _elements(scan, way, thread):
        index, port = (element - 1) >> way.port_bits, (element - 1) & mask
        if index < scan.targets.size and port < len(scan.ports):
            yield places.address(index), scan.ports[port]


def place_in_walk(way: Walk, element: int, version: str) -> int:
    """How many elements of the whole walk (one thread, one shard) come before this one; undoes the walk."""
    group = way.group
    inverse = pow(logarithm(group, way.generator), -1, group.order)
    if version == "2.1":
        return ((logarithm(group, element) - logarithm(group, way.offset)) * inverse - 1) % group.order
    return (logarithm(group, element) * inverse - way.offset) % group.order


def first_targets(scan: Scan, count: int, thread: int = 0) -> list[tuple[int, int]]:
    """The first `count` targets of one thread."""
    return list(islice(targets(scan, thread), count))


def _words(seed: int, *, both_halves: bool) -> tuple[int, int]:
    """Two 32-bit words from AES in a chain under the seed; since 4.1 both halves of a block are used."""
    key = min(seed, LARGEST_SEED).to_bytes(8, "little") + bytes(8)
    first = encrypt(key, bytes(16))
    second = first[8:] if both_halves else encrypt(key, first)[:8]
    return int.from_bytes(first[:8], "little") & LOW32, int.from_bytes(second, "little") & LOW32


def _exponent(group: Group, start: int) -> int:
    """Up to 3.0: the first number from `start` on that has no factor in common with the order."""
    while start < 2 or gcd(start, group.order) != 1:
        start = (start + 1) % group.prime
    return start


def _elements(scan: Scan, way: Walk, thread: int) -> Iterator[int]:
    """The elements of one sub-shard: interleaved up to 2.1, contiguous since 3.0."""
    prime, order, parts = way.group.prime, way.group.order, scan.shards * scan.threads
    if scan.version == "2.1":
        own = scan.shard + thread * scan.shards
        current, step = way.offset * pow(way.generator, 1 + own, prime) % prime, pow(way.generator, parts, prime)
        length = len(range(own, order, parts))
    else:
        own, share = scan.shard * scan.threads + thread, order // parts
        current, step = pow(way.generator, way.offset + own * share, prime), way.generator
        length = share + (order % parts if own == parts - 1 else 0)
    for _ in range(length):
        yield current
        # 4.x multiplies in 64 bits, which overflows in the groups above 2^40: the walk then is no permutation.
        current = current * step % WORD % prime if scan.version in {"4.0", "4.3"} else current * step % prime


@dataclass(frozen=True, slots=True)
class _Places:
    """Targets as ZMap numbers them: first all whole aligned blocks, ascending, then what is left over, ascending."""

    whole: Telescope | None
    rest: Telescope | None

    def address(self, index: int) -> int:
        inside = self.whole.size if self.whole else 0
        scope, place = (self.whole, index) if index < inside else (self.rest, index - inside)
        if scope is None:
            raise ValueError(f"no target number {index}")
        return int(address(scope, np.array([place]))[0])


def _blocks_first(scope: Telescope, block: int) -> _Places:
    whole, rest = [], []
    for first, last in zip(scope.first.tolist(), scope.last.tolist(), strict=True):
        low, high = -(-first // block) * block, (last + 1) // block * block
        if low < high:
            whole.append((low, high - 1))
            rest += [(first, low - 1), (high, last)]
        else:
            rest.append((first, last))
    return _Places(Telescope.ranges(whole), Telescope.ranges([(a, b) for a, b in rest if a <= b]))
