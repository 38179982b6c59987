"""Delivery: one output with a queue, a thread and a spool of its own, so that a slow one holds up nobody else.

`put` never waits. An alert goes into the queue in memory; when that is full, or alerts already wait in the spool, it
goes to the spool; only when the spool is full, too, it is dropped, which is counted and said. The thread takes the
oldest alert, and while the output is in trouble tries it again, less and less often. Order is kept.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final

from scangait.alert.alert import Alert
from scangait.alert.output import Output, Refused
from scangait.alert.spool import Spool
from scangait.errors import OutputError

WAITING: Final = 1000
"""Alerts that wait in memory."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
SAID_EVERY: Final = 1000
"""After its first drop an output says again after so many more."""


@dataclass(slots=True)
class Counts:
    """What became of the alerts of one output."""

    written: int = 0
    dropped: int = 0
    retries: int = 0


class Delivery:
    """Delivers alerts to one output. `say` gets one line when trouble begins, when it ends, and for drops.

    `resumed` is the number that the last checkpoint named, where one is gone on from: all alerts behind it come again.
    """

    def __init__(
        self,
        name: str,
        output: Output,
        spool: Spool,
        say: Callable[[str], None],
        *,
        waiting: int = WAITING,
        pause: float = FIRST_PAUSE,
        resumed: int | None = None,
    ) -> None:
        self.name, self.output, self.spool, self.say = name, output, spool, say
        self.waiting, self.pause = waiting, pause
        self.counts = Counts()
        self.queue: deque[Alert] = deque()
        self.changed = Condition()
        self.stopping = self.busy = self.flushing = self.hung = self.closed = False
        self.trouble = ""
        self.broken: BaseException | None = None
        spool.begin(resumed)
        self.thread = Thread(target=self._work, name=f"output {name}", daemon=True)
        self.thread.start()

    def put(self, alert: Alert) -> None:
        """Take one alert, at once. Raises what ended the thread: BrokenPipeError when nobody reads any more."""
        dropped = ""
        with self.changed:
            if self.broken is not None:
                raise self._stopped(self.broken)
            if self.spool.depth == 0 and len(self.queue) < self.waiting:
                self.queue.append(alert)
            elif not self.spool.put(alert):
                dropped = self._drop(f"its spool {self.spool.path} is full ({self.spool.depth} wait)")
            self.changed.notify_all()
        if dropped:
            self.say(dropped)

    def flush(self, seconds: float) -> bool:
        """Whether everything taken so far is written, or safe in the spool; False where the spool had no room.

        Waits this long for an output that is at work, and not at all for one in trouble or one that hung before.
        """
        with self.changed:
            self.flushing = True
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: self._settled() or self.trouble or self.hung or self.broken is not None, seconds
            )
            done = self._settled()
            if not done:
                self.hung = self.busy
                self.flushing = False
                done = self._spill()
            self.spool.flush()
            return done

    def close(self, seconds: float) -> None:
        """Deliver what can be delivered within this time; the rest stays in the spool for the next run."""
        with self.changed:
            self.changed.wait_for(lambda: self._idle() or self.broken is not None, seconds)
            self.stopping = True
            self.changed.notify_all()
        self.thread.join(seconds)
        with self.changed:
            self._spill()
            if self.spool.depth:
                self.say(f"{self.name}: {self.spool.depth} alerts wait in {self.spool.path} for the next run")
            self.closed = True
            self.spool.close()

    def depth(self) -> int:
        """Alerts that wait in memory and on disk."""
        with self.changed:
            return len(self.queue) + self.spool.depth

    def _stopped(self, error: BaseException) -> BaseException:
        """What the thread that reads is told: one line of a disk at fault, anything else as it is."""
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            return OutputError(f"{self.name}: cannot go on ({error.strerror}); look at the disk of {self.spool.path}")
        return error

    def _settled(self) -> bool:
        return not self.queue and not self.flushing

    def _idle(self) -> bool:
        return not self.queue and not self.spool.depth and not self.busy

    def _work(self) -> None:
        """Deliver until told to stop."""
        pause = self.pause
        while (alert := self._next()) is not None:
            try:
                self.output.write(alert)
            except OutputError as error:
                self._failed(str(error))
                with self.changed:
                    self.busy = False
                    self.changed.notify_all()
                    self.changed.wait_for(lambda: self.stopping, pause * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            except Refused as refusal:
                with self.changed:
                    said = self._drop(str(refusal))
                self.say(said) if said else None
            except Exception as error:  # noqa: BLE001  whatever it is, the thread that reads must hear of it
                with self.changed:
                    self.broken, self.busy = error, False
                    self.changed.notify_all()
                return
            else:
                self.counts.written += 1
            pause = self.pause
            self._delivered(alert)
        self._finish()

    def _next(self) -> Alert | None:
        """The oldest alert, left where it is until it is delivered; None to stop. Flushes when there is none."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.stopping or self.queue or self.spool.depth or self.flushing)
                if self.stopping:
                    return None
                alert = self.queue[0] if self.queue else None if self.flushing else self._waited()
                self.busy = True
                if alert is not None:
                    return alert
            self._flush_output()

    def _waited(self) -> Alert | None:
        """The first alert in the spool; lines of it that cannot be read count as dropped."""
        alert, damaged = self.spool.first()
        self.counts.dropped += damaged
        return alert

    def _delivered(self, alert: Alert) -> None:
        recovered = ""
        with self.changed:
            if self.queue and self.queue[0] is alert:
                self.queue.popleft()
            else:
                first, _ = (None, 0) if self.closed else self.spool.first()
                if first is not None and first.sequence == alert.sequence:
                    self.spool.drop_first()
            self.busy = self.hung = False
            if self.trouble:
                recovered, self.trouble = f"{self.name}: delivers again, {self.spool.depth} alerts waited on disk", ""
            self.changed.notify_all()
        if recovered:
            self.say(recovered)

    def _failed(self, reason: str) -> None:
        """Say that trouble began, once for each reason."""
        self.counts.retries += 1
        if reason != self.trouble:
            self.trouble = reason
            self.say(f"{reason}; alerts wait, and nothing else does")

    def _drop(self, reason: str) -> str:
        """Count a drop; what to say of it, "" for nothing."""
        self.counts.dropped += 1
        if self.counts.dropped % SAID_EVERY == 1:
            return f"{self.name}: alert dropped, {self.counts.dropped} so far: {reason}"
        return ""

    def _spill(self) -> bool:
        """Move the queue to the front of the spool; whether all of it fitted."""
        if not self.queue:
            return True
        held = list(self.queue)
        try:
            lost = self.spool.put_before(held)
        except OSError:
            lost = len(held)
        self.queue.clear()
        self.counts.dropped += lost
        if lost:
            self.say(f"{self.name}: {lost} alerts dropped: no room in {self.spool.path}")
        return not lost

    def _flush_output(self) -> None:
        """Flush outside the lock: a disk that hangs must not hold up who puts."""
        said = ""
        try:
            self.output.flush()
        except (OutputError, OSError) as error:
            said = str(error)
        with self.changed:
            self.busy = self.flushing = False
            self.changed.notify_all()
        if said:
            self.say(said)

    def _finish(self) -> None:
        try:
            self.output.close()
        except (OutputError, OSError) as error:
            self.say(f"{self.name}: {error}")
