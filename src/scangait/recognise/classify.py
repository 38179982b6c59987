"""Classification: probes and a library in, verdicts out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from ipaddress import IPv4Address
from typing import Final

import numpy as np

from scangait.capture import Batch
from scangait.engine import Engine, Serial
from scangait.errors import SampleError, TelescopeError
from scangait.evidence import movement
from scangait.evidence.case import Case
from scangait.evidence.forecast import forecast
from scangait.evidence.ground import Line
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import Library
from scangait.gait.movements import movements
from scangait.gait.runs import runs
from scangait.gait.samples import NANOSECOND, Sample, samples
from scangait.gait.streams import by_source
from scangait.model.viterbi import viterbi
from scangait.probes import ICMP, TCP, Probes, take
from scangait.recognise.asked import EVERYTHING, Asked
from scangait.recognise.campaigns import campaigns
from scangait.recognise.decide import FALSE_ALARM, Decision, decide
from scangait.recognise.joined import joined
from scangait.recognise.results import Campaign, Evidence, Expected, Identification, Trail, Verdict, Walk
from scangait.recognise.unmix import unmixed
from scangait.telescope import Telescope, address, infer, position

TRAILS: Final = 12
TRAIL_POINTS: Final = 3000
SOURCES_NAMED: Final = 20
LIKE: Final = 4
"""A library fits telescopes up to so many times smaller or larger than the one it was learned for."""


def identify(
    probes: Probes,
    library: Library,
    scope: Telescope | None = None,
    *,
    evidence: Iterable[str] = KINDS,
    engine: Engine | None = None,
    predict: int = 0,
    asked: Asked | None = None,
) -> list[Verdict]:
    """One verdict for each scan found in the probes, the largest scan first.

    The telescope is inferred when it is not given. `asked` says more than `evidence` and `predict` do, and replaces
    them. Raises TelescopeError when no probe falls into the telescope.
    """
    scope = scope or infer(probes.dst)
    found, _ = _verdicts(probes, library, scope, asked or Asked(tuple(evidence), predict=predict), engine or Serial())
    return [verdict for verdict, _, _ in found]


def report(
    batch: Batch,
    library: Library,
    scope: Telescope | None,
    inputs: tuple[str, ...],
    asked: Asked = EVERYTHING,
) -> Identification:
    """Verdicts with everything that a page needs around them. Raises SampleError for a capture without probes."""
    probes, tally = batch.probes, batch.tally
    if not len(probes):
        seen = ", ".join(f"{count} {kind}" for kind, count in tally.counts.items() if count) or "no packets"
        raise SampleError(f"{', '.join(inputs)}: no probe to identify (saw {seen}); is this a darknet's traffic?")
    scope = scope or infer(probes.dst)
    found, together = _verdicts(probes, library, scope, asked, Serial())
    streams = by_source(probes)
    return Identification(
        inputs=inputs,
        telescope=str(scope),
        telescope_size=scope.size,
        telescope_inferred=scope.inferred,
        library=library.provenance,
        counts=dict(tally.counts),
        warnings=(*tally.warnings, *_backwards(tally.out_of_order), *_unlike(scope, library)),
        verdicts=tuple(verdict for verdict, _, _ in found),
        too_short=len(streams.ends) - len({(verdict.sources, verdict.ports) for verdict, _, _ in found}),
        trails=tuple(_trail(verdict, sample, library, scope.size) for verdict, sample, _ in found[:TRAILS]),
        campaigns=together,
    )


def _backwards(count: int) -> tuple[str, ...]:
    return (f"{count} times went backwards; the probes were sorted",) if count else ()


def _unlike(scope: Telescope, library: Library) -> tuple[str, ...]:
    """Steps and gaps scale with the size of a telescope: a library fits telescopes of about its own."""
    if scope.inferred or 1 / LIKE <= scope.size / library.size <= LIKE:
        return ()
    sizes = f"the library was learned for a telescope of {library.size} addresses, this one has {scope.size}"
    return (f"{sizes}; better learn one for it: scangait learn --simulate --telescope PREFIXES -o mine.json",)


def _verdicts(
    probes: Probes, library: Library, scope: Telescope, asked: Asked, engine: Engine
) -> tuple[list[tuple[Verdict, Sample, Decision]], tuple[Campaign, ...]]:
    """Verdicts with what they were made from, the largest scan first, and the campaigns among them."""
    if not np.any(position(scope, probes.dst) >= 0):
        raise TelescopeError(f"telescope {scope}: none of the {len(probes)} probes falls into it; check --telescope")
    streams, single = runs(probes, by_source(probes), scope, library.recipe), []
    for start, end in itertools.pairwise([0, *streams.ends.tolist()]):
        if end - start > library.recipe.min_movements:
            members = streams.order[start:end]
            said = judged(take(probes, members), library, scope, asked, engine=engine)
            single += [
                (verdict, replace(sample, members=members[sample.members]), one) for verdict, sample, one in said
            ]
    found, decisions = [sample for _, sample, _ in single], [decision for _, _, decision in single]
    verdicts, together = joined(
        campaigns(probes, scope, found, [_line(one) for one in decisions], asked.blocked),
        [verdict for verdict, _, _ in single],
    )
    entries = zip(verdicts, found, decisions, strict=True)
    return sorted(entries, key=lambda entry: (-entry[0].probes, entry[0].first_ns, entry[0].scan)), together


def judged(
    run: Probes,
    library: Library,
    scope: Telescope,
    asked: Asked = EVERYTHING,
    *,
    engine: Engine | None = None,
) -> list[tuple[Verdict, Sample, Decision]]:
    """The scans in one run of one stream (`gait.runs`), in time order: nothing else has a say in their verdicts.

    This is all that `identify` says of a run, and all that `watch` says of it while it grows and when it is over.
    """
    found = unmixed(samples(run, by_source(run), scope, library.recipe), run, scope, asked.blocked)
    case = Case(run, found, scope, library, asked.blocked, asked.listed, engine or Serial())
    decisions = decisions_for(case, asked.evidence, asked.false_alarm)
    return [
        (_verdict(sample, one, run, scope, asked.predict), sample, one)
        for sample, one in zip(found, decisions, strict=True)
    ]


def decisions_for(
    case: Case,
    evidence: Iterable[str] = KINDS,
    false_alarm: float = FALSE_ALARM,
    calibrated_by: Library | None = None,
) -> Iterator[Decision]:
    """Decide each sample by the chosen kinds of evidence, weighed as another library says where one is given."""
    weighing = calibrated_by or case.library
    spoken = {kind: KINDS[kind](case) for kind in evidence}
    for index in range(len(case.samples)):
        findings = [finding for said in spoken.values() for finding in said[index]]
        # what was not asked must not count as silence: headers that are not there, a walk that was not looked for
        mute = {kind for kind in ("signature", "walk") if kind in spoken and not spoken[kind][index]}
        yield decide(findings, weighing.calibration(set(spoken) - mute), false_alarm)


def _verdict(sample: Sample, decision: Decision, probes: Probes, scope: Telescope, predict: int) -> Verdict:
    sources = np.unique(probes.src[sample.members])
    proto = int(probes.proto[sample.members[0]])
    first_ns, last_ns = int(sample.time_ns[0]), int(sample.time_ns[-1])
    addresses = len(np.unique(sample.place))
    rate = (len(sample.members) - 1) / max((last_ns - first_ns) * NANOSECOND, NANOSECOND)
    identity = f"{sources.tolist()} {sample.port} {proto} {first_ns}"
    return Verdict(
        scan=blake2b(identity.encode(), digest_size=8).hexdigest(),
        label=decision.label,
        version=decision.version,
        confidence=decision.confidence,
        margin=decision.margin,
        next=decision.next,
        evidence=tuple(Evidence(kind=f.kind, bits=f.bits, reason=f.reason) for f in decision.findings),
        sources=tuple(str(IPv4Address(int(source))) for source in sources[:SOURCES_NAMED]),
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


def _line(decision: Decision) -> Line | None:
    """The walk that was proven, if one was."""
    return next((finding.line for finding in decision.findings if finding.line), None)


def _walk(sample: Sample, decision: Decision, scope: Telescope, predict: int) -> Walk | None:
    """The facts of the walk that was proven, with the next `predict` probes; None where there is none."""
    line = _line(decision)
    if line is None:
        return None
    ahead = forecast(line, (sample.time_ns - sample.time_ns[0]) * NANOSECOND, address(scope, sample.place), scope)
    if ahead is None:
        return None
    begun = int(sample.time_ns[0])
    coming = address(scope, ahead.place[:predict]).tolist()
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
            Expected(address=str(IPv4Address(one)), time_ns=begun + int(at * 1e9))
            for one, at in zip(coming, ahead.at_s.tolist(), strict=False)
        ),
    )


def _trail(verdict: Verdict, sample: Sample, library: Library, size: int) -> Trail:
    """The first probes of a scan with the states that the best candidate of its label gives them."""
    count = min(len(sample.members), TRAIL_POINTS)
    seconds = (sample.time_ns[:count] - sample.time_ns[0]) * NANOSECOND
    own = [candidate for candidate in library.candidates if candidate.label == verdict.label]
    states = np.full(count, -1)
    names: tuple[str, ...] = ()
    if own:
        fit = movement.per_movement([sample], own, size, library.recipe, Serial())[0]
        model = own[int(np.argmax(fit))].model
        path = viterbi(movements(sample, size, library.recipe), model)
        steps = np.flatnonzero(~sample.broken)
        inside = steps < count - 1
        states[steps[inside] + 1] = path[inside]
        names = tuple(f"state {index + 1}" for index in range(len(model.start)))
    return Trail(
        scan=verdict.scan,
        seconds=tuple(seconds.tolist()),
        positions=tuple(sample.place[:count].tolist()),
        states=tuple(states.tolist()),
        state_names=names,
    )
