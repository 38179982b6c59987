"""Grounds: hypotheses that say the same of some addresses are looked at once."""

import numpy as np

from scangait.evidence.ground import grounds, placed

WHOLE = "all addresses but ZMap's default block list"


def names(first, count=16):
    dst = np.arange(first, first + count, dtype=np.uint32)
    tried = list(grounds(dst))
    return [ground.name for ground, _ in placed(tried, dst)], [ground.name for ground in tried]


def test_lists_that_differ_further_up_only_are_one_ground():
    kept, tried = names(0x5DB8D000)  # 93.184.208.0
    assert [name for name in tried if name.startswith(WHOLE)] == [WHOLE, f"{WHOLE} (4.1 on)"]
    assert [name for name in kept if name.startswith(WHOLE)] == [WHOLE]


def test_beyond_the_first_difference_both_are_kept():
    kept, tried = names(0xD0110000)  # 208.17.0.0
    assert kept == tried


def test_a_ground_that_blocks_an_address_is_not_kept():
    kept, _ = names(0x0A000000)  # 10.0.0.0: on every list
    assert not any(name.startswith(WHOLE) for name in kept)
    assert "all addresses" in kept
