"""Calibration by trials: simulated scans of every tool say what evidence is worth, and what strangers look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine
from scangait.evidence import movement, typical
from scangait.evidence.calibration import MOST_BITS, SHARES, Calibration
from scangait.evidence.case import Case
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import Library
from scangait.gait.samples import Sample
from scangait.probes import concat, without_headers
from scangait.simulate.trials import Trial
from scangait.telescope import Telescope, position

CALIBRATED: Final = tuple(sorted(set(KINDS) - {"sources"}))
"""A list of sources is the user's own: it has no trials."""
TRIALS: Final = 400
"""Trials of a library that is learned by simulation on the spot: about a minute."""
TOGETHER: Final = 32
"""Trials that are asked about as one case."""
STRANGE: Final = 0.5
"""Weight of a scan whose tool the library is supposed not to know, against one that it knows."""
COMMON: Final = {"own": 1.0, "altered": 0.4}
"""What a trial counts by its headers: as they are sent, changed, or (else) forged."""
RARE: Final = 0.2
"""Forged headers are tried five times as often as they are thought to be met: 1 scan in 100."""
MARGIN: Final = 1e-6
RIDGE: Final = 1e-3
"""Draws the weights to 1 where trials are few."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the kinds of evidence said: `bits` (N, L, K) clipped, for `labels` (L) and CALIBRATED kinds (K); the `truth`
    (N) and whose `headers` (N) the probes bore.
    """

    truth: NDArray[np.str_]
    headers: NDArray[np.str_]
    labels: tuple[str, ...]
    bits: NDArray[np.float64]


def calibrated(library: Library, held: Sequence[Trial], scope: Telescope, engine: Engine) -> Library:
    """The library with typical gaits and calibrations from trials that it was not learned from."""
    cases = [case(held[start : start + TOGETHER], library, scope) for start in range(0, len(held), TOGETHER)]
    truth = np.array([trial.label for trial in held])
    known = replace(library, typical=tuple(_typical(cases, truth)))
    heard = answers(known, held, scope, engine)
    return replace(known, calibrations=tuple(calibrations(heard)))


def case(held: Sequence[Trial], library: Library, scope: Telescope) -> Case:
    """Trials as one case, one sample each."""
    probes = concat(trial.probes for trial in held)
    place, found, start = position(scope, probes.dst), [], 0
    for trial in held:
        members = np.arange(start, start + len(trial.probes))
        start += len(members)
        broken = np.zeros(max(len(members) - 1, 0), np.bool_)
        port = int(trial.probes.dport[0])
        found.append(Sample(members, place[members], probes.time_ns[members], broken, "", port))
    return Case(probes, found, scope, library)


def answers(library: Library, held: Sequence[Trial], scope: Telescope, engine: Engine) -> Answers:
    """Ask every kind of evidence about every trial."""
    chunks = [held[start : start + TOGETHER] for start in range(0, len(held), TOGETHER)]
    parts = engine.map(lambda part: _bits(case(part, library, scope), library.labels), chunks)
    return Answers(
        np.array([trial.label for trial in held]),
        np.array([trial.headers for trial in held]),
        tuple(library.labels),
        np.concatenate(list(parts)),
    )


def calibrations(heard: Answers, sets: Sequence[tuple[str, ...]] = ()) -> list[Calibration]:
    """One calibration for each set of kinds of evidence, all that may be listened to where none is given."""
    every = [subset for count in range(1, len(CALIBRATED) + 1) for subset in combinations(CALIBRATED, count)]
    return [_fitted(heard, kinds) for kinds in sets or every]


def without(heard: Answers, label: str) -> Answers:
    """The answers of a library that does not know one label."""
    kept = [index for index, name in enumerate(heard.labels) if name != label]
    return replace(heard, labels=tuple(heard.labels[index] for index in kept), bits=heard.bits[:, kept])


def totals(heard: Answers, calibration: Calibration) -> NDArray[np.float64]:
    """Bits (N, L + 1) for each label, and for unknown in the last column."""
    columns = [CALIBRATED.index(kind) for kind in calibration.kinds]
    named = heard.bits[:, :, columns] @ np.array(calibration.weights)
    return np.column_stack([named, np.full(len(named), calibration.unknown)])


def _typical(cases: list[Case], truth: NDArray[np.str_]) -> list[typical.Typical]:
    parts = [movement.gains(one) for one in cases]
    names, gain = parts[0][0], np.concatenate([part[1] for part in parts])
    counts = np.array([len(sample.broken) for one in cases for sample in one.samples])
    return [
        one
        for column, name in enumerate(names)
        for one in typical.of(name, counts[truth == name], gain[truth == name, column])
    ]


def _bits(asked: Case, labels: list[str]) -> NDArray[np.float64]:
    """(S, L, K) clipped bits of each sample for each label by each calibrated kind.

    The walk is looked for as without headers: where these settle that there is none, it is not listened to.
    """
    bare = replace(asked, probes=without_headers(asked.probes), marks=())
    bits = np.zeros((len(asked.samples), len(labels), len(CALIBRATED)))
    for column, kind in enumerate(CALIBRATED):
        said = KINDS[kind](bare if kind == "walk" else asked)
        bits[:, [labels.index(label) for label in said.labels], column] = np.nan_to_num(said.bits)
    return np.clip(bits, -MOST_BITS, MOST_BITS)


def _fitted(heard: Answers, kinds: tuple[str, ...]) -> Calibration:
    """Weights by maximum likelihood; every scan counts once as it is and once, for less, as that of an unknown tool."""
    from scipy.optimize import minimize

    bits = heard.bits[:, :, [CALIBRATED.index(kind) for kind in kinds]]
    right = np.array([heard.labels.index(name) if name in heard.labels else len(heard.labels) for name in heard.truth])
    own = np.zeros(bits.shape[:2], np.bool_)
    known = right < len(heard.labels)
    own[np.flatnonzero(known), right[known]] = True
    common = np.array([COMMON.get(headers, RARE) for headers in heard.headers.tolist()])
    weight = common * (1.0 + STRANGE * known)

    def loss(values: NDArray[np.float64]) -> float:
        total = np.column_stack([bits @ values[:-1], np.full(len(bits), values[-1])]) * np.log(2)
        own_total = np.where(known, np.take_along_axis(total, right[:, None], axis=1)[:, 0], total[:, -1])
        with_own = _log_sum(total) - own_total
        hidden = np.column_stack([np.where(own, -np.inf, total[:, :-1]), total[:, -1]])
        without_own = (_log_sum(hidden) - total[:, -1])[known]
        mean = (common @ with_own + STRANGE * common[known] @ without_own) / weight.sum()
        return float(mean + RIDGE * np.sum((values[:-1] - 1) ** 2))

    start = np.append(np.full(len(kinds), 0.5), 2.0)
    found = minimize(loss, start, bounds=[(0, 3)] * len(kinds) + [(-5, 30)], method="L-BFGS-B").x
    fitted = Calibration(kinds, tuple(found[:-1].tolist()), float(found[-1]), heard.labels)
    return replace(fitted, needed=_needed(heard, fitted))


def _log_sum(total: NDArray[np.float64]) -> NDArray[np.float64]:
    top = total.max(axis=1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(total - top).sum(axis=1)))


def _needed(heard: Answers, fitted: Calibration) -> tuple[tuple[float, ...], ...]:
    """Bits above unknown that each of SHARES of the scans of the worst unknown tool reaches, label by label.

    Each tool in turn is the unknown one; forged headers do not count, since they are meant to deceive.
    """
    worst = np.zeros((len(heard.labels), len(SHARES)))
    for name in np.unique(heard.truth):
        strange = without(heard, str(name))
        asked = (heard.headers == "own") & (heard.truth == name)
        named = totals(strange, fitted)[asked, :-1]
        odds, best = named.max(axis=1) - fitted.unknown, named.argmax(axis=1)
        for column, label in enumerate(strange.labels):
            # conformal: of n + 1 exchangeable scans, the new one is among the `share` highest with that chance
            fooled = np.where(best == column, np.maximum(odds, 0.0), 0.0)
            reached = np.quantile(fooled, 1 - np.array(SHARES), method="weibull") + MARGIN
            row = heard.labels.index(label)
            worst[row] = np.maximum(worst[row], reached)
    return tuple(tuple(row) for row in worst.tolist())
