"""One watch from its source to its outputs: reading, saying, keeping, showing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event as Flag
from typing import Final

from scangait.alert.alert import Alert
from scangait.alert.dispatch import Dispatcher
from scangait.alert.metrics import Metrics
from scangait.capture.batch import Batch
from scangait.capture.position import Position
from scangait.errors import OutputError
from scangait.recognise.live import checkpoint
from scangait.recognise.live.scan import Event
from scangait.recognise.live.watch import Watch
from scangait.show.live import Seen, Status

SHARE: Final = 20
"""A checkpoint that took a second is followed by so many seconds without one, at least."""
RECENT: Final = 50
"""Scans that are over and still shown."""


class Session:
    """Takes batches to the watch and its events to the outputs; `file` is the checkpoint, None for none.

    What is said is put before the checkpoint that names it is written, and a checkpoint says where to go on; a source
    that has no `way_back` gets one as soon as something was said. With `everything`, what is no news is said as well.
    `draw` is called at most twice a second.
    """

    def __init__(
        self,
        watch: Watch,
        dispatcher: Dispatcher,
        mark: checkpoint.Mark,
        file: Path | None,
        *,
        seconds: float,
        way_back: bool = True,
        everything: bool = False,
        log: Callable[[str], None],
        metrics: Metrics,
        draw: Callable[[Session], None] = lambda _: None,
    ) -> None:
        self.watch, self.dispatcher, self.file, self.seconds = watch, dispatcher, file, seconds
        self.log, self.metrics, self.draw = log, metrics, draw
        self.position, self.sequence = mark.position, mark.sequence
        self.over: deque[Seen] = deque(maxlen=RECENT)
        self.probes = 0
        self.heard = self.begun = self.drawn = self.ticked = time.monotonic()
        self.kept_at, self.cost, self.trouble = self.begun, 0.0, ""
        self.way_back, self.safe, self.everything = way_back, mark.sequence, everything
        self.message, self.rate, self.rate_from = "", 0.0, (self.begun, 0)
        metrics.set("scangait_start_time_seconds", time.time())
        if mark.idle_ns:
            self._put(watch.idle(mark.idle_ns))

    def run(self, batches: Iterable[Batch], stop: Flag) -> None:
        """Until the source ends or `stop` is set; what ends by itself is over, and all its scans are closed."""
        for batch in batches:
            self._count(batch)
            if len(batch.probes):
                self._put(self.watch.take(batch.probes))
                self.heard = time.monotonic()
            self._moved(batch.position)
            if not len(batch.probes):
                self._idle()
            if self._due():
                self.keep()
            self._tick()
        if not stop.is_set():
            self._put(self.watch.finish())
        self.keep()
        self._tick(force=True)

    def keep(self, idle_ns: int = 0) -> bool:
        """Write a checkpoint; whether one was. Trouble is said once when it begins and once when it ends."""
        begun = time.monotonic()
        if self.file is None or not self.dispatcher.flush():
            self.kept_at = begun
            return False
        mark = checkpoint.Mark(position=self.position, sequence=self.sequence, idle_ns=idle_ns)
        try:
            checkpoint.save(self.file, self.watch, mark)
        except OutputError as error:
            if not self.trouble:
                self.log(f"{error}; the watch goes on from the last checkpoint if it is broken off now")
            self.trouble = str(error)
        else:
            if self.trouble:
                self.log(f"{self.file}: checkpoints are written again")
            self.trouble = ""
            self.safe = self.sequence
        self.kept_at = time.monotonic()
        self.cost = self.kept_at - begun
        return not self.trouble

    def _due(self) -> bool:
        """Whether it is time for a checkpoint."""
        since = time.monotonic() - self.kept_at
        unsafe = self.sequence > self.safe and not self.way_back
        return since >= max(0.0 if unsafe else self.seconds, SHARE * self.cost)

    def status(self, source: str) -> Status:
        """What the heading of the table says."""
        return Status(source, self.probes, self.rate, len(self.watch.streams), self.watch.arena.clock_ns, self.message)

    def seen(self) -> list[Seen]:
        """The rows of the table."""
        going = [Seen(verdict, needed=needed) for verdict, opened, needed in self.watch.open() if opened]
        return going + list(self.over)

    def refresh(self) -> None:
        """Bring the numbers about this watch up to date."""
        clock_ns = self.watch.arena.clock_ns
        self.metrics.set("scangait_streams", len(self.watch.streams))
        self.metrics.set("scangait_lag_seconds", time.time() - clock_ns / 1e9 if clock_ns else 0.0)
        self.metrics.set("scangait_checkpoint_age_seconds", time.monotonic() - self.kept_at)
        self.metrics.take(self.dispatcher.state())

    def _put(self, events: Iterable[Event]) -> None:
        """Say each event, in order, under the next number."""
        for event in events:
            if event.quiet and not self.everything:
                continue
            self.sequence += 1
            verdict = event.verdict
            self.dispatcher.put(
                Alert(
                    sequence=self.sequence,
                    event=event.kind,
                    time_ns=event.time_ns,
                    probes_needed=event.needed,
                    verdict=verdict,
                )
            )
            self.metrics.add("scangait_verdicts_total", tool=verdict.label, event=event.kind)
            if event.early:
                self._note(f"closed early for lack of memory: {verdict.sources[0]} port {verdict.ports[0]}")
            if event.kind == "closed" and not event.withdrawn:
                self.over.appendleft(Seen(verdict, over=True, needed=event.needed))

    def _moved(self, position: Position | None) -> None:
        """Remember where we are; a checkpoint marks each new file."""
        before = self.position
        self.position = position or before
        if before is not None and position is not None and position.file != before.file:
            self.keep()

    def _idle(self) -> None:
        """Close what has been quiet for long although no probe comes that says so."""
        clock_ns = self.watch.arena.clock_ns
        now_ns = clock_ns + int((time.monotonic() - self.heard) * 1e9)
        if clock_ns and self.watch.would_close(now_ns):
            self.keep(now_ns)
            self._put(self.watch.idle(now_ns))

    def _count(self, batch: Batch) -> None:
        self.probes += len(batch.probes)
        self.metrics.add("scangait_probes_total", len(batch.probes))
        for kind, count in batch.tally.counts.items():
            name = "scangait_source_drops_total" if kind == "dropped" else "scangait_packets_total"
            self.metrics.add(name, count, **({} if kind == "dropped" else {"kind": kind}))
        for warning in batch.tally.warnings:
            self._note(warning)

    def _note(self, message: str) -> None:
        self.message = message
        self.log(message)

    def _tick(self, *, force: bool = False) -> None:
        """Draw the table now and then."""
        now = self.ticked = time.monotonic()
        if force or now - self.drawn >= 0.5:
            then, before = self.rate_from
            self.rate, self.rate_from = (self.probes - before) / max(now - then, 1e-9), (now, self.probes)
            self.drawn = now
            self.draw(self)
