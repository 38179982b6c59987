"""Baum-Welch: expectation maximisation of a hidden Markov model (Baum et al. 1970; scaled as in Rabiner 1989)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.errors import FitError
from scangait.model.baum_welch_em import SPARE
from scangait.model.baum_welch_run import FELL, LOST, SETTLED, run
from scangait.model.hmm import HMM
from scangait.model.lanes import aligned
from scangait.model.score import columns, sizes
from scangait.model.vectors import WIDTH

TOLERANCE: Final = 1e-5
MAX_ITERATIONS: Final = 100
JOB: Final = 64
"""Sequences in one piece of work: each lane takes about eight, one after the other."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted `hmm`, the log-likelihood at each iteration, and whether it settled before the last one."""

    hmm: HMM
    history: tuple[float, ...]
    converged: bool


def fit_hmm(
    x: NDArray[np.float64],
    start: HMM,
    *,
    floor: NDArray[np.float64],
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Fit:
    """Fit a model to one sequence x (T, D), beginning at `start`; no variance falls under `floor` (D,).

    Stops when the log-likelihood gains less than `tolerance` per observation. Raises FitError when it goes down or is
    not finite.
    """
    limits = {"tolerance": tolerance, "max_iterations": max_iterations}
    return fit_hmms(x, np.array([len(x)]), [start], floor=floor, **limits)[0]  # type: ignore[arg-type]


def fit_hmms(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    starts: list[HMM],
    *,
    floor: NDArray[np.float64],
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    engine: Engine | None = None,
) -> list[Fit]:
    """One model for each sequence of x (T, D) that ends at `ends` (S,), beginning at `starts` (S); as `fit_hmm`."""
    x, ends = np.ascontiguousarray(x, np.float64), np.asarray(ends, np.int64)
    spans = np.stack([np.r_[0, ends[:-1]], ends], axis=1)
    work = _Work(x, spans, starts, np.asarray(floor, np.float64), tolerance, max_iterations)
    groups = [sorted(group, key=lambda s: int(spans[s, 0] - spans[s, 1])) for group in _by_states(starts)]
    jobs = [group[i : i + JOB] for group in groups for i in range(0, len(group), JOB)]
    fits: dict[int, Fit] = {}
    for job, done in zip(jobs, (engine or Serial()).map(work.fit, jobs), strict=True):
        fits.update(zip(job, done, strict=True))
    return [fits[s] for s in range(len(starts))]


def _by_states(hmms: list[HMM]) -> list[list[int]]:
    """Which models have the same number of states."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, hmm in enumerate(hmms):
        groups[len(hmm.start)].append(index)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Work:
    """What every piece of work reads: x (T, D), spans (S, 2), starts (S), floor (D,), and when to stop."""

    x: NDArray[np.float64]
    spans: NDArray[np.int64]
    starts: list[HMM]
    floor: NDArray[np.float64]
    tolerance: float
    limit: int

    def fit(self, job: list[int]) -> list[Fit]:
        """Fit models of equal size, longest sequence first; what underflows is done again in logarithms."""
        done = self._run(job, logs=None)
        lost = np.flatnonzero(done[3] == LOST)
        if len(lost):
            for array, again in zip(done, self._run([job[i] for i in lost.tolist()], logs=True), strict=True):
                array[lost] = again
        states, dims = self.starts[job[0]].means.shape
        sizes_ = np.array([dims * states, dims * states, states, states, states * states])
        parts = np.split(done[0], np.cumsum(sizes_), axis=1)
        sides = [part.reshape(-1, dims, states).transpose(0, 2, 1).copy() for part in (parts[0], parts[5])]
        hmms = zip(parts[3], parts[4].reshape(-1, states, states), *sides, strict=True)
        return [_made(hmm, *row) for hmm, *row in zip(hmms, *done[1:], strict=True)]

    def _run(
        self, job: list[int], *, logs: bool | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Models (S, R) with their variances, log-likelihoods (S, I), iterations (S,) and status (S,)."""
        spans, (states, dims) = self.spans[job], self.starts[job[0]].means.shape
        models = columns([self.starts[s] for s in job])
        steps = int(spans[0, 1] - spans[0, 0])
        rows = (steps * dims, 2 * steps * states, models.shape[1], (2 * dims + 2 + states + SPARE) * states + 1)
        room = tuple(aligned(count, WIDTH) for count in rows)
        room[0][:], room[2][:] = 0.0, models[:1].T  # lanes that stay empty compute something harmless
        history = np.zeros((len(job), self.limit))
        counts, status = np.zeros(len(job), np.int64), np.zeros(len(job), np.int64)
        kinds = sizes(self.starts[job[0]])
        run(self.x, spans, models, self.floor, kinds, room, logs, self.tolerance, history, counts, status)
        return models, history, counts, status


def _made(parameters: tuple[NDArray[np.float64], ...], history: NDArray[np.float64], count: int, status: int) -> Fit:
    """The fit of one sequence from its row of every result."""
    if status == LOST:
        raise FitError(f"Baum-Welch: log-likelihood {history[count]} after {count} iterations")
    if status == FELL:
        raise FitError(f"Baum-Welch: the log-likelihood fell from {history[count - 1]} to {history[count]}")
    return Fit(HMM(*parameters), tuple(history[:count].tolist()), converged=status == SETTLED)
