"""Masscan's permutation, BlackRock: a Feistel network over any range (masscan 1.0.5 with 4 rounds, 1.3.2 with 14)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

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


def encrypt(order: Permutation, index: int) -> int:
    """The target number that is probed at `index`."""
    while True:
        low, high = index % order.left, index // order.left
        for turn in range(1, order.rounds + 1):
            side = order.left if turn % 2 else order.right
            low, high = high, (low + _round(order.seed, turn, high)) % WORD % side
        index = order.left * low + high if order.rounds % 2 else order.left * high + low
        if index < order.size:
            return index


def decrypt(order: Permutation, target: int) -> int:
    """The index at which a target number is probed; undoes `encrypt`."""
    while True:
        if order.rounds % 2:
            low, high = target // order.left, target % order.left
        else:
            low, high = target % order.left, target // order.left
        for turn in range(order.rounds, 0, -1):
            side = order.left if turn % 2 else order.right
            low, high = (high - _round(order.seed, turn, low)) % side, low
        target = order.left * high + low
        if target < order.size:
            return target


def _round(seed: int, turn: int, word: int) -> int:
    turned = (seed << turn | seed >> (64 - turn)) % WORD
    mixed, mask = word ^ turned, (seed ^ turn) & 0xFF
    s = [TABLE[mixed >> shift & 0xFF ^ mask] for shift in range(0, 64, 8)]
    first = (s[0] + (s[1] << 8)) ^ ((s[2] << 16) + (s[3] << 24))
    return (first ^ ((s[4] + (s[5] << 8)) << 23) ^ (((s[6] << 16) + (s[7] << 24)) << 33)) % WORD
