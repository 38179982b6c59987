"""Watch: probes as they come, verdicts as soon as the evidence allows.

What is said depends on the probes and their order alone, not on how they were cut into batches or on any clock but
theirs: so a watch that goes on from an old state says everything behind it again, word for word.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from scangait.evidence.library import Library
from scangait.gait.samples import NANOSECOND, silence, silences
from scangait.probes import Probes, take
from scangait.recognise.asked import Asked
from scangait.recognise.decide import UNKNOWN
from scangait.recognise.judged import judged
from scangait.recognise.live.arena import Arena, keys_of, sized
from scangait.recognise.live.scan import Event, Said, Stream, lengthened, marked
from scangait.recognise.live.table import FULL
from scangait.recognise.live.together import MOST, since, together
from scangait.recognise.results import Verdict
from scangait.telescope import Telescope, position

KINDS: Final = ("movement", "intensity", "coverage", "signature", "walk")
SURE: Final = 0.9
KEEP: Final = 1 << 16
"""Probes of one run that are kept; what comes then is counted."""
UNNAMED: Final = 128
"""Probes after which a scan by an unknown tool is news."""
SWEEP_NS: Final = 60 * 10**9
"""Time of the capture between two looks for scans that are over."""
SLACK_NS: Final = 10 * 10**9
"""Probes that are late by less than this still find their scan open."""
CERTAIN: Final = 0.999


class Watch:
    """Follows every stream that the telescope `scope` sees, within `memory` bytes.

    A scan is opened when its tool is named with the confidence `sure`, or after UNNAMED probes without a name.
    """

    def __init__(
        self,
        library: Library,
        scope: Telescope,
        *,
        memory: int = 1 << 29,
        sure: float = SURE,
        evidence: tuple[str, ...] = KINDS,
        keep: int = KEEP,
    ) -> None:
        self.library, self.scope, self.sure, self.evidence = library, scope, sure, evidence
        self.least = library.recipe.min_movements + 1
        self.arena = Arena(*sized(memory), keep, self.least)
        self.streams: dict[int, Stream] = {}
        self.next_sweep = 0
        self.missed = self.dropped = self.early = 0
        self._slots: NDArray[np.int64] | None = None
        self._events: list[Event] = []

    def take(self, probes: Probes) -> Iterator[Event]:
        """What these probes, the next in the order of the input, give cause to say."""
        place = position(self.scope, probes.dst)
        self.missed += int((place < 0).sum())
        probes, place = take(probes, place >= 0), place[place >= 0]
        key, begin = keys_of(probes), 0
        while begin < len(probes):
            end, what, kept = self.arena.take(probes, key, begin, self.next_sweep)
            self._long(key[begin:end], place[begin:end], kept[begin:end])
            if what == FULL:
                self.dropped += self.arena.make_room(self._evict, self._standing())
                self._slots = None
            elif what >= 0:
                self._look(what)
            elif end < len(probes):
                self._sweep(int(probes.time_ns[end]))
            begin = end
            yield from self._said()

    def idle(self, now_ns: int) -> Iterator[Event]:
        """What the time of the capture's clock gives cause to say while no probe comes."""
        if now_ns >= self.next_sweep:
            self._sweep(now_ns)
        yield from self._said()

    def would_close(self, now_ns: int) -> bool:
        """Whether there is a stream that `idle` would have to look at."""
        return now_ns >= self.next_sweep and bool(len(self._quiet(now_ns)))

    def finish(self) -> Iterator[Event]:
        """Close everything: no more probes will come."""
        for slot in self._standing().tolist():
            self._look(slot, over=True)
            yield from self._said()
        self.arena.clear()

    def open(self) -> list[tuple[Verdict, bool, int]]:
        """The last verdict on each scan that is being followed, whether it was opened, and after how many probes."""
        said = [one for stream in self.streams.values() for one in stream.said.values()]
        return [(one.verdict, one.opened, one.needed) for one in said]

    def _said(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _standing(self) -> NDArray[np.int64]:
        """The slots of the streams about which something can be said."""
        if self._slots is None:
            self._slots = np.array([self.arena.slot(key) for key in self.streams], np.int64)
        return self._slots

    def _sweep(self, now_ns: int) -> None:
        """Look at the streams that have been quiet for long."""
        self.next_sweep = now_ns + SWEEP_NS
        for slot in self._quiet(now_ns).tolist():
            self._look(slot, now_ns=now_ns)
        self._compare()

    def _compare(self) -> None:
        """Say which of the open scans of a port are one campaign, when there are new ones among them."""
        open_ = [
            (one, key) for key, stream in self.streams.items() for one in stream.said.values() if one.opened
        ]  # fmt: skip
        fresh = {(one.verdict.protocol, one.verdict.ports) for one, _ in open_ if not one.compared}
        open_ = [pair for pair in open_ if (pair[0].verdict.protocol, pair[0].verdict.ports) in fresh]
        if len(open_) < 2:
            return
        newest = sorted(open_, key=lambda pair: (-pair[0].verdict.first_ns, pair[0].verdict.scan))[:MOST]
        runs = [
            (one.verdict, since(self.arena.probes(self.arena.slot(key))[1], one.verdict.first_ns))
            for one, key in newest
        ]
        for (one, _), verdict in zip(newest, together(runs, self.scope), strict=True):
            one.compared = True
            if verdict.campaign != one.verdict.campaign:
                one.verdict = verdict
                self._say("changed", one)

    def _quiet(self, now_ns: int) -> NDArray[np.int64]:
        slots = self._standing()
        wake_ns = np.array([stream.wake_ns for stream in self.streams.values()], np.int64)
        pause_ns = min(self.library.recipe.longest_pause_s * 1e9, 2**62)
        since = np.maximum(self.arena.slots["last_ns"][slots] + int(pause_ns), wake_ns) + SLACK_NS
        return slots[now_ns > since] if pause_ns < 2**62 else slots[:0]

    def _evict(self, slots: NDArray[np.int64]) -> None:
        for slot in slots.tolist():
            self._look(slot, over=True, early=True)
            self.early += 1

    def _long(self, key: NDArray[np.uint64], place: NDArray[np.int64], kept: NDArray[np.bool_]) -> None:
        """Note where the probes went of which there are too many to keep."""
        if kept.all():
            return
        key, place = key[~kept], place[~kept]
        for one in np.unique(key).tolist():
            marked(self.streams[one], place[key == one], self.scope.size)

    def _look(self, slot: int, now_ns: int | None = None, *, over: bool = False, early: bool = False) -> None:
        """Judge the runs of one stream; those that are over are closed and their probes forgotten."""
        recipe, key = self.library.recipe, int(self.arena.keys[slot])
        stream = self._stream(key)
        rows, probes = self.arena.probes(slot)
        gaps = np.diff(probes.time_ns) * NANOSECOND
        starts = [0, *(silences(gaps, recipe) + 1).tolist(), len(rows)]
        for start, end in itertools.pairwise(starts[:-1]):
            if end - start >= self.least:
                self._close(stream, take(probes, slice(start, end)))
        start = starts[-2]
        if start:
            self.arena.keep_only(slot, rows[start:])
        if len(rows) - start < self.least:
            self._forget(key)
            return
        last_ns = int(self.arena.slots["last_ns"][slot])
        stream.wake_ns = last_ns + int(min(silence(gaps[start:], recipe), 2**32) * 1e9)
        run = take(probes, slice(start, None))
        if over or (now_ns is not None and now_ns > stream.wake_ns + SLACK_NS):
            self._close(stream, run, slot, early=early)
            self.arena.keep_only(slot, rows[:0])
            self._forget(key)
        elif now_ns is None or start:
            self._grow(stream, run, slot)

    def _stream(self, key: int) -> Stream:
        if key not in self.streams:
            self.streams[key], self._slots = Stream(key, {}), None
        return self.streams[key]

    def _forget(self, key: int) -> None:
        """Follow a stream no longer: nothing can be said of it until it has more probes."""
        del self.streams[key]
        self._slots = None

    def _judge(self, stream: Stream, run: Probes, slot: int | None) -> list[Verdict]:
        """What `identify` says of this run; a long one with the facts of all its probes."""
        found = judged(run, np.array([len(run)]), self.library, self.scope, Asked(tuple(self.evidence)))
        more = 0 if slot is None else int(self.arena.slots["count"][slot] - self.arena.slots["held"][slot])
        if more and found:
            newest = max(range(len(found)), key=lambda index: found[index].verdict.last_ns)
            one, last_ns = found[newest], int(self.arena.slots["last_ns"][slot])
            longer = lengthened(one.verdict, stream, more, last_ns, one.sample.place, self.scope.size)
            found[newest] = one._replace(verdict=longer)
        return [one.verdict for one in found]

    def _grow(self, stream: Stream, run: Probes, slot: int) -> None:
        """Judge a run that goes on, and say when to look again."""
        sure, before = True, stream.said
        stream.said = {scan: one for scan, one in before.items() if one.opened}
        for verdict in self._judge(stream, run, slot):
            one = stream.said[verdict.scan] = before.get(verdict.scan) or Said(verdict)
            sure &= self._news(one, verdict, first=verdict.first_ns == run.time_ns[0])
        held = len(run)
        due = min(held + max(3, held if sure else held // 2), self.arena.keep)
        self.arena.slots["due"][slot] = due if held < self.arena.keep else -1

    def _news(self, one: Said, verdict: Verdict, *, first: bool) -> bool:
        """Say what is new about a scan; whether there is little left to learn.

        A second scan in one run has to be there twice: of few probes, some often look like a run of their own.
        """
        last, one.looks = one.verdict, one.looks + 1
        one.verdict = verdict = replace(verdict, campaign=last.campaign)
        named = self._named(one)
        if not one.opened and (first or one.looks > 1):
            self._open(one, named=named)
        elif one.opened and verdict.label != last.label and named:
            self._say("changed", one)
        elif one.opened and verdict.label != last.label:
            one.verdict = last  # it keeps the name that was said until another is as sure
        return named and verdict.confidence >= CERTAIN

    def _named(self, one: Said) -> bool:
        """Whether the tool is named with enough confidence; the first time, after how many probes is noted."""
        named = one.verdict.label != UNKNOWN and one.verdict.confidence >= self.sure
        if named and not one.needed:
            one.needed = one.verdict.probes
        return named

    def _open(self, one: Said, *, named: bool) -> None:
        if not one.opened and (named or one.verdict.probes >= UNNAMED):
            one.opened = True
            self._say("opened", one)

    def _close(self, stream: Stream, run: Probes, slot: int | None = None, *, early: bool = False) -> None:
        """The last word on a run, which is that of `identify`."""
        for verdict in self._judge(stream, run, slot):
            one = stream.said.pop(verdict.scan, None) or Said(verdict)
            one.verdict = replace(verdict, campaign=one.verdict.campaign)
            self._open(one, named=self._named(one))
            self._say("closed", one, early=early)
        for gone in stream.said.values():
            if gone.opened:
                self._say("closed", gone, withdrawn=True)
        stream.said, stream.seen = {}, b""

    def _say(
        self, kind: Literal["opened", "changed", "closed"], one: Said, *, early: bool = False, withdrawn: bool = False
    ) -> None:
        self._events.append(
            Event(kind, one.verdict, self.arena.clock_ns, one.needed, early, withdrawn, quiet=not one.opened)
        )
