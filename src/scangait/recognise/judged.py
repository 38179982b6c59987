"""Judgement: runs of probes in, the verdict on each scan in them out."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scangait.engine import Engine, Serial
from scangait.evidence.case import Case
from scangait.evidence.forecast import forecast
from scangait.evidence.ground import Line
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import Library
from scangait.evidence.marks import marks
from scangait.evidence.walk import SETTLED
from scangait.gait.addresses import distinct
from scangait.gait.samples import NANOSECOND, Sample, samples
from scangait.gait.streams import Streams
from scangait.probes import ICMP, TCP, Probes, without_headers
from scangait.recognise.asked import EVERYTHING, Asked
from scangait.recognise.decide import FALSE_ALARM, Decision, decide
from scangait.recognise.results import Evidence, Expected, Verdict, Walk
from scangait.recognise.unmix import unmixed
from scangait.telescope import Telescope, address, dotted

SOURCES_NAMED: Final = 20


class Judgement(NamedTuple):
    """What is said of one scan: the `verdict`, its probes, and the walk `line` that was proven, if one was; `settled`
    says that cheap evidence excludes a walk.
    """

    verdict: Verdict
    sample: Sample
    line: Line | None
    settled: bool


def judged(
    probes: Probes,
    ends: NDArray[np.int64],
    library: Library,
    scope: Telescope,
    asked: Asked = EVERYTHING,
    *,
    engine: Engine | None = None,
) -> list[Judgement]:
    """The scans in the runs (`gait.runs`) of which the probes consist, run after run and each in time order.

    `ends` (R,) are the exclusive ends of the runs; nothing else than a run has a say in the verdicts on it. This is all
    that `identify` says of runs, and all that `watch` says of one while it grows and when it is over.
    """
    if "signature" not in asked.evidence:
        probes = without_headers(probes)
    number = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    cut = samples(probes, Streams(np.arange(len(probes)), ends), scope, library.recipe)
    case = unmixed(
        Case(probes, cut, scope, library, asked.blocked, asked.listed, engine or Serial(), marks(probes, number))
    )
    decisions = decisions_for(case, asked.evidence, asked.false_alarm)
    return [
        Judgement(_verdict(sample, one, probes, scope, asked.predict), sample, proven(one), stages <= SETTLED)
        for sample, one, stages in zip(case.samples, decisions, case.depths, strict=True)
    ]


def decisions_for(
    case: Case,
    evidence: Iterable[str] = KINDS,
    false_alarm: float = FALSE_ALARM,
    calibrated_by: Library | None = None,
) -> list[Decision]:
    """Decide each sample by the chosen kinds of evidence, weighed as another library says where one is given."""
    said = [KINDS[kind](case) for kind in evidence]
    return decide(said, (calibrated_by or case.library).calibration, false_alarm)


def _verdict(sample: Sample, decision: Decision, probes: Probes, scope: Telescope, predict: int) -> Verdict:
    sources = probes.src[sample.members]
    sources = sources[:1] if (sources == sources[0]).all() else np.unique(sources)
    proto = int(probes.proto[sample.members[0]])
    first_ns, last_ns = int(sample.time_ns[0]), int(sample.time_ns[-1])
    addresses = distinct(sample.place)
    rate = (len(sample.members) - 1) / max((last_ns - first_ns) * NANOSECOND, NANOSECOND)
    identity = f"{sources.tolist()} {sample.port} {proto} {first_ns}"
    return Verdict(
        scan=blake2b(identity.encode(), digest_size=8).hexdigest(),
        label=decision.label,
        version=decision.version,
        confidence=decision.confidence,
        margin=decision.margin,
        next=decision.next,
        evidence=tuple(Evidence(kind=f.kind, bits=f.bits, reason=f.why.reason) for f in decision.findings),
        sources=tuple(dotted(source) for source in sources[:SOURCES_NAMED].tolist()),
        ports=(sample.port,),
        protocol={TCP: "tcp", ICMP: "icmp"}.get(proto, "udp"),
        first_ns=first_ns,
        last_ns=last_ns,
        probes=len(sample.members),
        addresses=addresses,
        coverage=addresses / scope.size,
        rate=rate,
        internet_rate=rate * 2**32 / scope.size,
        contradiction=decision.contradiction,
        walk=_walk(sample, decision, scope, predict),
    )


def proven(decision: Decision) -> Line | None:
    """The walk that was proven, if one was."""
    return next((finding.why.line for finding in decision.findings if finding.why.line), None)


def _walk(sample: Sample, decision: Decision, scope: Telescope, predict: int) -> Walk | None:
    """The facts of the walk that was proven, with the next `predict` probes; None where there is none."""
    line = proven(decision)
    if line is None:
        return None
    seconds = (sample.time_ns - sample.time_ns[0]) * NANOSECOND
    ahead = forecast(line, seconds, address(scope, sample.place), scope, predict)
    if ahead is None:
        return None
    begun = int(sample.time_ns[0])
    coming = address(scope, ahead.place).tolist()
    return Walk(
        over=line.ground.name,
        generator=line.generator,
        prime=line.ground.group.prime,
        threads=line.threads,
        rate=ahead.rate,
        loss=ahead.loss,
        start_ns=begun + int(ahead.start_s * 1e9),
        end_ns=begun + int(ahead.end_s * 1e9),
        progress=ahead.progress,
        expected=tuple(
            Expected(address=dotted(one), time_ns=begun + int(at * 1e9))
            for one, at in zip(coming, ahead.at_s.tolist(), strict=False)
        ),
    )
