"""The decision: findings of independent kinds of evidence are weighed and added up, label by label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scangait.evidence.calibration import Calibration, weighed
from scangait.evidence.finding import Finding

UNKNOWN: Final = "unknown"
FALSE_ALARM: Final = 0.01
"""Share of the scans by tools that the library does not know which are named all the same, at most."""
STRONG_BITS: Final = 4.0
"""Evidence of so many bits for another tool contradicts a verdict."""
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


def decide(findings: Iterable[Finding], calibration: Calibration, false_alarm: float = FALSE_ALARM) -> Decision:
    """Add the bits of each label and name the best, or unknown where that many bits are not rare among strangers.

    At a `false_alarm` rate of 1 the best is always named, as the paper does.
    """
    heard = weighed(findings, calibration)
    total: dict[str, float] = defaultdict(float)
    for finding in heard:
        total[finding.label] += finding.bits
    ranked = sorted(total, key=lambda label: (-total[label], label))
    total[UNKNOWN] = calibration.unknown
    weight = {label: 2.0 ** min(bits - calibration.unknown, 500.0) for label, bits in total.items()}
    best = ranked[0] if ranked else UNKNOWN
    enough = total[best] - total[UNKNOWN] >= calibration.threshold(best, false_alarm)
    label = best if enough or false_alarm >= 1 else UNKNOWN
    others = [other for other in (*ranked[:2], UNKNOWN) if other != label]
    second = max(others, key=lambda other: total[other], default=UNKNOWN)
    own = sorted((finding for finding in heard if finding.label == label), key=lambda finding: -finding.bits)
    return Decision(
        label,
        next((finding.version for finding in own if finding.version and finding.bits > 0), None),
        weight[label] / sum(weight.values()),
        total[label] - total[second] if second != label else 0.0,
        tuple(own) if label != UNKNOWN else _nothing_better(heard),
        second,
        _contradiction(label, heard),
    )


def _nothing_better(findings: list[Finding]) -> tuple[Finding, ...]:
    """For unknown: the best finding of each kind, which was not enough."""
    kinds = sorted({finding.kind for finding in findings})
    return tuple(max((f for f in findings if f.kind == kind), key=lambda f: f.bits) for kind in kinds)


def _contradiction(label: str, findings: list[Finding]) -> str:
    """What speaks strongly for another tool than `label`, beside what speaks most for it."""
    against = [f for f in findings if f.label != label and f.kind in SAYS and f.bits >= STRONG_BITS]
    own = [f for f in findings if f.label == label and f.kind in SAYS and f.bits > 0]
    lacking = [f for f in findings if f.label == label and f.kind in {"signature", "walk"} and f.bits < 0]
    if label == UNKNOWN:
        return "; ".join(f"{SAYS[f.kind]} {f.label}, other evidence denies it" for f in against)
    other = [f"{SAYS[f.kind]} {f.label}" for f in against if not any(f.kind == mine.kind for mine in own)]
    if not other and not (own and lacking):
        return ""
    best = max(own, key=lambda finding: finding.bits, default=None)
    mine = f"{SAYS[best.kind]} {label}" if best else f"the sum of the evidence is for {label}"
    return "; ".join([*other, mine] if other else [mine, *(f"but {f.reason}" for f in lacking)])
