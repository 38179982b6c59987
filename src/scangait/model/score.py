"""Scoring: the log-likelihood of sequences under models, eight models at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.model.forward import forward, forward_in_logs
from scangait.model.hmm import HMM
from scangait.model.lanes import aligned, each_state
from scangait.model.passes import MOST
from scangait.model.vectors import WIDTH

Sizes = tuple[tuple[float, ...], tuple[float, ...]]

JOB: Final = 100_000
"""Observations that one piece of work takes at least: enough to forget what it costs to hand it out."""
FEW: Final = 2**13
USUAL: Final = (4, 7)
"""Up to FEW observations models are scored as if they had a USUAL number of states, seven at most as in the paper: it
takes hardly longer, where a kernel for each number takes half a second to compile.
"""


def score(
    x: NDArray[np.float64], ends: NDArray[np.int64], hmms: list[HMM], *, engine: Engine | None = None
) -> NDArray[np.float64]:
    """Natural log-likelihood (S, M) of each sequence of x (T, D) that ends at `ends` (S,) under each model."""
    if not len(hmms) or not len(ends) or not len(x):
        return np.zeros((len(ends), len(hmms)))
    x, ends, run = np.ascontiguousarray(x, np.float64), np.asarray(ends, np.int64), engine or Serial()
    order, blocks = _packed(tuple(hmms), USUAL if len(x) <= FEW else ())
    lanes, result = np.empty((len(ends), len(blocks), WIDTH)), np.empty((len(ends), len(hmms)))
    jobs = [(at, piece) for piece in _pieces(ends) for at in range(len(blocks))]
    parts = run.map(lambda job: _block(x, ends, *blocks[job[0]], job[1]), jobs)
    for (at, (first, last)), part in zip(jobs, parts, strict=True):
        lanes[first:last, at] = part
    result[:, order] = lanes.reshape(len(ends), -1)[:, : len(hmms)]
    lost = np.isnan(result)
    if lost.any():
        _rescue(x, ends, hmms, result, lost, run)
    return result


@lru_cache(4)
def _packed(hmms: tuple[HMM, ...], usual: tuple[int, ...]) -> tuple[list[int], list[tuple[NDArray[np.float64], Sizes]]]:
    """Which models the lanes are for, largest first, and blocks of them with their sizes; a library is asked again and
    again.

    All models of a block are given as many states as its largest has, or the next `usual` number.
    """
    order, packed = sorted(range(len(hmms)), key=lambda i: len(hmms[i].start), reverse=True), []
    for group in (order[i : i + WIDTH] for i in range(0, len(order), WIDTH)):
        largest = len(hmms[group[0]].start)
        states = min((count for count in usual if count >= largest), default=largest)
        own = [widened(hmms[i], states) for i in group]
        packed.append((pack(own), sizes(own[0])))
    return order, packed


def widened(hmm: HMM, states: int) -> HMM:
    """The same model with so many states, twins of its last that it never enters: it scores the same to the bit."""
    more = states - len(hmm.start)
    if not more:
        return hmm
    transition = np.eye(states)
    transition[: len(hmm.start), : len(hmm.start)] = hmm.transition
    means, variances = (np.pad(given, ((0, more), (0, 0)), mode="edge") for given in (hmm.means, hmm.variances))
    return HMM(np.pad(hmm.start, (0, more)), transition, means, variances)


def pack(hmms: list[HMM]) -> NDArray[np.float64]:
    """One block (R, 8) of up to eight models of m states; the last model fills the lanes that are left."""
    lanes = columns(hmms)
    block = aligned(lanes.shape[1], WIDTH)
    block[:, : len(hmms)] = lanes.T
    block[:, len(hmms) :] = block[:, len(hmms) - 1 : len(hmms)]
    return block


def columns(hmms: list[HMM]) -> NDArray[np.float64]:
    """Models of m states as lanes of blocks (S, R).

    means (D, m), -log2(e) / 2 over variances (D, m), level (m,) of the log-density, start (m,), transition (m, m), and
    variances (D, m).
    """
    means, variances = (np.array([getattr(hmm, name).T for hmm in hmms]) for name in ("means", "variances"))
    starts, chains = (np.array([getattr(hmm, name) for hmm in hmms]) for name in ("start", "transition"))
    levels = -0.5 * np.log2(2 * np.pi * variances).sum(axis=1)
    parts = (means, -0.5 / np.log(2) / variances, levels, starts, chains, variances)
    return np.concatenate([part.reshape(len(hmms), -1) for part in parts], axis=1)


def interleave(x: NDArray[np.float64], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Up to eight sequences of x (T, D) side by side (T D, 8); a shorter one is continued by its last observation."""
    longest = int((ends - begins).max())
    steps = np.minimum(begins + np.arange(longest)[:, None], ends - 1)
    side = aligned(longest * x.shape[1], WIDTH)
    side.reshape(longest, x.shape[1], WIDTH)[:, :, : len(begins)] = x[steps].transpose(0, 2, 1)
    side[:, len(begins) :] = side[:, len(begins) - 1 : len(begins)]
    return side


def _pieces(ends: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of sequences (first, last) with about JOB observations each."""
    if ends[-1] <= JOB:
        return [(0, len(ends))]
    marks = np.searchsorted(ends, np.arange(JOB, ends[-1], JOB), side="left") + 1
    edges = np.unique(np.r_[0, marks, len(ends)])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _block(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    block: NDArray[np.float64],
    kinds: Sizes,
    piece: tuple[int, int],
) -> NDArray[np.float64]:
    """Log-likelihoods (S, 8) of a piece of the sequences under one block of models."""
    first, last = piece
    begin = int(ends[first - 1]) if first else 0
    own = x[begin : ends[last - 1]]
    if len(own) < MOST:
        own = np.resize(own, (MOST, own.shape[1]))
    room, result = aligned(MOST * (1 + len(kinds[0])), WIDTH), np.empty((last - first, WIDTH))
    forward(own, ends[first:last] - begin, block, *kinds, room, result)
    return result


def sizes(hmm: HMM) -> Sizes:
    """What tells a kernel the numbers of states and dimensions."""
    states, dims = hmm.means.shape
    return each_state(states), each_state(dims)


def _rescue(
    x: NDArray[np.float64],
    ends: NDArray[np.int64],
    hmms: list[HMM],
    result: NDArray[np.float64],
    lost: NDArray[np.bool_],
    run: Engine,
) -> None:
    """Do again in logarithms what is lost (S, M) in `result` (S, M): eight pairs of a sequence and a model at once."""
    begins = np.r_[0, ends[:-1]]
    pairs = np.argwhere(lost)
    sizes_ = np.array([len(hmm.start) for hmm in hmms])
    pairs = pairs[np.lexsort(((ends - begins)[pairs[:, 0]], sizes_[pairs[:, 1]]))]
    states = np.array([len(hmms[model].start) for model in pairs[:, 1].tolist()])
    cuts = np.flatnonzero(np.diff(states)) + 1
    jobs = [same[i : i + WIDTH] for same in np.split(pairs, cuts) for i in range(0, len(same), WIDTH)]

    def again(job: NDArray[np.int64]) -> NDArray[np.float64]:
        sequences, own = job[:, 0], [hmms[model] for model in job[:, 1].tolist()]
        side, answer = interleave(x, begins[sequences], ends[sequences]), np.empty((1, WIDTH))
        lengths = np.resize((ends - begins)[sequences], (1, WIDTH)).astype(np.float64)
        forward_in_logs(side, lengths, pack(own), *sizes(own[0]), answer)
        return answer[0, : len(job)]

    for job, answer in zip(jobs, run.map(again, jobs), strict=True):
        result[job[:, 0], job[:, 1]] = answer
