"""AES-128 of single blocks, which ZMap's seeds and header fields go through (FIPS 197)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel


def encrypt(key: bytes, block: bytes) -> bytes:
    """One block of 16 bytes under a key of 16 bytes. Raises ValueError for other lengths."""
    if len(block) != 16:
        raise ValueError("AES-128 takes a block of 16 bytes")
    return encrypt_blocks(key, np.frombuffer(block, np.uint8).reshape(1, 16)).tobytes()


def encrypt_blocks(key: bytes, blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blocks (N, 16), each on its own, under a key of 16 bytes -> (N, 16). Raises ValueError for another key."""
    if len(key) != 16:
        raise ValueError("AES-128 takes a key of 16 bytes")
    return np.asarray(_rounds(np.ascontiguousarray(blocks), _expanded(key), _substitution()))


def _times(a: int, b: int) -> int:
    """Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


@cache
def _substitution() -> NDArray[np.uint8]:
    """The S-box (256,): inverse in GF(2^8), then an affine map."""
    table = np.empty(256, np.uint8)
    for value in range(256):
        inverse = next((b for b in range(1, 256) if _times(value, b) == 1), 0)
        mixed = 0x63
        for turn in range(5):
            mixed ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        table[value] = mixed
    return table


def _expanded(key: bytes) -> NDArray[np.uint8]:
    """The round keys (11, 16)."""
    box = _substitution()
    words = [list(key[place : place + 4]) for place in range(0, 16, 4)]
    constant = 1
    for index in range(4, 44):
        last = words[-1]
        if index % 4 == 0:
            last = [int(box[value]) for value in last[1:] + last[:1]]
            last[0] ^= constant
            constant = _times(constant, 2)
        words.append([a ^ b for a, b in zip(words[index - 4], last, strict=True)])
    return np.array(words, np.uint8).reshape(11, 16)


@kernel
def _rounds(blocks: NDArray[np.uint8], keys: NDArray[np.uint8], box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 16) blocks, (11, 16) round keys, (256,) S-box -> (N, 16)."""
    result = np.empty_like(blocks)
    moved = np.empty(16, np.uint8)
    for block in range(len(blocks)):
        state = blocks[block] ^ keys[0]
        for turn in range(1, 11):
            for place in range(16):  # substitute, and shift the rows
                moved[place] = box[state[(place + 4 * (place % 4)) % 16]]
            for place in range(16):
                if turn < 10:  # mix the columns
                    column, row = place & ~3, place & 3
                    one, two = moved[place], moved[column + (row + 1 & 3)]
                    rest = moved[column + (row + 2 & 3)] ^ moved[column + (row + 3 & 3)]
                    doubled = (one ^ two) << 1 ^ (0x1B if (one ^ two) & 0x80 else 0)
                    state[place] = doubled & 0xFF ^ two ^ rest ^ keys[turn, place]
                else:
                    state[place] = moved[place] ^ keys[turn, place]
        result[block] = state
    return result
