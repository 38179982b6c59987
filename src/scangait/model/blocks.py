"""Observations in blocks of near ones, eight side by side: only some clusters of a mixture matter in such a block."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.model.lanes import aligned, each_state
from scangait.model.vectors import WIDTH

ROWS: Final = 4
"""Rows of eight observations in a block: so many powers, of which none waits for another, keep a processor busy."""
QUAD: Final = each_state(ROWS)
SIZE: Final = ROWS * WIDTH


class Blocks(NamedTuple):
    """B blocks of observations, and the boxes in which they lie, eight side by side in each of G groups.

    values (B D 4, 8), counts (B 4, 8), which are zero where the last block is filled up, corners (G 2 D, 8): the least
    values of a box, then the largest
    """

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    corners: NDArray[np.float64]


def in_blocks(x: NDArray[np.float64], counts: NDArray[np.float64]) -> Blocks:
    """Put observations x (T, D), ordered along some direction and standing for counts (T,), into blocks; T > 0."""
    size, dims = x.shape
    blocks = ceil(size / SIZE)
    groups = ceil(blocks / WIDTH)
    values, weights, corners = aligned(blocks, dims, SIZE), aligned(blocks * SIZE), aligned(groups, 2, dims, WIDTH)
    places = _near(x)
    filled = places[np.minimum(np.arange(blocks * SIZE), size - 1)].reshape(blocks, SIZE)
    values[:] = x[filled].transpose(0, 2, 1)
    weights[:size], weights[size:] = counts[places], 0
    lanes = np.minimum(np.arange(groups * WIDTH), blocks - 1).reshape(groups, WIDTH)
    for side, edge in enumerate((values.min(axis=2), values.max(axis=2))):
        corners[:, side] = edge[lanes].transpose(0, 2, 1)
    return Blocks(*(table.reshape(-1, WIDTH) for table in (values, weights, corners)))


def _near(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """An order of x (T, D) in which neighbours are near in more than one direction: slabs of x, each along the first
    dimension.
    """
    if x.shape[1] == 1:
        return np.arange(len(x))
    slab = SIZE * ceil(sqrt(len(x) / SIZE))
    first = np.full((ceil(len(x) / slab), slab), np.inf)
    first.ravel()[: len(x)] = x[:, 0]
    return (np.argsort(first, axis=1) + slab * np.arange(len(first))[:, None]).ravel()[: len(x)]
