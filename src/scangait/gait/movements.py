"""Movements: the differences between successive probes, in the shape a model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from scangait.gait.samples import NANOSECOND, TICK_S, Sample
from scangait.recipe import Recipe

OCTET: Final = 256
Column = TypeVar("Column")


@dataclass(frozen=True, slots=True)
class Movements:
    """The T movements of one or more samples: `x` (T, D) float64 C-contiguous, `ends` (S,) exclusive ends."""

    x: NDArray[np.float64]
    ends: NDArray[np.int64]


def differences(sample: Sample) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """`delta_ip` (T,) in positions, signed, and `delta_t` (T,) in seconds, without the broken movements."""
    kept = ~sample.broken
    return np.diff(sample.place)[kept], (np.diff(sample.time_ns) * NANOSECOND)[kept]


def movements(sample: Sample, size: int, recipe: Recipe) -> NDArray[np.float64]:
    """The movements (T, D) of one sample as the recipe wants them, for a telescope of `size` addresses.

    On the raw scale D is 1, or 2 for joint. On the relative scale a step is its length around the circle of a last
    octet, because tools that walk host by host through many /24 at once (Nmap) betray themselves only there; spatial
    movements also keep its length over the size of the telescope (which joint ones are better off without).
    """
    delta_ip, delta_t = differences(sample)
    space, pause = [delta_ip.astype(np.float64)], [delta_t]
    if recipe.scale == "relative":
        around = (delta_ip + OCTET // 2) % OCTET - OCTET // 2
        space = [delta_ip / size, around / OCTET]
        mean = max(float(delta_t.mean()), TICK_S) if len(delta_t) else TICK_S
        pause = [np.log(np.maximum(delta_t / mean, recipe.shortest_gap))]
    return np.ascontiguousarray(np.stack(_picked(space, pause, recipe), axis=1))


def floor(size: int, recipe: Recipe) -> NDArray[np.float64]:
    """Smallest variance (D,) that means anything: uniform within one step of what is told apart, step^2 / 12.

    On the raw scale that is one address and one tick of the clock; on the relative scale the recipe's resolutions.
    """
    raw = recipe.scale == "raw"
    space = [1.0] if raw else [max(recipe.step_resolution, 1 / size), recipe.octet_resolution]
    pause = [TICK_S] if raw else [recipe.gap_resolution]
    return np.array(_picked(space, pause, recipe)) ** 2 / 12


def gather(parts: list[NDArray[np.float64]]) -> Movements:
    """Lay the movements of several samples behind one another."""
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    return Movements(np.ascontiguousarray(np.concatenate(parts)), ends)


def _picked(space: Sequence[Column], pause: Sequence[Column], recipe: Recipe) -> list[Column]:
    return {"spatial": [*space], "temporal": [*pause], "joint": [space[-1], *pause]}[recipe.movement]
