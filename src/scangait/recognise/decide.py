"""The decision: findings of independent kinds of evidence are added up, label by label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from scangait.evidence.finding import Finding

UNKNOWN: Final = "unknown"
UNKNOWN_BITS: Final = 3.0
"""How much better than chance a label must be before it is named: chance stands for all unknown tools."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The best `label`, its `confidence` among all labels and unknown, the bits to the runner-up, and why."""

    label: str
    version: str | None
    confidence: float
    margin: float
    findings: tuple[Finding, ...]


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
    return Decision(label, version, float(1 / weight.sum()), margin, why)


def _nothing_better(findings: list[Finding]) -> tuple[Finding, ...]:
    """For unknown: the best finding of each kind, which was not enough."""
    kinds = sorted({finding.kind for finding in findings})
    return tuple(max((f for f in findings if f.kind == kind), key=lambda f: f.bits) for kind in kinds)
