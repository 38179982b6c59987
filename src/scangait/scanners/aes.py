"""AES-128 of single blocks, which ZMap's seeds go through (FIPS 197). For a few blocks per scan, not for speed."""

from __future__ import annotations

from typing import Final


def _times(a: int, b: int) -> int:
    """Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _substitute(value: int) -> int:
    """The S-box: inverse in GF(2^8), then an affine map."""
    inverse = next((b for b in range(1, 256) if _times(value, b) == 1), 0)
    mixed = 0x63
    for turn in range(5):
        mixed ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
    return mixed


_SBOX: Final[list[int]] = []


def encrypt(key: bytes, block: bytes) -> bytes:
    """One block of 16 bytes under a key of 16 bytes. Raises ValueError for other lengths."""
    if len(key) != 16 or len(block) != 16:
        raise ValueError("AES-128 takes a key and a block of 16 bytes each")
    if not _SBOX:
        _SBOX.extend(_substitute(value) for value in range(256))
    words = _expand(key)
    state = [a ^ b for a, b in zip(block, words[0], strict=True)]
    for turn in range(1, 11):
        state = [_SBOX[state[(place + 4 * (place % 4)) % 16]] for place in range(16)]  # substitute and shift rows
        if turn < 10:
            state = [value for column in range(0, 16, 4) for value in _mix(state[column : column + 4])]
        state = [a ^ b for a, b in zip(state, words[turn], strict=True)]
    return bytes(state)


def _mix(column: list[int]) -> list[int]:
    return [
        _times(column[i], 2) ^ _times(column[(i + 1) % 4], 3) ^ column[(i + 2) % 4] ^ column[(i + 3) % 4]
        for i in range(4)
    ]


def _expand(key: bytes) -> list[list[int]]:
    words = [list(key[i : i + 4]) for i in range(0, 16, 4)]
    constant = 1
    for index in range(4, 44):
        last = words[-1]
        if index % 4 == 0:
            last = [_SBOX[value] for value in last[1:] + last[:1]]
            last[0] ^= constant
            constant = _times(constant, 2)
        words.append([a ^ b for a, b in zip(words[index - 4], last, strict=True)])
    return [[value for word in words[index : index + 4] for value in word] for index in range(0, 44, 4)]
