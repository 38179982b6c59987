"""Intensity: how many addresses a scan reaches per window of time (the counts of De Santis et al. 2016)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scangait.gait.addresses import in_windows
from scangait.gait.samples import Sample
from scangait.recipe import Recipe


def counts(sample: Sample, recipe: Recipe) -> NDArray[np.int64]:
    """Distinct addresses (W,) in each window of `recipe.window_gaps` mean gaps after the sample's first probe.

    Neither the rate of the scan nor the size of the telescope matters; a rest shorter than a window is left out. A
    window holds its end, so that an even scan has `recipe.window_gaps` probes in each.
    """
    span = int(sample.time_ns[-1] - sample.time_ns[0]) if len(sample.time_ns) else 0
    gaps = len(sample.time_ns) - 1
    windows = gaps // recipe.window_gaps
    if windows < 1 or span <= 0:
        return np.zeros(0, np.int64)
    since = (sample.time_ns[1:] - sample.time_ns[0]).astype(np.float64)
    number = np.ceil(since * (gaps / (recipe.window_gaps * span))).astype(np.int64) - 1
    return in_windows(sample.place[1:], np.maximum(number, 0), windows)
