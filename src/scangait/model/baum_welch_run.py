"""Running Baum-Welch: eight sequences in lanes until each has settled."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.kernel import kernel
from scangait.model.baum_welch_em import ascend, descend, expect_in_logs, maximise

ROUNDING: Final = 1e-7
"""A likelihood may fall by this much per observation before it is an error: sums are rounded, variances floored."""
RUNNING: Final = 0
SETTLED: Final = 1
LOST: Final = 2
FELL: Final = 3


@kernel
def run(  # noqa: PLR0917 - a kernel has no objects to put them in
    x: NDArray[np.float64],
    spans: NDArray[np.int64],
    models: NDArray[np.float64],
    floor: NDArray[np.float64],
    kinds: tuple[tuple[float, ...], tuple[float, ...]],
    room: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    logs: bool | None,
    tolerance: float,
    history: NDArray[np.float64],
    counts: NDArray[np.int64],
    status: NDArray[np.int64],
) -> None:
    """Fit each model to its sequence, longest first; models, history, counts of iterations and status are written.

    x (T, D), spans (S, 2), models (S, R), floor (D,), kinds: tuples of m and D numbers, room: lanes (L D, 8), memory
    (2 L m, 8), block (R, 8) and sums, logs: not None to work in logarithms, history (S, I), counts (S,),
    status (S,)
    """
    states, dims = kinds
    side, memory, block, sums = room
    longest = len(side) // len(dims)
    jobs, begins, going = np.full(8, -1), np.zeros((1, 8)), np.zeros((1, 8))
    queue = 0
    for lane in range(8):
        queue = occupy(lane, queue, x, spans, models, side, block, jobs, begins)
    while True:
        first, latest = longest, 0
        for lane in range(8):
            if jobs[lane] >= 0:
                first, latest = min(first, int(begins[0, lane])), max(latest, int(begins[0, lane]))
        if first == longest:
            return
        if logs is None:
            ascend(side, (first, latest), begins, block, states, dims, memory, sums)
            descend(side, (first, latest), begins, block, states, dims, memory, sums)
        else:
            expect_in_logs(side, (first, latest), begins, block, states, dims, memory, sums)
        for lane in range(8):
            j = jobs[lane]
            going[0, lane] = 0.0
            if j >= 0:
                status[j] = judge(sums, lane, kinds, longest - begins[0, lane], tolerance, history[j], counts[j])
                counts[j] += status[j] < LOST
                going[0, lane] = status[j] == RUNNING
        maximise(sums, block, going, floor, states, dims)
        for lane in range(8):
            j = jobs[lane]
            if j >= 0 and (status[j] != RUNNING or counts[j] == history.shape[1]):
                models[j] = block[:, lane]
                queue = occupy(lane, queue, x, spans, models, side, block, jobs, begins)


@kernel
def occupy(  # noqa: PLR0917 - a kernel has no objects to put them in
    lane: int,
    queue: int,
    x: NDArray[np.float64],
    spans: NDArray[np.int64],
    models: NDArray[np.float64],
    side: NDArray[np.float64],
    block: NDArray[np.float64],
    jobs: NDArray[np.int64],
    begins: NDArray[np.float64],
) -> int:
    """Put the next sequence into a lane, or none when there is none left; the number of the one after it.

    x (T, D), spans (S, 2), models (S, R), side (L D, 8), block (R, 8), jobs (8,), begins (1, 8) -> int
    """
    dims = x.shape[1]
    longest = len(side) // dims
    if queue == len(spans):
        jobs[lane] = -1
        return queue
    begin = longest - (spans[queue, 1] - spans[queue, 0])
    for t in range(longest):
        source = spans[queue, 0] + max(t - begin, 0)
        for d in range(dims):
            side[t * dims + d, lane] = x[source, d]
    for row in range(len(block)):
        block[row, lane] = models[queue, row]
    jobs[lane], begins[0, lane] = queue, float(begin)
    return queue + 1


@kernel
def judge(
    sums: NDArray[np.float64],
    lane: int,
    kinds: tuple[tuple[float, ...], tuple[float, ...]],
    length: float,
    tolerance: float,
    history: NDArray[np.float64],
    count: int,
) -> int:
    """Status after an E-step, whose log-likelihood becomes history[count].

    sums (R, 8), kinds: tuples of m and D numbers, history (I,) -> int
    """
    m, d = len(kinds[0]), len(kinds[1])
    loglik, mass = sums[(2 * d + 2 + m) * m, lane], 0.0
    for k in range(m):
        mass += sums[m + k, lane]
    history[count] = loglik
    if not np.isfinite(loglik) or not abs(mass - length) < 1e-6 * length:
        return LOST
    if count == 0:
        return RUNNING
    if loglik < history[count - 1] - ROUNDING * length - 1e-9 * abs(history[count - 1]):
        return FELL
    return SETTLED if loglik - history[count - 1] < tolerance * length else RUNNING
