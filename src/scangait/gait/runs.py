"""Runs: the parts of a stream between silences; where one ends depends on nothing that comes after."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np

from scangait.gait.samples import NANOSECOND, silences
from scangait.gait.streams import Streams
from scangait.probes import Probes
from scangait.recipe import Recipe
from scangait.telescope import Telescope, position

BLOCK: Final = 2**18
"""Probes that are looked at together, whole runs: they and what is made of them stay near the processor."""


def runs(probes: Probes, streams: Streams, scope: Telescope, recipe: Recipe) -> Streams:
    """The streams without the probes that miss the telescope, cut at their silences."""
    dark = position(scope, probes.dst[streams.order]) >= 0
    order = streams.order[dark]
    bounds = np.r_[0, streams.ends - np.searchsorted(np.flatnonzero(~dark), streams.ends)]
    time_ns = probes.time_ns[order]
    paused = np.flatnonzero(np.diff(time_ns) >= int(recipe.longest_pause_s / NANOSECOND))  # shorter is no silence
    stream = np.searchsorted(bounds, paused, side="right") - 1
    long = (np.diff(bounds)[stream] > recipe.min_movements) & (np.diff(stream, prepend=-1) > 0)
    ends = [
        start + 1 + silences(np.diff(time_ns[start:end]) * NANOSECOND, recipe)
        for start, end in np.stack([bounds[:-1], bounds[1:]], axis=1)[stream[long]].tolist()
    ]
    every = np.sort(np.concatenate([*ends, bounds[1:]]).astype(np.int64))
    return Streams(order, every[np.diff(every, prepend=0) > 0])


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
