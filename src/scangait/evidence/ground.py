"""What a ZMap scan may cover, and the line on which its probes then lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from scangait.scanners.cyclic import Group, group_for
from scangait.scanners.logarithm import logarithms
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED, Numbering, indices, numbering_of
from scangait.telescope import Telescope, telescope, without


@dataclass(frozen=True, eq=False)
class Ground:
    """One hypothesis of what is scanned: its `name`, `targets`, ZMap's numbering for `version`, and the `group`.

    `rare` ones are not worth a long search.
    """

    name: str
    version: str
    targets: Telescope
    group: Group
    rare: bool = False

    @cached_property
    def numbering(self) -> Numbering:
        """How ZMap numbers the targets."""
        return numbering_of(Scan(version=self.version, targets=self.targets, ports=(80,)))


@dataclass(frozen=True, slots=True)
class Line:
    """A walk found: the `ground`, the multiplier `mu`, elements per second of each of its `threads` (parallel parts at
    equal distances: threads or shards), probes that lie on it, and bits.
    """

    ground: Ground
    mu: int
    rate: float
    threads: int
    on: int
    of: int
    bits: float

    @property
    def generator(self) -> int:
        """The walk's generator, up to the lifts that one interleaved shard leaves open (scanners.md, 3.4)."""
        group = self.ground.group
        return pow(group.root, pow(self.mu, -1, group.order), group.prime)


def grounds(dst: NDArray[np.uint32], blocked: str = "") -> Iterator[Ground]:
    """The hypotheses for these addresses: all of the Internet with each block list, and the prefixes that hold them."""
    yield from _whole(blocked)
    low, high = int(dst.min()), int(dst.max())
    for length in (8, 12, 16):
        first = low >> (32 - length) << (32 - length)
        last = first + 2 ** (32 - length) - 1
        if high <= last:
            yield _near(first, last, f"a /{length}")


def placed(tried: list[Ground], dst: NDArray[np.uint32]) -> Iterator[tuple[Ground, NDArray[np.int64]]]:
    """The grounds that hold all of the addresses (N,), each with their logarithms (N,).

    Of grounds on which they have the same elements, as below the first block by which two lists differ, the first.
    """
    held: list[tuple[Ground, NDArray[np.int64]]] = []
    for ground in tried:
        element = indices(ground.numbering, dst) + 1
        known = any(ground.group == other.group and np.array_equal(element, theirs) for other, theirs in held)
        if element.min(initial=1) > 0 and not known:
            held.append((ground, element))
    for group in dict.fromkeys(ground.group for ground, _ in held):  # one call for all grounds of a group
        own = [(ground, elements) for ground, elements in held if ground.group == group]
        x = logarithms(group, np.concatenate([elements for _, elements in own])).reshape(len(own), -1)
        yield from zip((ground for ground, _ in own), x, strict=True)


@lru_cache(4096)
def _near(first: int, last: int, name: str) -> Ground:
    near = Telescope.ranges([(first, last)])
    assert near is not None
    return Ground(name, "3.0", near, group_for(near.size))


@cache
def _whole(blocked: str) -> tuple[Ground, ...]:
    everything = Telescope.ranges([(1, 2**32 - 1)])
    assert everything is not None
    group = group_for(2**32 - 1)
    usual = without(everything, telescope(DEFAULT_BLOCKED))
    found = [
        Ground("all addresses but ZMap's default block list", "2.1", usual, group),
        Ground("all addresses but ZMap's default block list (4.1 on)", "4.3", usual, group),
        Ground("all addresses", "2.1", everything, group, rare=True),
    ]
    if blocked:
        own = without(everything, telescope(blocked))
        found += [Ground("all addresses but the block list given", version, own, group) for version in ("2.1", "4.3")]
    return tuple(found)
