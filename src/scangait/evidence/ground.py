"""What a ZMap scan may cover, and the line on which its probes then lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.scanners.cyclic import Group, group_for
from scangait.scanners.logarithm import logarithms
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED, Numbering, indices, numbering_of
from scangait.telescope import Telescope, telescope, without

NEAR: Final = (8, 12, 16)
"""Lengths of the prefixes that are tried."""
EVERYTHING: Final = (1, 2**32 - 1)
PLACES: Final = 2**16
"""Addresses whose logarithms are remembered: of those that differ by a multiple of it, the last."""
LOG_BITS: Final = 34
NEW: Final = -2
"""Stands for the logarithm of an address that is not remembered."""


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

    def __reduce__(self) -> tuple[Callable[..., Ground], tuple[object, ...]]:
        """One ground stays one, whatever process it comes from: what is known of it is not sent but found again."""
        ranges = tuple(zip(self.targets.first.tolist(), self.targets.last.tolist(), strict=True))
        return _ground, (self.name, self.version, ranges, self.group, self.rare)


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


def grounds(dst: NDArray[np.uint32], blocked: str = "") -> tuple[Ground, ...]:
    """The hypotheses for these addresses: all of the Internet with each block list, and the prefixes that hold them."""
    low, high = int(dst.min()), int(dst.max())
    return *_whole(blocked), *(_near(low >> 32 - length, length) for length in NEAR if low ^ high < 1 << 32 - length)


def placed(tried: tuple[Ground, ...], dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The logarithms (G, N) of the elements that the addresses (N,) have on each ground, -1 where it does not hold one.

    Those that were asked before are remembered, as far as there is room: most come from one telescope.
    """
    found, memory = np.empty((len(tried), len(dst)), np.int64), _memory(tried)
    if _recalled(memory, dst, found) < found.size:
        for ground, words, own in zip(tried, memory, found, strict=True):
            new = np.flatnonzero(own == NEW)
            index = indices(ground.numbering, dst[new])
            own[new] = np.where(index >= 0, logarithms(ground.group, np.maximum(index, 0) + 1), -1)
            _remember(words, dst[new].astype(np.int64), own[new])
    return found


def logarithms_of(ground: Ground, dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The same (N,) on one ground."""
    return np.asarray(placed((ground,), dst)[0])


@lru_cache(32)
def _memory(tried: tuple[Ground, ...]) -> NDArray[np.int64]:
    """Words (G, PLACES) for the logarithms of addresses: the rest of an address, then its logarithm less NEW."""
    return np.zeros((len(tried), PLACES), np.int64)


@kernel
def _recalled(memory: NDArray[np.int64], dst: NDArray[np.uint32], found: NDArray[np.int64]) -> int:
    """Memory (G, PLACES), dst (N,): write into `found` (G, N) what is remembered, else NEW; how many are."""
    known = 0
    for ground in range(len(memory)):
        for a in range(len(dst)):
            word = memory[ground, np.int64(dst[a]) % PLACES]
            here = word > 0 and word >> LOG_BITS == np.int64(dst[a]) // PLACES
            found[ground, a] = (word & (1 << LOG_BITS) - 1) + NEW if here else NEW
            known += here
    return known


def _remember(memory: NDArray[np.int64], dst: NDArray[np.int64], x: NDArray[np.int64]) -> None:
    """Memory (PLACES,), dst (N,), their logarithms x (N,): one word says both, so that it is never half written."""
    memory[dst % PLACES] = (dst // PLACES << LOG_BITS) + x - NEW


@lru_cache(4096)
def _ground(name: str, version: str, ranges: tuple[tuple[int, int], ...], group: Group, rare: bool) -> Ground:
    targets = Telescope.ranges(list(ranges))
    assert targets is not None
    return Ground(name, version, targets, group, rare)


@lru_cache(4096)
def _near(prefix: int, length: int) -> Ground:
    size = 2 ** (32 - length)
    return _ground(f"a /{length}", "3.0", ((prefix * size, prefix * size + size - 1),), group_for(size), False)


@cache
def _whole(blocked: str) -> tuple[Ground, ...]:
    group = group_for(2**32 - 1)
    usual = _unblocked(DEFAULT_BLOCKED)
    found = [
        _ground("all addresses but ZMap's default block list", "2.1", usual, group, False),
        _ground("all addresses but ZMap's default block list (4.1 on)", "4.3", usual, group, False),
        _ground("all addresses", "2.1", (EVERYTHING,), group, True),
    ]
    if blocked:
        name, own = "all addresses but the block list given", _unblocked(blocked)
        found += [_ground(name, version, own, group, False) for version in ("2.1", "4.3")]
    return tuple(found)


def _unblocked(blocked: str | Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The ranges that a block list leaves."""
    everything = Telescope.ranges([EVERYTHING])
    assert everything is not None
    left = without(everything, telescope(blocked))
    return tuple(zip(left.first.tolist(), left.last.tolist(), strict=True))
