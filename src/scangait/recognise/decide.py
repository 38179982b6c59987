"""The decision: findings of independent kinds of evidence are added up, label by label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from scangait.evidence.finding import Finding

UNKNOWN: Final = "unknown"
UNKNOWN_BITS: Final = 2.0
"""How much better than chance a label must be before it is named: chance stands for all unknown tools."""
STRONG_BITS: Final = 6.0
"""Evidence of so many bits for another tool contradicts a verdict."""
SAYS: Final = {"signature": "headers say", "walk": "the order is the walk of", "movement": "the gait is that of"}


@dataclass(frozen=True, slots=True)
class Decision:
    """The best `label`, its `confidence` among all labels and unknown, the bits to the runner-up, and why.

    `contradiction` says in words what speaks for another tool, "" where nothing does.
    """

    label: str
    version: str | None
    confidence: float
    margin: float
    findings: tuple[Finding, ...]
    contradiction: str = ""


def decide(findings: list[Finding], *, allow_unknown: bool = True) -> Decision:
    """Add the bits of each label and name the best, or unknown when none is much better than chance."""
    total: dict[str, float] = defaultdict(float)
    for finding in findings:
        total[finding.label] += finding.bits
    if allow_unknown or not total:
        total[UNKNOWN] = UNKNOWN_BITS
    ranked = sorted(total, key=lambda label: (-total[label], label))
    bits = np.array([total[label] for label in ranked])
    weight = np.exp2(bits - bits[0])
    label = ranked[0]
    margin = float(bits[0] - bits[1]) if len(bits) > 1 else float(bits[0])
    own = sorted((finding for finding in findings if finding.label == label), key=lambda finding: -finding.bits)
    version = next((finding.version for finding in own if finding.version), None)
    why = tuple(own) if label != UNKNOWN else _nothing_better(findings)
    return Decision(label, version, float(1 / weight.sum()), margin, why, _contradiction(label, findings))


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
