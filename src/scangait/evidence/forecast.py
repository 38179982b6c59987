"""What follows from a proven walk: which probes are its own, loss, rate, start, end, and the probes still to come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.ground import Ground, Line, logarithms_of
from scangait.gait.addresses import distinct
from scangait.kernel import kernel
from scangait.scanners.logarithm import multiply
from scangait.telescope import Telescope, address

LARGEST: Final = 2**18
"""Telescopes up to this size are placed whole: each address takes about a microsecond."""
REMEMBERED: Final = 2**13
"""Probes up to which a course is remembered for a while."""
UNSEEN: Final = 0.05
"""The scan began after the last address back from which this chance of loss is left."""
FIRST: Final = 16
GROWTH: Final = 2
"""Of so many probes the line is found first, and of so many times as many each time after."""
RECENT: Final = 16
"""Probes that say where a thread is now: its rate wanders."""
ROOM: Final = 0.03
APART: Final = (1e-6, 0.03)
"""Share of its part of the walk by which a probe may be off: one thread, and threads that drift against each other."""
TINY: Final = 2.3e-308
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


def course(line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32]) -> Course:
    """Follow the walk through probes (N,) in time order, of which any may be none of its own (scanners.md, 3.2)."""
    if len(dst) > REMEMBERED:
        return _course(line, seconds, dst)
    return _remembered(line, seconds.tobytes(), dst.tobytes())


@lru_cache(1024)
def _remembered(line: Line, seconds: bytes, dst: bytes) -> Course:
    """Unmixing asks for it and then the forecast."""
    # writable as everywhere else: one kernel for both
    return _course(line, np.frombuffer(seconds).copy(), np.frombuffer(dst, np.uint32).copy())


def _course(line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32]) -> Course:
    x = logarithms_of(line.ground, dst)
    _, element = _unrolled(line, x, int(x[0]), 1)
    height, near = _common_line(element, seconds, line)
    lowest = int(np.argmin(np.where(near, height, np.inf)))
    base, first = float(element[lowest]), float(height[lowest])
    thread, height = _unrolled(line, x, int(x[0]), line.threads, base, first)
    rate, begin, on = np.full(line.threads, line.rate), np.zeros(line.threads), np.zeros(len(dst), np.bool_)
    for number in range(line.threads):
        its = np.flatnonzero(near & (thread == number))
        if len(its) > 2:
            rate[number], start = _straight(seconds[its], height[its])
            off = height - rate[number] * seconds
            width = _median(np.abs(off[its] - start)) + 1
            on |= (thread == number) & (np.abs(off - start) <= SPREAD * width)
            begin[number] = _median(off[its[-RECENT:]])
        elif len(its):
            begin[number] = _median((height - line.rate * seconds)[its])
            on[its] = True
    return Course(base, first, rate, begin, height, thread, on)


def _median(x: NDArray[np.float64]) -> float:
    """The median of x (N,) as `numpy.median` has it, several times faster."""
    low, high = (len(x) - 1) // 2, len(x) // 2
    ordered = np.sort(x)
    return float(ordered[low] + ordered[high]) / 2


def forecast(
    line: Line, seconds: NDArray[np.float64], dst: NDArray[np.uint32], scope: Telescope, most: int | None = None
) -> Forecast | None:
    """What the walk through probes (N,) seen at `seconds` will do in the telescope, with the next `most` probes (all
    where it is not given); None above LARGEST addresses.
    """
    if scope.size > LARGEST:
        return None
    found = course(line, seconds, dst)
    order = line.ground.group.order
    part = order / line.threads
    everywhere, origin = _everywhere(line.ground, scope), int(logarithms_of(line.ground, dst[:1])[0])
    thread, height = _unrolled(line, everywhere, origin, line.threads, found.base, found.first)
    last = np.full(line.threads, found.first)
    np.maximum.at(last, found.thread[found.on], found.height[found.on])
    passed = height <= last[thread]  # neither passed nor ahead is what is not scanned
    loss = max(0.0, 1 - distinct(dst[found.on]) / max(int(np.count_nonzero(passed)), 1))
    ahead = np.flatnonzero(height > last[thread])
    first = _beginning(found.first, part, height[ahead], loss)
    coming = ahead[:0] if most == 0 else ahead[height[ahead] < first + part]
    at_s = (height[coming] - found.begin[thread[coming]]) / found.rate[thread[coming]]
    due = (thread[coming] == found.thread[found.on][-1]) | (at_s > seconds[found.on][-1])
    coming, at_s = coming[due], at_s[due]
    soonest = np.argsort(at_s)[:most]
    rate, begin = float(found.rate.mean()), float(found.begin.mean())
    start_s = (first - begin) / rate
    share = line.ground.targets.size / order
    return Forecast(
        rate * line.threads * share, loss, start_s, start_s + part / rate,
        float(min((last.max() - first) / part, 1.0)), coming[soonest], at_s[soonest],
    )  # fmt: skip


def _beginning(first: float, part: float, ahead: NDArray[np.float64], loss: float) -> float:
    """The height at which the walk began: half way to the last address before `first` that it would have hit."""
    if not len(ahead):
        return first
    unseen = min(int(log(UNSEEN) / log(min(max(loss, 1e-9), 0.99))), len(ahead) - 1)
    return first - float(np.partition(first + part - ahead, unseen)[unseen]) / 2


def _unrolled(
    line: Line, x: NDArray[np.int64], origin: int, threads: int, base: float = 0.0, first: float = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Thread (N,) and height (N,) of logarithms (N,): each thread walks one arc of the cycle, all from one height; NaN
    where there is none. The heights of one thread from 0 are the elements of the walk after the origin.
    """
    thread, height = np.zeros(len(x), np.int64), np.full(len(x), np.nan)
    _unroll(x, origin, line.mu, line.ground.group.order, base, first, threads, thread, height)
    return thread, height


@kernel
def _unroll(  # noqa: PLR0917 (kernels take arrays and numbers only)
    x: NDArray[np.int64],
    origin: int,
    mu: int,
    order: int,
    base: float,
    first: float,
    threads: int,
    thread: NDArray[np.int64],
    height: NDArray[np.float64],
) -> None:
    """X (N,), written into thread (N,) and height (N,)."""
    part = order / threads
    for a in range(len(x)):
        if x[a] >= 0:
            steps = np.uint64(x[a] - origin if x[a] >= origin else x[a] - origin + order)
            around = np.float64(multiply(steps, np.uint64(mu), np.uint64(order))) - base
            around += order if around < 0 else 0.0
            thread[a] = min(int(around / part), threads - 1)
            height[a] = first + around - thread[a] * part


@lru_cache(8)
def _everywhere(ground: Ground, scope: Telescope) -> NDArray[np.int64]:
    """The logarithm (size,) of each position of the telescope: many walks are followed through one telescope."""
    return logarithms_of(ground, address(scope, np.arange(scope.size)))


def _straight(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and height at 0 of the straight line of least squares through (N,) points."""
    mean_x, mean_y = x.sum() / len(x), y.sum() / len(y)  # `mean` takes twice as long
    off = x - mean_x
    slope = (off * y).sum() / ((off * off).sum() + TINY)
    return float(slope), float(mean_y - slope * mean_x)


def _common_line(
    element: NDArray[np.float64], seconds: NDArray[np.float64], line: Line
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Heights (N,) of elements along one line for all threads, found from few probes to all, and which lie near it."""
    height, near = np.empty(len(element)), np.empty(len(element), np.bool_)
    part = line.ground.group.order / line.threads
    begin = _anchor(element[:FIRST], seconds[:FIRST], line.rate, part)
    _follow(element, seconds, line.rate, begin, part, APART[line.threads > 1], height, near)
    return height, near


@kernel
def _follow(
    element: NDArray[np.float64],
    seconds: NDArray[np.float64],
    rate: float,
    begin: float,
    part: float,
    apart: float,
    height: NDArray[np.float64],
    near: NDArray[np.bool_],
) -> None:
    """Element (N,), seconds (N,), written into height (N,) and near (N,)."""
    count = min(FIRST, len(seconds))
    while True:
        room, its = max(ROOM * rate * seconds[count - 1], part * apart), 0
        mean_x, mean_y, slope, spread = 0.0, 0.0, 0.0, 0.0
        for a in range(count):
            expected = begin + rate * seconds[a]
            height[a] = element[a] + part * np.rint((expected - element[a]) / part)
            near[a] = abs(height[a] - expected) <= room
            if near[a]:
                its, mean_x, mean_y = its + 1, mean_x + seconds[a], mean_y + height[a]
        if count == len(seconds):
            return
        if its >= 2:
            mean_x, mean_y = mean_x / its, mean_y / its
            for a in range(count):
                if near[a]:
                    off = seconds[a] - mean_x
                    slope, spread = slope + off * height[a], spread + off * off
            rate = slope / (spread + TINY)
            begin = mean_y - rate * mean_x
        count = min(count * GROWTH, len(seconds))


def _anchor(element: NDArray[np.float64], seconds: NDArray[np.float64], rate: float, part: float) -> float:
    """The height at second 0 that most probes (N,) agree on: any of them may be none of the walk's."""
    begin = (element - rate * seconds) % part
    apart = np.abs((begin[:, None] - begin + part / 2) % part - part / 2)
    agree = np.count_nonzero(apart <= max(ROOM * rate * seconds[-1], 1.0), axis=1)
    return float(begin[np.argmax(agree)]) if agree.any() else 0.0
