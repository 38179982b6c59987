"""Disturb a sample as a path through the Internet would: late packets and lost ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scangait.gait.samples import NANOSECOND, Sample


def disturb(sample: Sample, rng: np.random.Generator, *, jitter_s: float = 0.0, loss: float = 0.0) -> Sample:
    """The sample with each probe late by an exponential time of mean `jitter_s` seconds and lost with chance `loss`.

    Probes that overtake each other change places. Raises ValueError for a loss outside 0..1.
    """
    if not 0 <= loss < 1:
        raise ValueError(f"loss must lie in 0..1, not {loss}")
    late_ns = (rng.exponential(jitter_s, len(sample.members)) / NANOSECOND).astype(np.int64)
    kept = np.flatnonzero(rng.random(len(sample.members)) >= loss)
    kept = kept[np.argsort((sample.time_ns + late_ns)[kept], kind="stable")]
    broken = np.zeros(max(len(kept) - 1, 0), np.bool_)
    if len(sample.broken):
        outlier = np.r_[0, np.cumsum(sample.broken)]
        broken = np.diff(outlier[kept]) != 0
    return replace(
        sample,
        members=sample.members[kept],
        place=sample.place[kept],
        time_ns=(sample.time_ns + late_ns)[kept],
        broken=broken,
    )
