"""The telescope: the dark prefixes, and the position of each dark address among them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from socket import inet_ntoa
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.errors import TelescopeError
from scangait.kernel import kernel

PAGE: Final = 2**16
BYTE: Final = 8
MOST_PAGES: Final = 256
"""Different /16 from which on addresses are sorted instead of having a bit each."""
MANY: Final = 2**16
"""Fewer addresses are sorted too: that takes less than loading kernels does."""


@dataclass(frozen=True, slots=True, eq=False)
class Telescope:
    """Sorted, disjoint address ranges: `first` (R,) and `last` (R,) inclusive, `before` (R,) dark addresses below each,
    and their number, the `size`.

    `inferred` is True when the prefixes were guessed from the traffic.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    before: NDArray[np.int64]
    inferred: bool = False
    size: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the dark addresses once."""
        object.__setattr__(self, "size", int(self.before[-1] + self.last[-1] - self.first[-1] + 1))

    @classmethod
    def of(cls, prefixes: str | Iterable[str]) -> Telescope:
        """The same as `telescope(prefixes)`."""
        return telescope(prefixes)

    @classmethod
    def ranges(cls, inclusive: list[tuple[int, int]]) -> Telescope | None:
        """From sorted, disjoint inclusive ranges of addresses; None for no range."""
        return _from_ranges(inclusive, inferred=False) if inclusive else None

    def __str__(self) -> str:
        blocks = (
            ipaddress.summarize_address_range(ipaddress.IPv4Address(int(low)), ipaddress.IPv4Address(int(high)))
            for low, high in zip(self.first, self.last, strict=True)
        )
        return ",".join(str(network) for block in blocks for network in block)


def telescope(prefixes: str | Iterable[str]) -> Telescope:
    """The telescope of these prefixes ("198.51.100.0/24,203.0.113.0/25" or a sequence of them).

    Raises TelescopeError for a prefix that does not parse or is not IPv4; prefixes that touch or overlap are joined.

    >>> str(telescope("198.51.100.0/25,198.51.100.128/25"))
    '198.51.100.0/24'
    """
    words = prefixes.split(",") if isinstance(prefixes, str) else list(prefixes)
    networks = [_network(word.strip()) for word in words if word.strip()]
    if not networks:
        raise TelescopeError("telescope: no prefix given; write for example 198.51.100.0/24,203.0.113.0/25")
    merged = list(ipaddress.collapse_addresses(networks))
    return _from_ranges([(int(net[0]), int(net[-1])) for net in merged], inferred=False)


def infer(dst: NDArray[np.uint32], max_gap: int = 4096) -> Telescope:
    """Guess the telescope from the destinations seen (N,): runs of addresses no further apart than `max_gap`.

    Each run is widened to the smallest CIDR prefix that holds it, so that the edges which no probe has hit yet are
    part of it. Raises TelescopeError when there is no destination.
    """
    seen = _distinct(dst)
    if not len(seen):
        raise TelescopeError("telescope: no probe to infer it from; give it with --telescope PREFIXES")
    cuts = np.flatnonzero(np.diff(seen) > max_gap)
    lows, highs = seen[np.r_[0, cuts + 1]], seen[np.r_[cuts, len(seen) - 1]]
    blocks = (_smallest_prefix(int(low), int(high)) for low, high in zip(lows, highs, strict=True))
    merged = ipaddress.collapse_addresses(blocks)
    return _from_ranges([(int(net[0]), int(net[-1])) for net in merged], inferred=True)


def _distinct(dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The distinct addresses among (N,), ascending (K,): of many a bit for each address of every /16 that is hit, where
    these are few.
    """
    if len(dst) < MANY:
        return np.unique(dst).astype(np.int64)
    page = np.zeros(PAGE, np.int64)
    _turn(dst, page)
    pages = np.flatnonzero(page)
    if len(pages) > MOST_PAGES:
        return np.unique(dst).astype(np.int64)
    page[pages] = np.arange(len(pages))
    hit = np.zeros((len(pages), PAGE // BYTE), np.uint8)
    _hit(dst, page, hit)
    row, byte = np.nonzero(hit)
    some, bit = np.nonzero(np.unpackbits(hit[row, byte][:, None], axis=1, bitorder="little"))
    return pages[row[some]] * PAGE + byte[some] * BYTE + bit


@kernel
def _turn(dst: NDArray[np.uint32], page: NDArray[np.int64]) -> None:
    """Put 1 into `page` (PAGE,) where an address (N,) has that upper half."""
    for address in dst:
        page[address // PAGE] = 1


@kernel
def _hit(dst: NDArray[np.uint32], page: NDArray[np.int64], hit: NDArray[np.uint8]) -> None:
    """Set the bits of addresses (N,) in `hit` (pages, PAGE // BYTE), the row of each upper half being its `page`."""
    for address in dst:
        low = address % PAGE
        hit[page[address // PAGE], low // BYTE] |= 1 << low % BYTE


def position(scope: Telescope, dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Position 0..size-1 of each address (N,), -1 for addresses outside."""
    found: NDArray[np.int64] = _positions(dst, scope.first, scope.last, scope.before)
    return found


@kernel
def _positions(
    dst: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64], before: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Addresses (N,), ranges first..last (R,) and what lies before each (R,) -> (N,)."""
    found = np.empty(len(dst), np.int64)
    for probe in range(len(dst)):
        address, block, above = np.int64(dst[probe]), 0, len(first)
        while above - block > 1:
            middle = (block + above) // 2
            block, above = (middle, above) if first[middle] <= address else (block, middle)
        inside = first[block] <= address <= last[block]
        found[probe] = address - first[block] + before[block] if inside else -1
    return found


def address(scope: Telescope, place: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Address of each position (N,); the inverse of `position`. Raises ValueError outside 0..size-1."""
    if len(place) and (place.min() < 0 or place.max() >= scope.size):
        raise ValueError(f"positions must lie in 0..{scope.size - 1}")
    block = np.searchsorted(scope.before, place, side="right") - 1
    return (place - scope.before[block] + scope.first[block]).astype(np.uint32)


def dotted(number: int) -> str:
    """An address as text, as `ipaddress` writes it, several times faster."""
    return inet_ntoa(number.to_bytes(4, "big"))


def without(scope: Telescope, blocked: Telescope) -> Telescope:
    """The addresses of `scope` that are not `blocked`. Raises TelescopeError when none is left."""
    left: list[tuple[int, int]] = []
    for first, last in zip(scope.first.tolist(), scope.last.tolist(), strict=True):
        at = first
        for low, high in zip(blocked.first.tolist(), blocked.last.tolist(), strict=True):
            if high < at or low > last:
                continue
            if low > at:
                left.append((at, low - 1))
            at = high + 1
        if at <= last:
            left.append((at, last))
    kept = Telescope.ranges(left)
    if kept is None:
        raise TelescopeError(f"every address of {scope} is blocked; choose other targets or another block list")
    return kept


def both(scope: Telescope, other: Telescope) -> Telescope | None:
    """The addresses that lie in both, None where there are none."""
    shared: list[tuple[int, int]] = []
    for first, last in zip(scope.first.tolist(), scope.last.tolist(), strict=True):
        start, stop = np.searchsorted(other.last, first), np.searchsorted(other.first, last, side="right")
        pairs = zip(other.first[start:stop].tolist(), other.last[start:stop].tolist(), strict=True)
        shared += [(max(first, low), min(last, high)) for low, high in pairs]
    return Telescope.ranges(shared)


def _network(word: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(word)
    except ValueError as error:
        raise TelescopeError(
            f"telescope: {word!r} is not an IPv4 prefix ({error}); write for example 198.51.100.0/24"
        ) from error


def _smallest_prefix(low: int, high: int) -> ipaddress.IPv4Network:
    bits = (low ^ high).bit_length()
    return ipaddress.IPv4Network((low >> bits << bits, 32 - bits))


def _from_ranges(ranges: list[tuple[int, int]], *, inferred: bool) -> Telescope:
    """Build from sorted, disjoint inclusive ranges; ranges that touch become one."""
    joined: list[tuple[int, int]] = []
    for low, high in ranges:
        if joined and low == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    first = np.array([low for low, _ in joined], np.int64)
    last = np.array([high for _, high in joined], np.int64)
    before = np.concatenate([[0], np.cumsum(last - first + 1)[:-1]]).astype(np.int64)
    return Telescope(first, last, before, inferred)
