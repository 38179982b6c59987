"""Methods side by side on one data set: each movement, a mixture without the chain, each kind of evidence, and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np

from scangait.engine import Engine, Serial
from scangait.errors import SampleError
from scangait.evidence import movement
from scangait.evidence.case import Case
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import CHANCE, Library
from scangait.gait.samples import Sample, samples
from scangait.gait.streams import by_label
from scangait.model.hmm import HMM
from scangait.probes import Probes, in_time_order, take
from scangait.recipe import MOVEMENTS, Movement, Recipe
from scangait.recognise.confusion import confusion
from scangait.recognise.decide import UNKNOWN
from scangait.recognise.evaluate import LEARN_SHARE, TEST_SHARE, common_ports, sliced
from scangait.recognise.judged import decisions_for
from scangait.recognise.learn import learn
from scangait.recognise.results import MethodRow, ReliabilityRow
from scangait.telescope import Telescope

METHODS: Final = (*MOVEMENTS, "mixture", "intensity", "coverage", "signature", "walk", "all")
"""What can be set side by side; "mixture" is the joint movements without the chain."""
ALL: Final = tuple(kind for kind in KINDS if kind != "sources")
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """The `methods` with their scores, and the `reliability` of the confidence of all of them together."""

    methods: tuple[MethodRow, ...]
    reliability: tuple[ReliabilityRow, ...]


def compare(
    probes: Probes,
    scope: Telescope,
    methods: Sequence[str] = METHODS,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    learn_share: float = LEARN_SHARE,
    test_share: float = TEST_SHARE,
    engine: Engine | None = None,
) -> Comparison:
    """Learn on one slice of each (label, port), ask every method about another.

    Raises ValueError for an unknown method, SampleError where nothing is left to learn from or to test.
    """
    unknown = sorted(set(methods) - set(METHODS))
    if unknown:
        raise ValueError(f"no such method: {', '.join(unknown)}; choose from {', '.join(METHODS)}")
    if probes.label is None:
        raise SampleError("evaluate: no probe has a label; label them first with `scangait label`")
    probes = in_time_order(take(probes, probes.label != ""))
    learning, testing = sliced(probes, common_ports(probes), np.random.default_rng(seed), learn_share, test_share)
    own = replace(recipe or Recipe(), drop_short_samples=False)
    tested = samples(testing, by_label(testing), scope, own)
    if not tested:
        raise SampleError("evaluate: no sample is left to test with; give more probes or a larger test share")
    run = engine or Serial()
    learned: dict[Movement, Library] = {}
    rows, told = [], cast("tuple[ReliabilityRow, ...]", ())
    for method in methods:
        kind = method if method in MOVEMENTS else "joint"
        if kind not in learned:
            learned[kind] = learn(learning, scope, replace(own, movement=kind), engine=run)
        case = Case(testing, tested, scope, learned[kind], engine=run)
        if method in MOVEMENTS or method == "mixture":
            said = _by_gait(case, chain=method != "mixture")
        else:
            kinds = ALL if method == "all" else (method,)
            decisions = decisions_for(case, kinds, calibrated_by=Library.bundled())
            said = [one.label if one.label != UNKNOWN else one.next for one in decisions]
            if method == "all":
                right = [one.label == sample.label for one, sample in zip(decisions, tested, strict=True)]
                told = reliability([one.confidence for one in decisions], right)
        rows.append(_row(method, said, tested))
    return Comparison(tuple(rows), told)


def _by_gait(case: Case, *, chain: bool) -> list[str]:
    """The label under whose candidates each sample is most likely, with the chain of states or without it."""
    candidates = [
        one if chain else replace(one, model=_unchained(one.model))
        for one in case.library.candidates
        if one.label != CHANCE
    ]
    fit = movement.per_movement(case.samples, candidates, case.scope.size, case.library.recipe, case.engine)
    names, best = movement.best_by_label(fit, candidates)
    return [names[index] for index in best.argmax(axis=1).tolist()]


def _unchained(model: HMM) -> HMM:
    """The mixture of the states as often as the chain visits them: what is left when their order is forgotten."""
    often = np.linalg.matrix_power(model.transition, 2**10)[0]
    often = often / often.sum()
    return replace(model, start=often, transition=np.tile(often, (len(often), 1)))


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> tuple[ReliabilityRow, ...]:
    """How often answers (N,) were right beside how sure they were, in tenths of confidence."""
    sure, hit = np.array(confidence), np.array(right, np.float64)
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    return tuple(
        ReliabilityRow(
            confidence=float(sure[place == index].mean()),
            right=float(hit[place == index].mean()),
            count=int((place == index).sum()),
        )
        for index in np.unique(place).tolist()
    )


def calibration_error(rows: Sequence[ReliabilityRow]) -> float:
    """Expected calibration error: the mean gap between confidence and being right (Naeini et al. 2015)."""
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.confidence - row.right) for row in rows) / max(total, 1)


def _row(method: str, said: list[str], tested: list[Sample]) -> MethodRow:
    counted = confusion([sample.label for sample in tested], said)
    return MethodRow(
        method=method,
        samples=len(tested),
        accuracy=counted.accuracy,
        balanced_accuracy=counted.balanced_accuracy,
        mcc=counted.mcc,
    )
