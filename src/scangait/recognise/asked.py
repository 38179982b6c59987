"""What is asked of identification, beside the probes and the library."""

from __future__ import annotations

from dataclasses import dataclass

from scangait.evidence.kinds import KINDS
from scangait.evidence.listed import SourceList
from scangait.recognise.decide import FALSE_ALARM


@dataclass(frozen=True, slots=True)
class Asked:
    """Which kinds of `evidence` to listen to, the share `false_alarm` of unknown tools that may be named all the same,
    how many coming probes of each proven walk to `predict`, a block list (`blocked` prefixes) that scanners are known
    to keep to, and the user's list of known scanners.
    """

    evidence: tuple[str, ...] = tuple(KINDS)
    false_alarm: float = FALSE_ALARM
    predict: int = 0
    blocked: str = ""
    listed: SourceList | None = None


EVERYTHING = Asked()
