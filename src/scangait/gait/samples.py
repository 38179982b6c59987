"""Samples: one execution of one scan, cut out of a stream as in section III of the paper."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.gait.streams import Streams
from scangait.kernel import kernel
from scangait.probes import Probes
from scangait.recipe import Recipe
from scangait.telescope import Telescope, position

NANOSECOND: Final = 1e-9
TICK_S: Final = 1e-6
"""The step of most capture clocks: a gap of 0 counts as one tick where its logarithm is taken."""

LONG_SILENCE: Final = 1000
"""Median gaps that no pause inside one execution lasts."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One execution of one scan: `members` (N,) indices into the probes in time order, `place` (N,) telescope position,
    `time_ns` (N,), and `broken` (N - 1,) True where the movement to the next probe spans an outlier gap that the recipe
    leaves out. `label` is "" where nobody knows the scanner.
    """

    members: NDArray[np.int64]
    place: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    broken: NDArray[np.bool_]
    label: str
    port: int


def samples(probes: Probes, streams: Streams, scope: Telescope, recipe: Recipe) -> list[Sample]:
    """Cut every stream at its gap outliers, join neighbours that hardly share destinations, drop what is too short."""
    place = position(scope, probes.dst[streams.order])
    dark = np.flatnonzero(place >= 0)
    members, place, ends = streams.order[dark], place[dark], np.searchsorted(dark, streams.ends)
    time_ns = probes.time_ns[members]
    column = _Columns(members, place, time_ns, np.diff(time_ns) * NANOSECOND)
    cut: list[Sample] = []
    for start, end in itertools.pairwise([0, *ends.tolist()]):
        own = [one for one in _of_stream(probes, column, start, end, recipe) if len(one.members) > recipe.min_movements]
        if recipe.drop_short_samples and len(own) > 1:
            mean = sum(len(sample.members) for sample in own) / len(own)
            own = [sample for sample in own if len(sample.members) > mean] or own
        cut += own
    return cut


class _Columns(NamedTuple):
    """Probes in the telescope, stream after stream: `members` (N,) indices, `place` (N,), `time_ns` (N,) and `gaps`
    (N - 1,) in seconds to the next, of which those between streams mean nothing.
    """

    members: NDArray[np.int64]
    place: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    gaps: NDArray[np.float64]


def outlier_gaps(delta_t: NDArray[np.float64], recipe: Recipe) -> NDArray[np.bool_]:
    """Which of the gaps (T,) in seconds lie above Tukey's fence (linear quantiles)."""
    if len(delta_t) < 4:  # quartiles of fewer gaps mean nothing
        return np.zeros(len(delta_t), np.bool_)
    gaps = np.log(np.maximum(delta_t, TICK_S)) if recipe.gap_fence == "log" else delta_t
    low, high = quartiles(gaps)
    return np.greater(gaps, high + recipe.fence_iqr * (high - low))


def quartiles(x: NDArray[np.float64]) -> tuple[float, float]:
    """The lower and the upper quartile of x (N,) as `numpy.quantile` has them, several times faster."""
    ordered, last = np.sort(x), len(x) - 1
    found = []
    for place in (0.25 * last, 0.75 * last):
        below = int(place)
        above = min(below + 1, last)
        found.append(float(ordered[below] + (ordered[above] - ordered[below]) * (place - below)))
    return found[0], found[1]


def silence(delta_t: NDArray[np.float64], recipe: Recipe) -> float:
    """The gap in seconds above which whatever comes next is another execution, after these gaps (T,) of this one."""
    usual = float(np.median(delta_t)) if len(delta_t) else 0.0
    return max(recipe.longest_pause_s, LONG_SILENCE * usual)


def silences(delta_t: NDArray[np.float64], recipe: Recipe) -> NDArray[np.int64]:
    """Which of the gaps (T,) of one stream are silences, indices ascending.

    The median is that of the gaps since the last silence, and of the first `min_movements` at least: fewer probes make
    no sample. So a silence is one at the moment it is heard, whatever follows.
    """
    found: list[int] = []
    start, least = 0, recipe.min_movements
    if not may_end(delta_t, recipe.longest_pause_s, least):
        return np.array(found, np.int64)
    long = np.flatnonzero(delta_t > recipe.longest_pause_s)
    # a median can be so small only where half of the gaps are
    small = np.concatenate([[0], np.cumsum(delta_t < delta_t[long].max() / LONG_SILENCE)])
    for gap in long.tolist():
        end = max(gap, start + least)
        if end > len(delta_t):
            break
        if 2 * (small[end] - small[start]) >= end - start and delta_t[gap] > silence(delta_t[start:end], recipe):
            found.append(gap)
            start = gap + 1
    return np.array(found, np.int64)


@kernel
def may_end(delta_t: NDArray[np.float64], longest_pause_s: float, least: int) -> bool:
    """Whether there is a gap (T,) so long that half of those before it are LONG_SILENCE times shorter than the longest.

    Where there is none, nothing is a silence: that saves most scans every median.
    """
    longest, small, counted = 0.0, 0, 0
    for gap in delta_t:
        longest = max(longest, gap)
    if longest <= longest_pause_s:
        return False
    for gap in range(len(delta_t)):
        if delta_t[gap] > longest_pause_s:
            end = max(gap, least)
            if end > len(delta_t):
                return False
            while counted < end:
                small += delta_t[counted] < longest / LONG_SILENCE
                counted += 1
            if 2 * small >= end:
                return True
    return False


def merged(place: NDArray[np.int64], cuts: NDArray[np.int64], recipe: Recipe) -> list[tuple[int, int]]:
    """Join the pieces of `place` (N,) between `cuts`: a piece goes on the sample while it brings new destinations.

    Returns (start, end) of each sample. A scan does not return to an address before it is through, so a piece whose
    destinations are mostly known already begins another execution.
    """
    if not len(cuts):
        return [(0, len(place))]
    bounds = [0, *cuts.tolist(), len(place)]
    joined: list[tuple[int, int]] = []
    so_far: set[int] = set()
    for start, end in itertools.pairwise(bounds):
        piece = set(place[start:end].tolist())
        if joined and similarity(piece, so_far, recipe) <= recipe.merge_at_most:
            joined[-1] = (joined[-1][0], end)
            so_far |= piece
        else:
            joined.append((start, end))
            so_far = piece
    return joined


def similarity(piece: set[int], so_far: set[int], recipe: Recipe) -> float:
    """Share of common destinations, 0..1: of all (Jaccard), or of the smaller set (overlap coefficient)."""
    common = len(piece & so_far)
    whole = len(piece | so_far) if recipe.similarity == "jaccard" else min(len(piece), len(so_far))
    return common / whole


def _of_stream(probes: Probes, column: _Columns, start: int, end: int, recipe: Recipe) -> list[Sample]:
    """Run after run, each cut as if it were alone: so it is over, whatever follows, when its silence begins."""
    if start == end:
        return []
    cuts = (silences(column.gaps[start : end - 1], recipe) + start + 1).tolist()
    return [
        one
        for first, last in itertools.pairwise([start, *cuts, end])
        for one in _of_run(probes, column, first, last, recipe)
    ]


def _of_run(probes: Probes, column: _Columns, start: int, end: int, recipe: Recipe) -> list[Sample]:
    members, place, time_ns = column.members[start:end], column.place[start:end], column.time_ns[start:end]
    gaps = column.gaps[start : end - 1]
    outlier = outlier_gaps(gaps, recipe)
    cuts = np.flatnonzero(outlier & (gaps > recipe.shortest_pause_s)) + 1
    spans = merged(place, cuts, recipe)
    broken = outlier if recipe.drop_outlier_movements else np.zeros_like(outlier)
    label = "" if probes.label is None else str(probes.label[members[0]])
    port = int(probes.dport[members[0]])
    return [Sample(members[a:b], place[a:b], time_ns[a:b], broken[a : b - 1], label, port) for a, b in spans]


def pieces(sample: Sample, movements: int) -> list[Sample]:
    """The sample cut into consecutive pieces of at most this many movements; a rest under half of that is left out."""
    if len(sample.members) - 1 <= movements:
        return [sample]
    starts = range(0, len(sample.members) - 1 - movements // 2, movements)
    return [part(sample, slice(start, start + movements + 1)) for start in starts]


def part(sample: Sample, where: slice) -> Sample:
    """Consecutive probes of a sample, as a sample."""
    members = sample.members[where]
    start = where.start or 0
    broken = sample.broken[start : start + len(members) - 1]
    return replace(sample, members=members, place=sample.place[where], time_ns=sample.time_ns[where], broken=broken)
