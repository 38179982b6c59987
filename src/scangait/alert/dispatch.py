"""Dispatch: every alert to every output, none waiting for another."""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scangait.alert.alert import Alert, masked
from scangait.alert.delivery import FIRST_PAUSE, WAITING, Counts, Delivery
from scangait.alert.outputs import Choices, open_output, parsed
from scangait.alert.spool import Spool
from scangait.errors import OutputError

LIMIT: Final = 64 << 20
"""Bytes that the spool of one output may take."""


def say(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"scangait: {line}\n")
    sys.stderr.flush()


class Dispatcher:
    """The outputs of one watch, each with its own queue, thread and spool in `folder`.

    `outputs` maps FORM=TARGET to its choices. With `mask` no output learns an address of the telescope. `resumed` is
    the number that the last checkpoint named (after `flush`), where one is gone on from: the alerts behind it must
    then be put again, files leave out those that they hold, and network receivers may see some twice. Raises
    OutputError where an output or the folder cannot be opened: what cannot be written at the start is not begun.
    """

    def __init__(
        self,
        outputs: Mapping[str, Choices],
        folder: Path,
        *,
        mask: bool = False,
        resumed: int | None = None,
        limit: int = LIMIT,
        waiting: int = WAITING,
        pause: float = FIRST_PAUSE,
        log: Callable[[str], None] = say,
    ) -> None:
        self.mask = mask
        self.deliveries: list[Delivery] = []
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: no place to spool alerts ({error.strerror}); choose another") from error
        try:
            for spec, choices in outputs.items():
                output = open_output(spec, choices, resumed=resumed is not None)
                spool = Spool(folder / f"{spool_name(spec)}.spool", limit)
                self.deliveries.append(
                    Delivery(shown(spec), output, spool, log, waiting=waiting, pause=pause, resumed=resumed)
                )
        except BaseException:
            self.close(0)
            raise

    def put(self, alert: Alert) -> None:
        """Give an alert to every output; never waits for one."""
        kept = masked(alert) if self.mask else alert
        for delivery in self.deliveries:
            delivery.put(kept)

    def flush(self, seconds: float = 1.0) -> bool:
        """Whether everything put so far is written or safe on disk: ask before a checkpoint names its sequence."""
        until = time.monotonic() + seconds
        safe = [delivery.flush(max(0.0, until - time.monotonic())) for delivery in self.deliveries]
        return all(safe)

    def close(self, seconds: float = 5.0) -> None:
        """Deliver what can be delivered within this time, keep the rest on disk."""
        until = time.monotonic() + seconds
        for delivery in self.deliveries:
            delivery.close(max(0.0, until - time.monotonic()))
        self.deliveries = []

    def state(self) -> dict[str, tuple[Counts, int]]:
        """What became of each output's alerts, and how many wait."""
        return {delivery.name: (delivery.counts, delivery.depth()) for delivery in self.deliveries}


def spool_name(spec: str) -> str:
    """A file name for the spool of an output, the same in every run; it says nothing that the target keeps secret."""
    form, _, scheme = parsed(spec)
    kind = {"": "file", "-": "stdout"}.get(scheme, scheme)
    return f"{form}-{kind}-{zlib.crc32(spec.encode()):08x}"


def shown(spec: str) -> str:
    """The output as messages and metrics name it: without a query, which may hold a key."""
    return spec.partition("?")[0]
