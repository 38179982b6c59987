"""Movements: the differences between successive probes, in the shape a model learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scangait.gait.samples import NANOSECOND, TICK_S, Sample
from scangait.recipe import Recipe


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
    """The movements (T, D) of one sample as the recipe wants them, for a telescope of `size` addresses."""
    delta_ip, delta_t = differences(sample)
    space, pause = delta_ip.astype(np.float64), delta_t
    if recipe.scale == "relative":
        space = space / size
        mean = max(float(delta_t.mean()), TICK_S) if len(delta_t) else TICK_S
        pause = np.log(np.maximum(delta_t / mean, recipe.shortest_gap))
    picked = {"spatial": (space,), "temporal": (pause,), "joint": (space, pause)}[recipe.movement]
    return np.ascontiguousarray(np.stack(picked, axis=1))


def gather(parts: list[NDArray[np.float64]]) -> Movements:
    """Lay the movements of several samples behind one another."""
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    return Movements(np.ascontiguousarray(np.concatenate(parts)), ends)


def floor(size: int, recipe: Recipe) -> NDArray[np.float64]:
    """Smallest variance (D,) that means anything: a uniform step of the clock or of the address space, tick^2 / 12.

    On the relative scale a logarithmic gap is not known better than a tenth.
    """
    space, pause = (1.0, TICK_S) if recipe.scale == "raw" else (1.0 / size, 0.1)
    picked = {"spatial": (space,), "temporal": (pause,), "joint": (space, pause)}[recipe.movement]
    return np.array(picked) ** 2 / 12
