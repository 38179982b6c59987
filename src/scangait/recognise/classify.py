"""Classification: probes and a library in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from scangait.capture import Batch
from scangait.engine import Engine, Processes, Serial, uncollected
from scangait.errors import SampleError, TelescopeError
from scangait.evidence import movement
from scangait.evidence.ground import Line
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import Library
from scangait.gait.movements import movements
from scangait.gait.runs import blocks, gathered, runs
from scangait.gait.samples import NANOSECOND, Sample
from scangait.gait.streams import Streams, by_source
from scangait.model.viterbi import viterbi
from scangait.probes import Probes
from scangait.recognise.asked import EVERYTHING, Asked
from scangait.recognise.campaigns import campaigns
from scangait.recognise.joined import joined
from scangait.recognise.judged import Judgement, judged
from scangait.recognise.results import Campaign, Identification, Trail, Verdict
from scangait.telescope import Telescope, infer

TRAILS: Final = 12
TRAIL_POINTS: Final = 3000
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
    how = asked or Asked(tuple(evidence), predict=predict)
    found, _ = _verdicts(probes, by_source(probes), library, scope, how, engine or Serial())
    return [one.verdict for one in found]


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
    streams = by_source(probes)
    with uncollected():
        found, together = _verdicts(probes, streams, library, scope, asked, Processes())
    return Identification(
        inputs=inputs,
        telescope=str(scope),
        telescope_size=scope.size,
        telescope_inferred=scope.inferred,
        library=library.provenance,
        counts=dict(tally.counts),
        warnings=(*tally.warnings, *_backwards(tally.out_of_order), *_unlike(scope, library)),
        verdicts=tuple(one.verdict for one in found),
        too_short=len(streams.ends)
        - len({(verdict.sources, verdict.ports) for verdict in (one.verdict for one in found)}),
        trails=tuple(_trail(one.verdict, one.sample, library, scope.size) for one in found[:TRAILS]),
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
    probes: Probes, streams: Streams, library: Library, scope: Telescope, asked: Asked, engine: Engine
) -> tuple[list[Judgement], tuple[Campaign, ...]]:
    """What is said of each scan, the largest first, and the campaigns among them."""
    cut = runs(probes, streams, scope, library.recipe)
    if not len(cut.order):
        raise TelescopeError(f"telescope {scope}: none of the {len(probes)} probes falls into it; check --telescope")

    def block(part: Streams) -> _Sent:
        return _sent(judged(gathered(probes, part.order), part.ends, library, scope, asked), part.order)

    parts = blocks(cut, library.recipe.min_movements)
    single = [one for said in engine.map(block, parts) for one in _received(said)]
    found = campaigns(
        probes,
        scope,
        [one.sample for one in single],
        [one.line for one in single],
        asked.blocked,
        [one.settled for one in single],
        engine,
    )
    verdicts, together = joined(found, [one.verdict for one in single])
    entries = [one._replace(verdict=verdict) for one, verdict in zip(single, verdicts, strict=True)]
    return sorted(entries, key=lambda one: (-one.verdict.probes, one.verdict.first_ns, one.verdict.scan)), together


class _Sent(NamedTuple):
    """Judgements on a block as columns, which go between processes faster than objects do.

    `verdicts` are MessagePack; `members`, `place` and `time_ns` (N,) go sample after sample, with exclusive `ends`
    (S,), as `broken` (N - S,). Looking places and times up again would cost more than that they are sent.
    """

    verdicts: bytes
    members: NDArray[np.int64]
    place: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    ends: NDArray[np.int64]
    broken: NDArray[np.bool_]
    port: list[int]
    line: list[Line | None]
    settled: list[bool]


def _sent(said: list[Judgement], order: NDArray[np.int64]) -> _Sent:
    """Judgements on a block in which the probes are in this `order` (N,)."""
    samples, none = [one.sample for one in said], np.zeros(0, np.int64)
    return _Sent(
        msgspec.msgpack.encode([one.verdict for one in said]),
        order[np.concatenate([none, *(sample.members for sample in samples)])],
        np.concatenate([none, *(sample.place for sample in samples)]),
        np.concatenate([none, *(sample.time_ns for sample in samples)]),
        np.cumsum([len(sample.members) for sample in samples], dtype=np.int64),
        np.concatenate([none.astype(np.bool_), *(sample.broken for sample in samples)]),
        [sample.port for sample in samples],
        [one.line for one in said],
        [one.settled for one in said],
    )


def _received(sent: _Sent) -> Iterator[Judgement]:
    """The judgements on a block that were sent, whole again."""
    verdicts, start = _VERDICTS.decode(sent.verdicts), 0
    for row, (end, port, verdict, line, settled) in enumerate(
        zip(sent.ends.tolist(), sent.port, verdicts, sent.line, sent.settled, strict=True)
    ):
        its, broken = slice(start, end), sent.broken[start - row : end - row - 1]
        sample = Sample(sent.members[its], sent.place[its], sent.time_ns[its], broken, "", port)
        yield Judgement(verdict, sample, line, settled)
        start = end


_VERDICTS: Final = msgspec.msgpack.Decoder(list[Verdict])


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
        path = viterbi(movements([sample], size, library.recipe).x, model)
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
