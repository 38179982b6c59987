import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scangait.errors import TelescopeError
from scangait.telescope import Telescope, _distinct, address, infer, position

prefixes = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(16, 32)).map(
        lambda pair: (
            f"{'.'.join(str(pair[0] >> 32 - pair[1] << 32 - pair[1] >> shift & 255) for shift in (24, 16, 8, 0))}/{pair[1]}"
        )
    ),
    min_size=1,
    max_size=6,
)


@given(prefixes, st.integers(0, 2**31))
def test_position_and_address_undo_each_other(words, seed):
    scope = Telescope.of(words)
    places = np.random.default_rng(seed).integers(0, scope.size, 50)
    assert position(scope, address(scope, places)).tolist() == places.tolist()
    assert str(Telescope.of(str(scope))) == str(scope)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_every_destination_is_inside_the_inferred_telescope(seen):
    dst = np.array(seen, np.uint32)
    assert np.all(position(infer(dst), dst) >= 0)
    for hit in (dst, dst % 2**18, np.arange(0, 2**32, 2**23, dtype=np.uint64).astype(np.uint32)):
        assert _distinct(hit).tolist() == sorted(set(hit.tolist()))


@pytest.mark.parametrize("words", ["", "198.51.100.0/33", "2001:db8::/32", "198.51.100.1/24", "here"])
def test_what_is_no_prefix_is_refused(words):
    with pytest.raises(TelescopeError, match="telescope"):
        Telescope.of(words)
