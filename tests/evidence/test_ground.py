"""Grounds: hypotheses that say the same of some addresses are looked at once."""

import pickle

import numpy as np

from scangait.evidence.ground import grounds, logarithms_of, placed
from scangait.evidence.stages import speaks
from scangait.scanners.zmap_order import indices

WHOLE = "all addresses but ZMap's default block list"


def names(first, count=16):
    dst = np.arange(first, first + count, dtype=np.uint32)
    tried = grounds(dst)
    x, prime = placed(tried, dst), np.array([ground.group.prime for ground in tried])
    every = [ground.name for ground in tried]
    return [name for number, name in enumerate(every) if speaks(x, number, count, prime)], every


def test_what_is_remembered_of_a_ground_is_what_is_computed():
    rng = np.random.default_rng(1)
    dst = np.concatenate([rng.integers(0, 2**32, 1000, dtype=np.uint32), np.arange(5, dtype=np.uint32) << 16])
    for ground in grounds(np.array([0, 2**32 - 1], np.uint32)):
        first = logarithms_of(ground, dst)
        again = logarithms_of(ground, dst[::-1])[::-1]
        index = indices(ground.numbering, dst)
        assert np.array_equal(first, again)
        assert np.array_equal(first >= 0, index >= 0)
        walked = [pow(ground.group.root, int(x), ground.group.prime) for x in first[index >= 0]]
        assert walked == (index[index >= 0] + 1).tolist()


def test_a_ground_stays_one_on_its_way_between_processes():
    for ground in grounds(np.array([0x5DB8D000], np.uint32)):
        assert pickle.loads(pickle.dumps(ground)) is ground


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
