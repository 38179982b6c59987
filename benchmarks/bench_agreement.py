"""Whether speed cost anything: agreement with hmmlearn in logarithms, and what the search over m chooses."""

from __future__ import annotations

import numpy as np

from benchmarks.models import a_model, hmmlearn_of
from scangait.model import mixture
from scangait.model.baum_welch import TOLERANCE, fit_hmm
from scangait.model.draw import draw
from scangait.model.hmm import from_mixture
from scangait.model.score import score

HEADER = ("what", "of", "result")
PAIRS, FITS, SAMPLES = 1000, 200, 1000
GAPS, INTEGERS, PLANE = 0, 1, 2


def scores(rng: np.random.Generator) -> float:
    """Largest relative difference of a score, over pairs of a sequence and a model, half of them strangers."""
    worst = 0.0
    for pair in range(PAIRS):
        states, dims = int(rng.integers(1, 8)), int(rng.integers(1, 4))
        hmm, other = a_model(rng, states, dims), a_model(rng, states, dims)
        x = draw(other if pair % 2 else hmm, int(rng.integers(2, 200)), rng)[0]
        worst = max(worst, abs(score(x, np.array([len(x)]), [hmm])[0, 0] / hmmlearn_of(hmm).score(x) - 1))
    return worst


def fits(rng: np.random.Generator) -> tuple[int, float, int]:
    """Fits with hmmlearn's number of iterations, largest relative difference of a likelihood on the way, and collapses.

    hmmlearn lets a variance become zero, where likelihoods mean nothing: those fits are counted and not compared.
    """
    same, worst, collapsed = 0, 0.0, 0
    for _ in range(FITS):
        states, dims = int(rng.integers(1, 8)), int(rng.integers(1, 3))
        x = draw(a_model(rng, states, dims), 200, rng)[0]
        start = from_mixture(mixture.fit_mixture(x, states, floor=np.full(dims, 1e-3)), x)
        ours = fit_hmm(x, start, floor=np.full(dims, 1e-12)).history
        peer = hmmlearn_of(start, n_iter=100, tol=TOLERANCE * len(x)).fit(x)
        theirs = list(peer.monitor_.history)
        same += len(ours) == len(theirs)
        if peer._covars_.min() < 1e-12:
            collapsed += 1
            continue
        shared = min(len(ours), len(theirs))
        worst = max(worst, float(np.abs(np.array(ours[:shared]) / np.array(theirs[:shared]) - 1).max()))
    return same, worst, collapsed


def searches(rng: np.random.Generator) -> tuple[int, float, float]:
    """Samples with the m of a search to the end; most that is lost in likelihood; share of the fits done."""
    same, lost, done = 0, 0.0, 0
    for sample in range(SAMPLES):
        x = a_sample(rng, sample)
        floor = np.full(x.shape[1], 1 / 12 if kind(sample) == INTEGERS else 1e-3)  # as fine as the steps are
        whole = [mixture.fit_mixture(x, states, floor=floor) for states in range(1, 8)]
        best = min(whole, key=lambda one: mixture.bic(one, len(x)))
        found = mixture.search(x, floor=floor, max_states=7)
        ours = min(found, key=lambda one: mixture.bic(one, len(x)))
        same += len(ours.weights) == len(best.weights)
        if len(ours.weights) == len(best.weights):
            lost = max(lost, (best.loglik - ours.loglik) / len(x))
        done += len(found)
    return same, lost, done / SAMPLES / 7


def kind(sample: int) -> int:
    """What the sample of this number is like."""
    return sample % 6


def a_sample(rng: np.random.Generator, sample: int) -> np.ndarray:
    """Steps like a scan's: log-gaps, integers, two dimensions, or a few clusters; 50 to 1000 of them."""
    count, states = int(rng.integers(50, 1000)), int(rng.integers(1, 8))
    x = draw(a_model(rng, states, 2 if kind(sample) == PLANE else 1), count, rng)[0]
    if kind(sample) == INTEGERS:
        return np.round(10 * x)
    return np.log(rng.exponential(1.0, (count, 1)) + 0.05) if kind(sample) == GAPS else x


def rows() -> list[tuple[object, ...]]:
    """The table."""
    rng = np.random.default_rng(7)
    same, worst, collapsed = fits(rng)
    chosen, lost, done = searches(rng)
    return [
        ("largest relative difference of a score from hmmlearn log", f"{PAIRS} pairs", f"{scores(rng):.1e}"),
        ("fits with hmmlearn log's number of iterations", f"{FITS} fits", f"{same}"),
        ("largest relative difference of a likelihood on the way", f"{FITS - collapsed} fits", f"{worst:.1e}"),
        ("samples in which BIC chooses the m of a search to m = 7", f"{SAMPLES} samples", f"{chosen}"),
        ("likelihood lost per observation where m is the same, at most", f"{SAMPLES} samples", f"{lost:.1e}"),
        ("share of the fits that the search does", f"{SAMPLES} samples", f"{done:.2f}"),
    ]
