"""SipHash-2-4, which makes Masscan's sequence numbers (Aumasson and Bernstein 2012)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel


def siphash(key: tuple[int, int], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hash (N,) of messages (N, W) of W little-endian 64-bit words, under a key of two 64-bit words."""
    return np.asarray(_hashes(np.uint64(key[0]), np.uint64(key[1]), np.ascontiguousarray(words)))


@kernel
def _turned(word: np.uint64, bits: int) -> np.uint64:
    return word << np.uint64(bits) | word >> np.uint64(64 - bits)


@kernel
def _hashes(low: np.uint64, high: np.uint64, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(N, W) -> (N,)."""
    result = np.empty(len(words), np.uint64)
    width = words.shape[1]
    for place in range(len(words)):
        a, b = low ^ np.uint64(0x736F6D6570736575), high ^ np.uint64(0x646F72616E646F6D)
        c, d = low ^ np.uint64(0x6C7967656E657261), high ^ np.uint64(0x7465646279746573)
        for index in range(width + 2):
            word = words[place, index] if index < width else np.uint64(8 * width) << np.uint64(56)
            if index <= width:
                d ^= word
            else:
                c ^= np.uint64(0xFF)
            for _ in range(2 if index <= width else 4):
                a += b
                b = _turned(b, 13) ^ a
                a = _turned(a, 32)
                c += d
                d = _turned(d, 16) ^ c
                a += d
                d = _turned(d, 21) ^ a
                c += b
                b = _turned(b, 17) ^ c
                c = _turned(c, 32)
            if index <= width:
                a ^= word
        result[place] = a ^ b ^ c ^ d
    return result
