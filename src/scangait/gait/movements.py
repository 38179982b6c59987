"""Movements: the differences between successive probes, in the shape a model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from scangait.gait.samples import NANOSECOND, TICK_S, Sample
from scangait.kernel import kernel
from scangait.recipe import Recipe

OCTET: Final = 256
BETWEEN: Final = np.ones(1, np.bool_)
"""The movement from a sample to the next is none."""
Column = TypeVar("Column")


@dataclass(frozen=True, slots=True)
class Movements:
    """The T movements of one or more samples: `x` (T, D) float64 C-contiguous, `ends` (S,) exclusive ends."""

    x: NDArray[np.float64]
    ends: NDArray[np.int64]


def differences(samples: list[Sample]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """`delta_ip` (T,) in positions, signed, and `delta_ns` (T,) in nanoseconds, sample after sample and without the
    broken movements, and the exclusive ends (S,) of the samples.
    """
    if not samples:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    kept = ~np.concatenate([column for sample in samples for column in (sample.broken, BETWEEN)])[:-1]
    delta_ip, delta_ns = (
        np.diff(np.concatenate(column))[kept]
        for column in ([sample.place for sample in samples], [sample.time_ns for sample in samples])
    )
    counts = [len(sample.broken) - np.count_nonzero(sample.broken) for sample in samples]
    return delta_ip, delta_ns, np.cumsum(counts)


@kernel
def stride(place: NDArray[np.int64]) -> float:
    """The mean length of a step among two or more positions (N,)."""
    total = 0
    for probe in range(1, len(place)):
        total += abs(place[probe] - place[probe - 1])
    return total / (len(place) - 1)


def movements(samples: list[Sample], size: int, recipe: Recipe) -> Movements:
    """The movements of samples as the recipe wants them, for a telescope of `size` addresses.

    On the raw scale D is 1, or 2 for joint. On the relative scale a step is its length around the circle of a last
    octet, because tools that walk host by host through many /24 at once (Nmap) betray themselves only there; spatial
    movements also keep its length over the size of the telescope (which joint ones are better off without).
    """
    delta_ip, delta_ns, ends = differences(samples)
    delta_t = delta_ns * NANOSECOND
    space, pause = [delta_ip.astype(np.float64)], [delta_t]
    if recipe.scale == "relative":
        around = (delta_ip + OCTET // 2) % OCTET - OCTET // 2
        space = [delta_ip / size, around / OCTET]
        counts = np.diff(ends, prepend=0)
        total_s = np.diff(np.concatenate([[0], np.cumsum(delta_ns)])[ends], prepend=0) * NANOSECOND
        mean = np.maximum(total_s / np.maximum(counts, 1), TICK_S)
        pause = [np.log(np.maximum(delta_t / np.repeat(mean, counts), recipe.shortest_gap))]
    return Movements(np.ascontiguousarray(np.stack(_picked(space, pause, recipe), axis=1)), ends)


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
