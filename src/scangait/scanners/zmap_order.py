"""ZMap's order: from a seed to the targets, as 2.1.1, 3.0.0 and 4.3.4 print them in dry runs, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import gcd
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.errors import ScannerError
from scangait.kernel import kernel
from scangait.scanners.aes import encrypt
from scangait.scanners.cyclic import Group, group_for, is_primitive_root
from scangait.scanners.logarithm import logarithms, multiply
from scangait.scanners.scanner import Scan, within
from scangait.telescope import Telescope, address

ORDERS: Final = ("2.1", "3.0", "4.0", "4.3")
"""Version classes that order differently, oldest first."""
DEFAULT_BLOCKED: Final = (
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,"
    "192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,240.0.0.0/4"
)
"""ZMap's default block list (scanners.md, 1.3)."""
SMALL_GENERATOR: Final = 2**22
LARGEST_SEED: Final = 2**63 - 1
LOW32: Final = 2**32 - 1
WORD: Final = 2**64
WALKED: Final = 2**27
"""Up to this many elements are walked one by one, which is exact; more are placed by logarithms."""
TOO_MANY: Final = 2**36


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of one run: its group, generator, offset, and the bits of an element that number the port."""

    group: Group
    generator: int
    offset: int
    port_bits: int


class Part(NamedTuple):
    """The elements of one sub-shard (thread of a shard): `length` of them from `first` on, each `step` times the last.

    `wraps` where the program's 64-bit product overflows, so that the walk is no permutation (scanners.md, 1.7).
    """

    first: int
    step: int
    length: int
    wraps: bool


class Seen(NamedTuple):
    """What a telescope sees of one sub-shard: (N,) addresses, ports, and how many targets the thread probed before."""

    dst: NDArray[np.uint32]
    dport: NDArray[np.uint16]
    number: NDArray[np.int64]


def walk(scan: Scan) -> Walk:
    """The walk that a seed stands for. Raises ScannerError for several ports before 4.0."""
    several = scan.version in {"4.0", "4.3"}
    if len(scan.ports) > 1 and not several:
        raise ScannerError(f"zmap {scan.version}: one port only; 4.0 was the first to take several")
    port_bits = (len(scan.ports) - 1).bit_length()
    size = scan.targets.size
    group = group_for(2 ** ((size - 1).bit_length() + port_bits) if several else size)
    first, second = _words(scan.seed, both_halves=scan.version == "4.3")
    start = first % group.prime
    generator = _small_root(group, start) if several else pow(group.root, _exponent(group, start), group.prime)
    return Walk(group, generator, second % group.prime, port_bits)


def targets(scan: Scan, thread: int = 0) -> Iterator[tuple[int, int]]:
    """The (address, port) pairs of one thread of one shard, in order; what lies outside the targets is skipped."""
    way, numbering = walk(scan), numbering_of(scan)
    part, mask = part_of(scan, way, thread), (1 << way.port_bits) - 1
    current = part.first
    for _ in range(part.length):
        index, port = (current - 1) >> way.port_bits, (current - 1) & mask
        if index < scan.targets.size and port < len(scan.ports):
            yield int(addresses(numbering, np.array([index]))[0]), scan.ports[port]
        current = current * part.step % WORD % way.group.prime if part.wraps else current * part.step % way.group.prime


def seen(scan: Scan, scope: Telescope, most: float, thread: int = 0) -> Seen:
    """What a telescope sees of the first `most` targets of one thread, in order.

    Where the walk is short it is walked; else the telescope's addresses are placed by logarithms, and the targets
    before each are counted as if the skipped elements were spread evenly (scanners.md, 1.5: right to 11,000 of 3e8).
    Raises ScannerError where the scan never probes the telescope.
    """
    inside = within(scan, scope)
    way = walk(scan)
    part = part_of(scan, way, thread)
    share = scan.targets.size * len(scan.ports) / way.group.order
    steps = int(min(part.length, most / share * 1.01 + 1000))
    if steps <= WALKED or part.wraps:
        if steps > TOO_MANY:
            raise ScannerError(
                "zmap 4 overflows with so many ports and must be walked step by step; shorten --duration"
            )
        found = _walked(scan, way, part, inside, steps)
    else:
        found = _placed(scan, way, inside, thread, share)
    kept = found.number < most
    return Seen(found.dst[kept], found.dport[kept], found.number[kept])


def part_of(scan: Scan, way: Walk, thread: int) -> Part:
    """The elements of one thread: interleaved up to 2.1, contiguous since 3.0."""
    prime, order, parts = way.group.prime, way.group.order, scan.shards * scan.threads
    if scan.version == "2.1":
        own = scan.shard + thread * scan.shards
        first = way.offset * pow(way.generator, 1 + own, prime) % prime
        return Part(first, pow(way.generator, parts, prime), len(range(own, order, parts)), wraps=False)
    own, share = scan.shard * scan.threads + thread, order // parts
    length = share + (order % parts if own == parts - 1 else 0)
    wraps = scan.version != "3.0" and way.generator * order >= WORD
    return Part(pow(way.generator, way.offset + own * share, prime), way.generator, length, wraps)


def places(way: Walk, elements: NDArray[np.int64], version: str) -> NDArray[np.int64]:
    """How many elements of the whole walk (one thread, one shard) come before each of (N,); undoes the walk."""
    group = way.group
    inverse = pow(int(logarithms(group, np.array([way.generator]))[0]), -1, group.order)
    found = logarithms(group, elements)
    if version == "2.1":
        start = int(logarithms(group, np.array([way.offset]))[0])
        shift = (start * inverse + 1) % group.order
    else:
        shift = way.offset
    return np.asarray(_line(found, inverse, shift, group.order))


@dataclass(frozen=True, slots=True)
class Numbering:
    """Targets as ZMap numbers them: first all whole aligned blocks, ascending, then what is left over, ascending."""

    whole: Telescope | None
    rest: Telescope | None
    inside: int


def numbering_of(scan: Scan) -> Numbering:
    """The numbering of a scan's targets: blocks of a /20 up to 4.0, of a /18 from 4.1."""
    block = 16384 if scan.version == "4.3" else 4096
    whole, rest = [], []
    for first, last in zip(scan.targets.first.tolist(), scan.targets.last.tolist(), strict=True):
        low, high = -(-first // block) * block, (last + 1) // block * block
        if low < high:
            whole.append((low, high - 1))
            rest += [(first, low - 1), (high, last)]
        else:
            rest.append((first, last))
    blocks = Telescope.ranges(whole)
    return Numbering(blocks, Telescope.ranges([(a, b) for a, b in rest if a <= b]), blocks.size if blocks else 0)


def addresses(numbering: Numbering, index: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The address of each target number (N,)."""
    found, first = np.empty(len(index), np.uint32), index < numbering.inside
    if numbering.whole:
        found[first] = address(numbering.whole, index[first])
    if numbering.rest:
        found[~first] = address(numbering.rest, index[~first] - numbering.inside)
    return found


def indices(numbering: Numbering, dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The target number of each address (N,), -1 where it is no target; undoes `addresses`."""
    found, place = np.full(len(dst), -1), dst.astype(np.int64)
    for part, passed in ((numbering.rest, numbering.inside), (numbering.whole, 0)):
        if part:
            block = np.searchsorted(part.first, place, side="right") - 1
            inside = (block >= 0) & (place <= part.last[block])
            block = block[inside]
            found[inside] = place[inside] - part.first[block] + part.before[block] + passed
    return found


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


def _small_root(group: Group, start: int) -> int:
    """From 4.0: the first primitive root after `start`, counting on modulo the prime and then modulo 2^22."""
    candidate = start
    for _ in count():
        candidate = (candidate + 1) % group.prime % SMALL_GENERATOR
        if is_primitive_root(group, candidate):
            break
    return candidate


def _walked(scan: Scan, way: Walk, part: Part, inside: Telescope, steps: int) -> Seen:
    numbering = numbering_of(scan)
    low, high = _runs(numbering, inside)
    element, number = _steps(
        np.uint64(part.first), np.uint64(part.step), np.uint64(way.group.prime), steps, part.wraps,
        np.uint64(way.port_bits), scan.targets.size, len(scan.ports), low, high,
    )  # fmt: skip
    return Seen(*_decoded(scan, way, numbering, element), number)


def _placed(scan: Scan, way: Walk, inside: Telescope, thread: int, share: float) -> Seen:
    numbering = numbering_of(scan)
    index = indices(numbering, address(inside, np.arange(inside.size)))
    ports = np.arange(len(scan.ports))
    element = ((index[:, None] << way.port_bits) + ports + 1).ravel()
    place = places(way, element, scan.version)
    parts = scan.shards * scan.threads
    if scan.version == "2.1":
        own, step = place % parts, place // parts
        mine = own == scan.shard + thread * scan.shards
    else:
        length = way.group.order // parts
        own = np.minimum(place // length, parts - 1)
        step = place - own * length
        mine = own == scan.shard * scan.threads + thread
    order = np.argsort(step[mine])
    return Seen(*_decoded(scan, way, numbering, element[mine][order]), (step[mine][order] * share).astype(np.int64))


def _decoded(
    scan: Scan, way: Walk, numbering: Numbering, element: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    port = np.array(scan.ports, np.uint16)[(element - 1) & ((1 << way.port_bits) - 1)]
    return addresses(numbering, (element - 1) >> way.port_bits), port


def _runs(numbering: Numbering, inside: Telescope) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The target numbers of the telescope as sorted inclusive runs (R,), (R,)."""
    found = np.sort(indices(numbering, address(inside, np.arange(inside.size))))
    cuts = np.flatnonzero(np.diff(found) != 1)
    return found[np.r_[0, cuts + 1]], found[np.r_[cuts, len(found) - 1]]


@kernel
def _line(found: NDArray[np.int64], slope: int, shift: int, order: int) -> NDArray[np.int64]:
    """(N,) logarithms -> (N,) found * slope - shift modulo the order."""
    result = np.empty_like(found)
    for place in range(len(found)):
        product = multiply(np.uint64(found[place]), np.uint64(slope), np.uint64(order))
        result[place] = (np.int64(product) - shift) % order
    return result


@kernel
def _steps(  # noqa: PLR0917 (kernels take arrays and numbers only)
    current: np.uint64,
    step: np.uint64,
    prime: np.uint64,
    length: int,
    wraps: bool,
    port_bits: np.uint64,
    size: int,
    ports: int,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Walk `length` elements -> (N,) those that lie in the runs low..high (R,), (R,), and the targets before each."""
    elements, numbers = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found, passed, mask = 0, 0, (np.uint64(1) << port_bits) - np.uint64(1)
    for _ in range(length):
        index = np.int64((current - np.uint64(1)) >> port_bits)
        if index < size and np.int64((current - np.uint64(1)) & mask) < ports:
            run = np.searchsorted(low, index, side="right") - 1
            if run >= 0 and index <= high[run]:
                if found == len(elements):
                    elements, numbers = np.concatenate((elements, elements)), np.concatenate((numbers, numbers))
                elements[found], numbers[found] = np.int64(current), passed
                found += 1
            passed += 1
        current = current * step % prime if wraps else multiply(current, step, prime)
    return elements[:found].copy(), numbers[:found].copy()
