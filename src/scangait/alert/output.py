"""Output: where alerts go. Each takes one alert at a time and says at once when it could not."""

from __future__ import annotations

from typing import Protocol

from scangait.alert.alert import Alert


class Output(Protocol):
    """Writes alerts one by one, on one thread.

    `write` returns when the alert is out of our hands; it raises OutputError when trying again may help and `Refused`
    when it will not. `flush` makes what was written as lasting as the target allows.
    """

    def write(self, alert: Alert) -> None:
        """Write one alert."""

    def flush(self) -> None:
        """Make what was written last."""

    def close(self) -> None:
        """Flush and let go."""


class Refused(Exception):  # noqa: N818  it is an answer, not an error of ours
    """The receiver will never take this alert; the message says why in one line."""
