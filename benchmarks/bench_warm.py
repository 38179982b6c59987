"""Whether a fit should start from the one with a cluster less, its widest cluster cut in two, instead of from slices.

Simulated data: the samples of `bench_agreement`, and the large ones of the paper's experiment.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchmarks.bench_agreement import a_sample
from benchmarks.bench_leaps import SAME, large
from scangait.model.lanes import each_state
from scangait.model.mixture import LARGE, MAX_ITERATIONS, NEARER, TOLERANCE, _different, _Laid, _lay, _start
from scangait.model.mixture_em import expectation_maximisation, room_for

HEADER = ("what", "of", "result")
SAMPLES, STATES = 300, 7
Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]
Fit = tuple[Parameters, float, int]


def fit(laid: _Laid, start: Parameters, floor: np.ndarray) -> Fit:
    """Parameters, log-likelihood and steps of EM from a start."""
    dims, leaps = len(floor), len(laid.sums) > LARGE
    tolerance, room = TOLERANCE * (NEARER if leaps else 1.0), room_for(len(start[0]), dims)
    found = expectation_maximisation(
        laid.blocks, start, floor, each_state(dims), room, tolerance, MAX_ITERATIONS, leaps
    )
    return start, *found


def cut(parameters: Parameters, floor: np.ndarray) -> Parameters:
    """Weights (m,), means (D, m), variances (D, m) with the widest cluster in two along its widest dimension."""
    weights, means, variances = parameters
    widest = int(np.argmax(weights * np.log(1 + variances / floor[:, None]).sum(axis=0)))
    along, its = int(np.argmax(variances[:, widest] / floor)), slice(widest, widest + 1)
    weights, means, variances = (np.concatenate([p, p[..., its]], axis=-1) for p in parameters)
    weights[[widest, -1]] /= 2
    off = 0.8 * np.sqrt(variances[along, widest])  # halves of a Gaussian lie 0.8 deviations apart from its middle
    means[along, widest], means[along, -1] = means[along, widest] - off, means[along, -1] + off
    variances[along, [widest, -1]] = max((1 - 0.8**2) * variances[along, widest], floor[along])
    return weights, means, variances


def searches(x: np.ndarray, floor: np.ndarray) -> tuple[list[Fit], list[Fit]]:
    """Fits of 1, 2, ... clusters from slices, and each from the one before."""
    laid, most = _lay(x, floor), _different(x, STATES)
    sliced = [fit(laid, _start(laid, states, floor), floor) for states in range(1, most + 1)]
    warm = sliced[:1]
    while len(warm) < most:
        warm.append(fit(laid, cut(warm[-1][0], floor), floor))
    return sliced, warm


def chosen(fits: list[Fit], x: np.ndarray) -> int:
    """The number of clusters by BIC."""
    free = 1 + 2 * x.shape[1]
    return int(np.argmin([(m * free - 1) * np.log(len(x)) - 2 * one[1] for m, one in enumerate(fits, 1)]))


def compared(name: str, samples: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[tuple[object, ...]]:
    """Rows of the table for one kind of samples."""
    gained, steps, same = list[float](), list[tuple[int, int]](), list[bool]()
    for x, floor in samples:
        sliced, warm = searches(x, floor)
        gained += [(its[1] - one[1]) / len(x) for one, its in zip(sliced[1:], warm[1:], strict=True)]
        steps += [(one[2], its[2]) for one, its in zip(sliced[1:], warm[1:], strict=True)]
        same.append(chosen(sliced, x) == chosen(warm, x))
    of, gains = f"{len(gained)} fits of {name}", np.array(gained)
    plain, warmed = np.mean(steps, axis=0).tolist()
    return [
        ("steps from slices, mean", of, plain),
        ("steps from the fit before, mean", of, warmed),
        ("of these end lower, by more than 1e-6 per observation", of, int(np.sum(gains < -SAME))),
        ("of these end higher", of, int(np.sum(gains > SAME))),
        ("samples for which BIC chooses the same m", f"{len(same)} samples", sum(same)),
    ]


def small() -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Samples of 50 to 1,000 observations."""
    rng = np.random.default_rng(7)
    for sample in range(SAMPLES):
        x = a_sample(rng, sample)
        yield x, np.full(x.shape[1], 1e-3)


def rows() -> list[tuple[object, ...]]:
    """The table."""
    return compared("small samples", small()) + compared("large samples", large())
