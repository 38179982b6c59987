"""The decision: findings of independent kinds of evidence are weighed and added up, label by label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scangait.evidence.calibration import Calibration, weighed
from scangait.evidence.finding import Finding, Said

UNKNOWN: Final = "unknown"
FALSE_ALARM: Final = 0.01
"""Share of the scans by tools that the library does not know which are named all the same, at most."""
STRONG_BITS: Final = 4.0
"""Evidence of so many bits for another tool contradicts a verdict."""
PROOFS: Final = ("signature", "walk")
"""Kinds that every scan of a tool has which has them at all: it speaks against a tool that they deny it."""
SAYS: Final = {
    "signature": "headers say",
    "walk": "the order is the walk of",
    "movement": "the gait is that of",
    "sources": "the source is listed as",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The best `label`, its `confidence` among all labels and unknown, the bits to the `next` label, and why.

    `contradiction` says in words what speaks for another tool, "" where nothing does.
    """

    label: str
    version: str | None
    confidence: float
    margin: float
    findings: tuple[Finding, ...]
    next: str = UNKNOWN
    contradiction: str = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What K kinds have `said` of S samples, weighed: `bits` (K, S, L), where `place` tells which column is whose and
    NaN that nothing is said, the bits (S,) of `unknown`, and those above it that a name needs, `needed` (S, L + 1), 0
    for none.
    """

    said: Sequence[Said]
    place: dict[str, int]
    bits: NDArray[np.float64]
    unknown: NDArray[np.float64]
    needed: NDArray[np.float64]


def decide(
    said: Sequence[Said], calibrated: Callable[[Iterable[str]], Calibration], false_alarm: float = FALSE_ALARM
) -> list[Decision]:
    """Add the bits of each label and name the best, or unknown where that many bits are not rare among strangers.

    One decision for each of the S samples that every kind was asked about; `calibrated` says how to weigh a set of
    kinds. At a `false_alarm` rate of 1 the best is always named, as the paper does.
    """
    heard = _weighed(said, calibrated, false_alarm)
    some, last = np.arange(len(heard.unknown)), len(heard.place)
    named = np.where(np.isnan(heard.bits).all(axis=0), -np.inf, np.nansum(heard.bits, axis=0))
    total = np.column_stack([named, heard.unknown])
    best = total[:, :-1].argmax(axis=1) if last else np.full(len(some), last)
    odds = total[some, best] - heard.unknown
    enough = np.isfinite(odds) & ((false_alarm >= 1) | (odds >= heard.needed[some, best]))
    chosen = np.where(enough, best, last)
    others = total.copy()
    others[some, chosen] = -np.inf
    second = np.where(np.isinf(others).all(axis=1), last, others.argmax(axis=1))
    weight = np.exp2(np.minimum(total - heard.unknown[:, None], 500.0))
    sure = weight[some, chosen] / weight.sum(axis=1)
    margin = np.where(second == chosen, 0.0, total[some, chosen] - total[some, second])
    facts = zip(chosen.tolist(), second.tolist(), sure.tolist(), margin.tolist(), _doubted(heard, chosen), strict=True)
    return [_worded(heard, row, *its) for row, its in enumerate(facts)]


def _weighed(said: Sequence[Said], calibrated: Callable[[Iterable[str]], Calibration], false_alarm: float) -> _Heard:
    """Weigh the kinds that speak of a sample together; what was not asked must not count as silence: headers that are
    not there, a walk that was not looked for.
    """
    kinds, labels = [one.kind for one in said], sorted({label for one in said for label in one.labels})
    place = {label: column for column, label in enumerate(labels)}
    bits = np.full((len(said), len(said[0].bits), len(labels)), np.nan)
    for kind, one in enumerate(said):
        bits[kind, :, [place[label] for label in one.labels]] = one.bits.T
    mute = np.isnan(bits).all(axis=2) & np.isin(kinds, PROOFS)[:, None]
    unknown, needed = np.empty(bits.shape[1]), np.zeros((bits.shape[1], len(labels) + 1))
    for silent in np.unique(mute, axis=1).T:
        rows = (mute == silent[:, None]).all(axis=0)
        calibration = calibrated([kind for kind, absent in zip(kinds, silent, strict=True) if not absent])
        bits[:, rows] = weighed(bits[:, rows], kinds, calibration)
        unknown[rows] = calibration.unknown
        needed[rows, :-1] = [calibration.threshold(label, false_alarm) for label in labels]
    return _Heard(said, place, bits, unknown, needed)


def _doubted(heard: _Heard, chosen: NDArray[np.int64]) -> list[bool]:
    """Of which samples a kind may speak for another tool than the `chosen` (S,), or against it."""
    kinds, own = np.array([one.kind for one in heard.said]), np.arange(len(heard.place)) == chosen[:, None]
    with np.errstate(invalid="ignore"):
        against = (heard.bits[np.isin(kinds, list(SAYS))] >= STRONG_BITS) & ~own
        lacking = (heard.bits[np.isin(kinds, PROOFS)] < 0) & own
    doubted: list[bool] = (against.any(axis=(0, 2)) | lacking.any(axis=(0, 2))).tolist()
    return doubted


def _worded(
    heard: _Heard, row: int, chosen: int, second: int, confidence: float, margin: float, doubted: bool
) -> Decision:
    """The decision on one sample: only here are findings put into words."""
    names = [*heard.place, UNKNOWN]
    own = sorted(_findings(heard, row, names[chosen]), key=lambda finding: -finding.bits)
    return Decision(
        names[chosen],
        next((one.why.version for one in own if one.why.version and one.bits > 0), None),
        confidence,
        margin,
        tuple(own) or _nothing_better(heard, row),
        names[second],
        _contradiction(names[chosen], _findings(heard, row, names[chosen], STRONG_BITS)) if doubted else "",
    )


def _findings(heard: _Heard, row: int, label: str, least: float = inf) -> list[Finding]:
    """What is said of a label, and of others with so many bits at least, kind by kind."""
    found = []
    for one, bits in zip(heard.said, heard.bits[:, row].tolist(), strict=True):
        for column, name in enumerate(one.labels):
            weighty = bits[heard.place[name]]
            if weighty >= least or (name == label and not isnan(weighty)):
                found.append(Finding(one.kind, name, weighty, one.why(row, column)))
    return found


def _nothing_better(heard: _Heard, row: int) -> tuple[Finding, ...]:
    """For unknown: the best finding of each kind, which was not enough."""
    best = []
    for one, bits in sorted(zip(heard.said, heard.bits[:, row].tolist(), strict=True), key=lambda its: its[0].kind):
        spoken = [(bits[heard.place[name]], -column) for column, name in enumerate(one.labels)]
        weighty, column = max((its for its in spoken if not isnan(its[0])), default=(0.0, 1))
        if column <= 0:
            best.append(Finding(one.kind, one.labels[-column], weighty, one.why(row, -column)))
    return tuple(best)


def _contradiction(label: str, findings: list[Finding]) -> str:
    """What speaks strongly for another tool than `label`, beside what speaks most for it."""
    against = [f for f in findings if f.label != label and f.kind in SAYS and f.bits >= STRONG_BITS]
    own = [f for f in findings if f.label == label and f.kind in SAYS and f.bits > 0]
    lacking = [f for f in findings if f.label == label and f.kind in PROOFS and f.bits < 0]
    if label == UNKNOWN:
        return "; ".join(f"{SAYS[f.kind]} {f.label}, other evidence denies it" for f in against)
    other = [f"{SAYS[f.kind]} {f.label}" for f in against if not any(f.kind == mine.kind for mine in own)]
    if not other and not (own and lacking):
        return ""
    best = max(own, key=lambda finding: finding.bits, default=None)
    mine = f"{SAYS[best.kind]} {label}" if best else f"the sum of the evidence is for {label}"
    return "; ".join([*other, mine] if other else [mine, *(f"but {f.why.reason}" for f in lacking)])
