"""Masscan's permutation, BlackRock: a Feistel network over any range (masscan 1.0.5 with 4 rounds, 1.3.2 with 14)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel

WORD: Final = 2**64
SMALL: Final = ((0, 0), (1, 1), (1, 2), (2, 2), (2, 3), (2, 3), (2, 3), (3, 3), (3, 3))
"""Sides of the network for ranges up to 8."""
TABLE: Final = bytes.fromhex(
    "9158b3316c33da8857dd8cf2295a089f4934ce999ebf0f81d42f923f95f52300"
    "0d3ea89098dd200003690acaba1208416eb986e450f084e2b3b3c8b5b22d1870"
    "0ad792909e1e0c1f08e806fd852faa5dcff9e355b9fea67f443b4a4fc92fd2d3"
    "8edcaeba4f02b476ba642d079e08ecbd522907bb9fb5586f0755b034749f05b2"
    "dfa9c62aa35dff1040b3b7b4636ef43eeef64952e311b3f1fb6048a1a4197a2e"
    "9028908d5e8c8cc4f24af6b21983eaed6dbafed8b6a35ab448fabe5c69ac3c8f"
    "63afa4422550ab658065b9fbc7f22d5ce34ca4a68e079ceb419365444a86c1f6"
    "2c97fdf46cdce1e028d9897b09e2a038744aa65ed2e24df3f4c6bca25158e8ae"
)
"""Its substitution table, recovered as a black box from the target lists that masscan 1.3.2 prints."""
BYTES: Final = np.frombuffer(TABLE, np.uint8).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Permutation:
    """The order of `size` indices under a 64-bit `seed`; `left` and `right` are the sides of the network."""

    size: int
    seed: int
    rounds: int
    left: int
    right: int


def permutation(size: int, seed: int, rounds: int) -> Permutation:
    """The permutation of 0..size-1. Raises ValueError for an empty range."""
    if size < 1:
        raise ValueError(f"a permutation of {size} indices is none")
    if size < len(SMALL):
        left, right = SMALL[size]
    else:
        left, right = int(sqrt(size) - 2), int(sqrt(size) + 3)
    while left * right <= size:
        right += 1
    return Permutation(size, seed % WORD, rounds, left, right)


def encrypt(order: Permutation, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """The target numbers (N,) that are probed at these indices (N,)."""
    numbers = order.size, np.uint64(order.seed), order.rounds, order.left, order.right
    return np.asarray(_encrypted(indices, *numbers, BYTES))


def decrypt(order: Permutation, targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices (N,) at which these target numbers (N,) are probed; undoes `encrypt`."""
    numbers = order.size, np.uint64(order.seed), order.rounds, order.left, order.right
    return np.asarray(_decrypted(targets, *numbers, BYTES))


@kernel
def _round(seed: np.uint64, turn: int, word: np.uint64, table: NDArray[np.uint64]) -> np.uint64:
    mixed = word ^ (seed << np.uint64(turn) | seed >> np.uint64(64 - turn))
    mask = (seed ^ np.uint64(turn)) & np.uint64(0xFF)
    result = np.uint64(0)
    for pair in range(4):  # the shifts 23 and 33 are odd, and the groups overlap: so it is in the program
        low = table[(mixed >> np.uint64(16 * pair) & np.uint64(0xFF)) ^ mask]
        high = table[(mixed >> np.uint64(16 * pair + 8) & np.uint64(0xFF)) ^ mask]
        if pair == 0:
            result = low + (high << np.uint64(8))
        elif pair == 1:
            result ^= (low << np.uint64(16)) + (high << np.uint64(24))
        elif pair == 2:
            result ^= (low + (high << np.uint64(8))) << np.uint64(23)
        else:
            result ^= ((low << np.uint64(16)) + (high << np.uint64(24))) << np.uint64(33)
    return result


@kernel
def _encrypted(
    indices: NDArray[np.int64],
    size: int,
    seed: np.uint64,
    rounds: int,
    left: int,
    right: int,
    table: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """(N,) indices -> (N,) target numbers."""
    result = np.empty_like(indices)
    for place in range(len(indices)):
        index = indices[place]
        while True:
            low, high = np.uint64(index % left), np.uint64(index // left)
            for turn in range(1, rounds + 1):
                side = np.uint64(left if turn % 2 else right)
                low, high = high, (low + _round(seed, turn, high, table)) % side
            index = np.int64(np.uint64(left) * (low if rounds % 2 else high) + (high if rounds % 2 else low))
            if index < size:
                break
        result[place] = index
    return result


@kernel
def _decrypted(
    targets: NDArray[np.int64],
    size: int,
    seed: np.uint64,
    rounds: int,
    left: int,
    right: int,
    table: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """(N,) target numbers -> (N,) indices."""
    result = np.empty_like(targets)
    for place in range(len(targets)):
        target = targets[place]
        while True:
            low, high = np.uint64(target % left), np.uint64(target // left)
            if rounds % 2:
                low, high = high, low
            for turn in range(rounds, 0, -1):
                side = np.uint64(left if turn % 2 else right)
                low, high = (high + side - _round(seed, turn, low, table) % side) % side, low
            target = np.int64(np.uint64(left) * high + low)
            if target < size:
                break
        result[place] = target
    return result
