"""Numbers in the bytes of a capture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scangait.capture.words import word16, word32
from scangait.kernel import kernel


@kernel
def _words(buf, at, big):
    return word16(buf, at, big), word32(buf, at, big)


@given(st.binary(min_size=4, max_size=12), st.data(), st.booleans())
def test_words_are_read_at_any_place_in_either_byte_order(raw, data, big):
    at = data.draw(st.integers(0, len(raw) - 4))
    order = "big" if big else "little"
    expected = int.from_bytes(raw[at : at + 2], order), int.from_bytes(raw[at : at + 4], order)
    assert _words(np.frombuffer(raw, np.uint8), at, big) == expected
