"""Nmap -iR: random hosts without repeats, from a linear congruential generator and three keyed steps.

Read in the head of 2026-08. That no address repeats was confirmed with 7.93 (scanners.md, 4); the steps were not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

MULTIPLIER: Final = 1664525
INCREMENT: Final = 1013904223
STEPS: Final = ((7, 1103515245, 12345), (15, 214013, 2531011), (5, 1, 0))
"""Each step turns the word left by some bits, XORs a key, and goes through a linear map."""

Words = NDArray[np.uint32]


def address_of(state: Words, keys: tuple[int, int, int]) -> Words:
    """The addresses (N,) of these generator states (N,), the byte order of the machine being little-endian."""
    word = state
    for (turn, factor, summand), key in zip(STEPS, keys, strict=True):
        word = (_turned(word, turn) ^ np.uint32(key)) * np.uint32(factor) + np.uint32(summand)
    return word.byteswap()


def state_of(dst: Words, keys: tuple[int, int, int]) -> Words:
    """The generator states (N,) that give these addresses (N,); undoes `address_of`."""
    word = dst.byteswap()
    for (turn, factor, summand), key in reversed(list(zip(STEPS, keys, strict=True))):
        inverse = np.uint32(pow(factor, -1, 2**32))
        word = _turned(((word - np.uint32(summand)) * inverse) ^ np.uint32(key), 32 - turn)
    return word


def step_of(state: Words, start: int) -> NDArray[np.int64]:
    """After how many steps (N,) from `start` the generator is in these states (N,): bit by bit from the lowest."""
    factor, summand = MULTIPLIER, INCREMENT
    at, steps = np.full(len(state), start, np.uint32), np.zeros(len(state), np.int64)
    for bit in range(32):  # the lowest bit + 1 bits have a period of 2^(bit + 1)
        wrong = (at ^ state) >> np.uint32(bit) & np.uint32(1) == 1
        at = np.where(wrong, at * np.uint32(factor) + np.uint32(summand), at)
        steps[wrong] += 1 << bit
        factor, summand = factor * factor % 2**32, (factor + 1) * summand % 2**32
    return steps


def _turned(word: Words, bits: int) -> Words:
    return word << np.uint32(bits) | word >> np.uint32(32 - bits)
