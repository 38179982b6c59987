"""Runs: the parts of a stream between silences; where one ends depends on nothing that comes after."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.gait.samples import NANOSECOND, may_end, silences
from scangait.gait.streams import Streams
from scangait.kernel import kernel
from scangait.probes import Probes, columns
from scangait.recipe import Recipe
from scangait.telescope import Telescope, position

BLOCK: Final = 2**18
"""Probes that are looked at together, whole runs: they and what is made of them stay near the processor."""


def runs(probes: Probes, streams: Streams, scope: Telescope, recipe: Recipe) -> Streams:
    """The streams without the probes that miss the telescope, cut at their silences."""
    order, bounds = streams.order, np.append(0, streams.ends)
    if not (inside := position(scope, probes.dst) >= 0).all():
        dark = inside[order]
        order, bounds = order[dark], bounds - np.searchsorted(np.flatnonzero(~dark), bounds)
    suspects, gaps = np.zeros(len(streams.ends), np.bool_), np.empty(int(np.diff(bounds).max(initial=0)))
    _suspects(probes.time_ns, order, bounds, recipe.longest_pause_s, recipe.min_movements, gaps, suspects)
    ends = [
        start + 1 + silences(np.diff(probes.time_ns[order[start:end]]) * NANOSECOND, recipe)
        for start, end in np.stack([bounds[:-1], bounds[1:]], axis=1)[suspects].tolist()
    ]
    every = np.sort(np.concatenate([*ends, bounds[1:]]).astype(np.int64))
    return Streams(order, every[np.diff(every, prepend=0) > 0])


@kernel
def _suspects(
    time_ns: NDArray[np.int64],
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    longest_pause_s: float,
    least: int,
    gaps: NDArray[np.float64],
    found: NDArray[np.bool_],
) -> None:
    """Say in `found` (S,) which of the streams between `bounds` (S + 1,) of `order` (N,) may hold a silence: time_ns
    (N,), `gaps` is room for those of the longest.
    """
    for stream in range(len(found)):
        own = order[bounds[stream] : bounds[stream + 1]]
        if len(own) > least and (time_ns[own[-1]] - time_ns[own[0]]) * NANOSECOND > longest_pause_s:
            for gap in range(len(own) - 1):
                gaps[gap] = (time_ns[own[gap + 1]] - time_ns[own[gap]]) * NANOSECOND
            found[stream] = may_end(gaps[: len(own) - 1], longest_pause_s, least)


def blocks(streams: Streams, least: int) -> Iterator[Streams]:
    """The streams of more than `least` probes, block by block."""
    begins = np.concatenate([[0], streams.ends[:-1]])
    long = np.flatnonzero(streams.ends - begins > least)
    begins, ends = begins[long], streams.ends[long]
    cut = np.flatnonzero(np.diff(np.cumsum(ends - begins) // BLOCK, prepend=-1))
    for first, last in itertools.pairwise([*cut.tolist(), len(long)]):
        own = range(first, last)
        order = np.concatenate([streams.order[begins[run] : ends[run]] for run in own])
        yield Streams(order, np.cumsum((ends - begins)[first:last]))


def gathered(probes: Probes, order: NDArray[np.int64]) -> Probes:
    """The probes at `order` (N,) as `take` has them, half as fast again: places are not looked through beforehand."""
    return Probes(**{name: column.take(order, mode="wrap") for name, column in columns(probes).items()})
