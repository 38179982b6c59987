"""Observations in blocks of near ones, which lie side by side: only some clusters of a mixture matter in a block."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.model.lanes import aligned, each_state
from scangait.model.vectors import WIDE, WIDTH

ROWS: Final = 10 if WIDE else 4
"""Rows of eight observations in a block: so many powers, of which none waits for another, keep a processor busy."""
EACH_ROW: Final = each_state(ROWS)
SIZE: Final = ROWS * WIDTH
EACH_PART: Final = each_state(2 if WIDE else 1)
"""Parts of eight blocks that make a group, in which clusters are bounded at once: one alone waits for itself."""
PARTS: Final = len(EACH_PART)
GROUP: Final = PARTS * WIDTH


class Blocks(NamedTuple):
    """B blocks of observations, and what is known of each, side by side in G groups of PARTS times eight blocks.

    values (B D ROWS, 8), counts (B ROWS, 8), which are zero where the last block is filled up; corners (G 2 D PARTS,
    8): the least values in a block, then the largest; moments (G (1 + 2 D) PARTS, 8): count, means and variances of a
    block
    """

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    corners: NDArray[np.float64]
    moments: NDArray[np.float64]


def in_blocks(x: NDArray[np.float64], counts: NDArray[np.float64]) -> Blocks:
    """Put observations x (T, D), ordered along some direction and standing for counts (T,), into blocks; T > 0."""
    size, dims = x.shape
    blocks = ceil(size / SIZE)
    values, weights = aligned(blocks, dims, SIZE), aligned(blocks * SIZE)
    places = _near(x)
    filled = places[np.minimum(np.arange(blocks * SIZE), size - 1)].reshape(blocks, SIZE)
    values[:] = x[filled].transpose(0, 2, 1)
    weights[:size], weights[size:] = counts[places], 0
    corners = _side_by_side(np.stack([values.min(axis=2), values.max(axis=2)], axis=1).reshape(blocks, -1))
    moments = _side_by_side(_moments(values, weights.reshape(blocks, 1, SIZE)))
    moments.reshape(-1, 1 + 2 * dims, GROUP)[-1, 0, (blocks - 1) % GROUP + 1 :] = 0
    return Blocks(values.reshape(-1, WIDTH), weights.reshape(-1, WIDTH), corners, moments)


def _moments(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count, means and variances (B, 1 + 2 D) of blocks of values (B, D, SIZE) that stand for counts (B, 1, SIZE)."""
    whole = counts.sum(axis=2)
    off = values - values[:, :, :1]
    middle = (counts * off).sum(axis=2) / whole
    variances = (counts * (off - middle[:, :, None]) ** 2).sum(axis=2) / whole
    return np.concatenate([whole, values[:, :, 0] + middle, variances], axis=1)


def _side_by_side(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is known of each block (B, R), side by side in groups (G R PARTS, 8), of which the last is filled up."""
    groups = ceil(len(table) / GROUP)
    lanes = np.minimum(np.arange(groups * GROUP), len(table) - 1).reshape(groups, GROUP)
    side = aligned(groups, table.shape[1], GROUP)
    side[:] = table[lanes].transpose(0, 2, 1)
    return side.reshape(-1, WIDTH)


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
