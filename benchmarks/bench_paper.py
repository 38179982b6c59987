"""The paper's whole experiment, both movements: learning and testing beside scikit-learn and hmmlearn, step by step.

Simulated data of the paper's size; both do all of it, from the same starts and with the same tolerances.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from time import process_time

import numpy as np
from hmmlearn.hmm import GaussianHMM
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from scangait.engine import Serial
from scangait.gait.movements import Movements, floor, gather, movements
from scangait.gait.samples import Sample, samples
from scangait.gait.streams import by_label
from scangait.model import baum_welch, mixture
from scangait.model.hmm import HMM, from_mixture
from scangait.model.score import score
from scangait.probes import in_time_order
from scangait.recipe import Recipe
from scangait.recognise.evaluate import LEARN_SHARE, TEST_SHARE, common_ports, sliced
from scangait.recognise.learn import Fitted, candidates, training_set
from scangait.simulate.paper import dataset
from scangait.telescope import Telescope

STATES = 7
HEADER = ("movement, step", "ours, CPU s", "peers, CPU s", "ratio")


def shown(movement: str) -> tuple[list[Sample], list[Sample], Telescope]:
    """The samples to learn from and to test with, and the telescope."""
    probes, scope = dataset(0)
    probes, rng, recipe = in_time_order(probes), np.random.default_rng(0), Recipe.paper(movement)
    learning, testing = sliced(probes, common_ports(probes), rng, LEARN_SHARE, TEST_SHARE)
    found = training_set(samples(learning, by_label(learning), scope, recipe), recipe, rng)
    tested = samples(testing, by_label(testing), scope, replace(recipe, drop_short_samples=False))
    return found, tested, scope


def rows() -> list[tuple[object, ...]]:
    """The table; its last row is the whole experiment."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    table = []
    for name in ("spatial", "temporal"):
        recipe, (found, tested, scope) = Recipe.paper(name), shown(name)
        moves, tests = (movements(part, scope.size, recipe) for part in (found, tested))
        least = floor(scope.size, recipe)
        table += [(f"{name}, {step}", *times) for step, *times in experiment(found, moves, tests, least, recipe)]
    table.append(("both, all", sum(row[1] for row in table), sum(row[2] for row in table)))
    return [(*row, row[2] / row[1]) for row in table]


def experiment(found: list, moves: Movements, tests: Movements, least: np.ndarray, recipe: Recipe) -> list[tuple]:
    """The steps for one movement: name, our CPU seconds, the peers'."""
    parts = cut(moves)
    mixture.fit_mixtures(parts[0], moves.ends[:1], floor=least)  # compiles
    ours, mixtures = timed(lambda: mixture.fit_mixtures(moves.x, moves.ends, floor=least))
    steps = [("mixtures by BIC", ours, timed(lambda: [their_mixture(x, least) for x in parts])[0])]
    starts = [from_mixture(one, x) for one, x in zip(mixtures, parts, strict=True)]
    for states in {len(one.start) for one in starts}:  # compile each size
        one = next(i for i, start in enumerate(starts) if len(start.start) == states)
        baum_welch.fit_hmm(parts[one], starts[one], floor=least, max_iterations=2)
    ours, fits = timed(lambda: baum_welch.fit_hmms(moves.x, moves.ends, starts, floor=least))
    theirs, _ = timed(lambda: [their_hmm(x, start, least) for x, start in zip(parts, starts, strict=True)])
    steps.append(("Baum-Welch", ours, theirs))
    models = [fit.hmm for fit in fits]
    kinds: dict[tuple[str, int], list[int]] = {}
    for index, sample in enumerate(found):
        kinds.setdefault((sample.label, sample.port), []).append(index)
    pairs = [([parts[i] for i in group], [models[i] for i in group]) for group in kinds.values()]
    steps.append(("likelihood matrices", *scored(pairs)))
    fitted = Fitted(tuple(found), moves, tuple(mixtures), tuple(models))
    kept = [one.model for one in candidates(fitted, recipe, np.random.default_rng(2), Serial())]
    return [*steps, ("test", *scored([(cut(tests), kept)]))]


def scored(pairs: list[tuple[list[np.ndarray], list[HMM]]]) -> tuple[float, float]:
    """CPU seconds of scoring sequences under models: ours, the peer's."""

    def ours() -> None:
        for sequences, models in pairs:
            laid = gather(sequences)
            score(laid.x, laid.ends, models)

    def theirs() -> None:
        for sequences, models in pairs:
            peers = [peer_of(model) for model in models]
            for x in sequences:
                for peer in peers:
                    peer.score(x)

    ours()  # compiles
    return timed(ours)[0], timed(theirs)[0]


def their_mixture(x: np.ndarray, least: np.ndarray) -> GaussianMixture:
    """scikit-learn's mixture by BIC from our starts, with our tolerance."""
    laid, found = mixture._lay(x, least), []  # noqa: SLF001 - the start is handed to both
    for states in range(1, min(STATES, len(np.unique(x, axis=0))) + 1):
        weights, means, variances = mixture._start(laid, states, least)  # noqa: SLF001
        peer = GaussianMixture(
            states, covariance_type="diag", reg_covar=float(least.min()), init_params="random_from_data",
            tol=mixture.TOLERANCE, max_iter=mixture.MAX_ITERATIONS, weights_init=weights / weights.sum(),
            means_init=means.T, precisions_init=1 / variances.T,
        )  # fmt: skip
        found.append(peer.fit(x))
    return min(found, key=lambda peer: peer.bic(x))


def their_hmm(x: np.ndarray, start: HMM, least: np.ndarray) -> GaussianHMM:
    """hmmlearn's Baum-Welch from the same start, with our tolerance."""
    peer = peer_of(start)
    peer.tol, peer.n_iter, peer.init_params = baum_welch.TOLERANCE * len(x), baum_welch.MAX_ITERATIONS, ""
    peer.min_covar, peer.covars_prior, peer.covars_weight, peer.means_weight = float(least.min()), 0, 0, 0
    return peer.fit(x)


def peer_of(model: HMM) -> GaussianHMM:
    """The same model for hmmlearn, in logarithms: the honest peer (scaling underflows)."""
    peer = GaussianHMM(len(model.start), covariance_type="diag", implementation="log")
    peer.startprob_, peer.transmat_, peer.means_ = model.start, model.transition, model.means
    peer.covars_, peer.n_features = model.variances, model.means.shape[1]
    return peer


def cut(moves: Movements) -> list[np.ndarray]:
    """The sequences one by one."""
    return np.split(moves.x, moves.ends[:-1])


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of one call, and what it returns."""
    begin = process_time()
    result = call()
    return process_time() - begin, result
