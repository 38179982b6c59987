"""What follows from a proven walk: which probes are its own, loss, rate, start, end, and the probes still to come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Ground, Line
from scangait.kernel import kernel
from scangait.scanners.logarithm import logarithms, multiply
from scangait.scanners.zmap_order import indices
from scangait.telescope import Telescope, address, position

LARGEST: Final = 2**18
"""Telescopes up to this size are placed whole: each address takes about a microsecond."""
REMEMBERED: Final = 2**13
"""Probes up to which a course is remembered for a while."""
UNSEEN: Final = 0.05
"""The scan began after the last address back from which this chance of loss is left."""
GROWTH: Final = 2
RECENT: Final = 16
"""Probes that say where a thread is now: its rate wanders."""
ROOM: Final = 0.03
APART: Final = (1e-6, 0.03)
"""Share of its part of the walk by which a probe may be off: one thread, and threads that drift against each other."""
SPREAD: Final = 12.0
"""Median deviations from its thread's line within which a probe belongs to the walk."""


@dataclass(frozen=True, slots=True)
class Course:
    """The walk unrolled. Heights are elements above an origin at which every thread has its part begin alike.

    `base` is the element at which thread 0 has the height `first` of the lowest probe; `rate` and `begin` (H,) are each
    thread's elements per second and height at second 0; `height` (N,) and `thread` (N,) of each probe, and whether it
    is `on` the walk (N,).
    """

    base: float
    first: float
    rate: NDArray[np.float64]
    begin: NDArray[np.float64]
    height: NDArray[np.float64]
    thread: NDArray[np.int64]
    on: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Packets per second of the scan, `loss`, `start_s` and `end_s` of the whole walk and `progress` at the last probe.

    `place` (A,) are the telescope positions still to be probed in the order in which they come, `at_s` (A,) when;
    seconds count from the sample's first probe.
    """

    rate: float
    loss: float
    start_s: float
    end_s: float
    progress: float
    place: NDArray[np.int64]
    at_s: NDArray[np.float64]


def course(line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32], scope: Telescope) -> Course:
    """Follow the walk through probes (N,) in time order, of which any may be none of its own (scanners.md, 3.2)."""
    if len(dst) > REMEMBERED:
        return _course(line, seconds, dst, scope)
    return _remembered(line, seconds.tobytes(), dst.tobytes(), scope)


@lru_cache(1024)
def _remembered(line: Line, seconds: bytes, dst: bytes, scope: Telescope) -> Course:
    """Unmixing asks for it and then the forecast."""
    return _course(line, np.frombuffer(seconds), np.frombuffer(dst, np.uint32), scope)


def _course(line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32], scope: Telescope) -> Course:
    x = _placed(line.ground, dst, scope)
    element = _elements(line, x, int(x[0]))
    part = line.ground.group.order / line.threads
    height, near = _common_line(element, seconds, line, part)
    lowest = int(np.argmin(np.where(near, height, np.inf)))
    base, first = element[lowest], float(height[lowest])
    thread, height = _unrolled(element, base, first, line)
    rate, begin, on = np.full(line.threads, line.rate), np.zeros(line.threads), np.zeros(len(dst), np.bool_)
    for number in range(line.threads):
        its = near & (thread == number)
        if its.sum() > 2:
            rate[number], start = _straight(seconds[its], height[its])
            off = height - rate[number] * seconds
            width = np.median(np.abs(off[its] - start)) + 1
            on |= (thread == number) & (np.abs(off - start) <= SPREAD * width)
            begin[number] = np.median(off[its][-RECENT:])
        elif its.any():
            begin[number] = float(np.median((height - line.rate * seconds)[its]))
            on |= its
    return Course(float(base), first, rate, begin, height, thread, on)


def forecast(line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32], scope: Telescope) -> Forecast | None:
    """What the walk through probes (N,) seen at `seconds` will do in the telescope; None above LARGEST addresses."""
    if scope.size > LARGEST:
        return None
    found = course(line, seconds, dst, scope)
    part = line.ground.group.order / line.threads
    everywhere = _elements(line, _everywhere(line.ground, scope), int(_placed(line.ground, dst[:1], scope)[0]))
    scanned = np.isfinite(everywhere)
    thread, height = _unrolled(np.nan_to_num(everywhere), found.base, found.first, line)
    last = np.full(line.threads, found.first)
    np.maximum.at(last, found.thread[found.on], found.height[found.on])
    passed = int(np.sum(scanned & (height <= last[thread])))
    loss = max(0.0, 1 - len(np.unique(dst[found.on])) / max(passed, 1))
    first = _beginning(found.first, part, height[scanned & (height > last[thread])], loss)
    at_s = (height - found.begin[thread]) / found.rate[thread]
    now = seconds[found.on][-1]
    latest = thread == found.thread[found.on][-1]
    coming = np.flatnonzero(scanned & (height > last[thread]) & (height < first + part) & (latest | (at_s > now)))
    soonest = coming[np.argsort(at_s[coming])]
    rate, begin = float(found.rate.mean()), float(found.begin.mean())
    start_s = (first - begin) / rate
    share = line.ground.targets.size / line.ground.group.order
    return Forecast(
        rate * line.threads * share, loss, start_s, start_s + part / rate,
        float(min((last.max() - first) / part, 1.0)), soonest, at_s[soonest],
    )  # fmt: skip


def _beginning(first: float, part: float, ahead: NDArray[np.float64], loss: float) -> float:
    """The height at which the walk began: half way to the last address before `first` that it would have hit."""
    behind = np.sort(first + part - ahead)
    if not len(behind):
        return first
    unseen = int(log(UNSEEN) / log(min(max(loss, 1e-9), 0.99)))
    return first - float(behind[min(unseen, len(behind) - 1)]) / 2


def _unrolled(
    element: NDArray[np.float64], base: float, first: float, line: Line
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Thread (N,) and height (N,) of elements (N,): each thread walks one arc of the cycle, all from one height."""
    order = float(line.ground.group.order)
    around = (element - base) % order
    thread = np.minimum((around // (order / line.threads)).astype(np.int64), line.threads - 1)
    return thread, first + around - thread * (order / line.threads)


def _placed(ground: Ground, dst: NDArray[np.uint32], scope: Telescope) -> NDArray[np.int64]:
    """The logarithm (N,) of each address (N,) of the telescope, -1 where the ground does not hold it."""
    return _everywhere(ground, scope)[position(scope, dst)] if scope.size <= LARGEST else _logarithms(ground, dst)


@lru_cache(8)
def _everywhere(ground: Ground, scope: Telescope) -> NDArray[np.int64]:
    """The logarithm (size,) of each position of the telescope: many walks are followed through one telescope."""
    return _logarithms(ground, address(scope, np.arange(scope.size)))


def _logarithms(ground: Ground, dst: NDArray[np.uint32]) -> NDArray[np.int64]:
    index = indices(ground.numbering, dst)
    return np.where(index >= 0, logarithms(ground.group, np.maximum(index, 0) + 1), -1)


@kernel
def _distances(x: NDArray[np.int64], origin: int, mu: int, order: int) -> NDArray[np.float64]:
    """(N,) logarithms -> (N,) elements after the origin; NaN where there is none."""
    far = np.empty(len(x))
    for a in range(len(x)):
        ahead = np.float64(multiply(np.uint64(mu), np.uint64((x[a] - origin) % order), np.uint64(order)))
        far[a] = ahead if x[a] >= 0 else np.nan
    return far


def _elements(line: Line, x: NDArray[np.int64], origin: int) -> NDArray[np.float64]:
    """How many elements of the walk each logarithm (N,) comes after another, the origin; NaN: never."""
    return np.asarray(_distances(x, origin, line.mu, line.ground.group.order), np.float64)


def _straight(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and height at 0 of the straight line of least squares."""
    apart = x - x.mean()
    slope = float(apart @ y / max(apart @ apart, np.finfo(np.float64).tiny))
    return slope, float(y.mean() - slope * x.mean())


def _common_line(
    element: NDArray[np.float64], seconds: NDArray[np.float64], line: Line, part: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Heights (N,) of elements along one line for all threads, found from few probes to all, and which lie near it."""
    rate, begin, count = line.rate, 0.0, min(16, len(seconds))
    begin = _anchor(element[:count], seconds[:count], rate, part)
    while True:
        expected = begin + rate * seconds
        height = element + part * np.round((expected - element) / part)
        near = np.abs(height - expected) <= max(ROOM * rate * seconds[count - 1], part * APART[line.threads > 1])
        used = near[:count]
        if used.sum() >= 2:
            rate, begin = _straight(seconds[:count][used], height[:count][used])
        if count == len(seconds):
            return height, near
        count = min(count * GROWTH, len(seconds))


def _anchor(element: NDArray[np.float64], seconds: NDArray[np.float64], rate: float, part: float) -> float:
    """The height at second 0 that most probes agree on: any of them may be none of the walk's."""
    begin = (element - rate * seconds) % part
    apart = np.abs((begin[:, None] - begin[None, :] + part / 2) % part - part / 2)
    room = max(ROOM * rate * seconds[-1], 1.0)
    return float(begin[int(np.argmax((apart <= room).sum(axis=1)))])
