"""Whether a fit should start from the one with a cluster less, its widest cluster cut in two, instead of from slices.

Simulated data: the samples of `bench_agreement`, and the large ones of the paper's experiment.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchmarks.bench_agreement import a_sample
from benchmarks.bench_leaps import SAME, large
from scangait.model.leap import Parameters
from scangait.model.mixture import LARGE, MAX_ITERATIONS, TOLERANCE, Mixture, _different, _lay, bic, climb, run

HEADER = ("what", "of", "result")
SAMPLES, STATES = 300, 7
Fit = tuple[Mixture, int]
"""And the number of its steps."""


def cut(mixture: Mixture, floor: np.ndarray) -> Parameters:
    """Weights (m,), means (D, m), variances (D, m) with the widest cluster in two along its widest dimension."""
    parameters = mixture.weights, mixture.means.T, mixture.variances.T
    widest = int(np.argmax(mixture.weights * np.log(1 + mixture.variances / floor).sum(axis=1)))
    along, its = int(np.argmax(mixture.variances[widest] / floor)), slice(widest, widest + 1)
    weights, means, variances = (np.concatenate([p, p[..., its]], axis=-1) for p in parameters)
    weights[[widest, -1]] /= 2
    off = 0.8 * np.sqrt(variances[along, widest])  # halves of a Gaussian lie 0.8 deviations apart from its middle
    means[along, widest], means[along, -1] = means[along, widest] - off, means[along, -1] + off
    variances[along, [widest, -1]] = max((1 - 0.8**2) * variances[along, widest], floor[along])
    return weights, np.ascontiguousarray(means), np.ascontiguousarray(variances)


def searches(x: np.ndarray, floor: np.ndarray) -> tuple[list[Fit], list[Fit]]:
    """Fits of 1, 2, ... clusters from slices, and each from the one before."""
    laid, most = _lay(x, floor), _different(x, STATES)
    sliced = [run(laid, states, floor) for states in range(1, most + 1)]
    warm, limits = sliced[:1], {"tolerance": TOLERANCE, "limit": MAX_ITERATIONS, "leaps": len(x) >= LARGE}
    while len(warm) < most:
        warm.append(climb(laid, cut(warm[-1][0], floor), floor, **limits))
    return sliced, warm


def chosen(fits: list[Fit], x: np.ndarray) -> int:
    """The number of clusters by BIC."""
    return len(min((mixture for mixture, _ in fits), key=lambda mixture: bic(mixture, len(x))).weights)


def compared(name: str, samples: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[tuple[object, ...]]:
    """Rows of the table for one kind of samples."""
    gained, steps, same = list[float](), list[tuple[int, int]](), list[bool]()
    for x, floor in samples:
        sliced, warm = searches(x, floor)
        gained += [(its[0].loglik - one[0].loglik) / len(x) for one, its in zip(sliced[1:], warm[1:], strict=True)]
        steps += [(one[1], its[1]) for one, its in zip(sliced[1:], warm[1:], strict=True)]
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
