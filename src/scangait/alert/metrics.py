"""Metrics: numbers about a watch in the Prometheus text exposition format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from scangait.alert.delivery import Counts

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PAGE: Final = 4096


@dataclass(frozen=True, slots=True)
class Metric:
    """What one metric counts or measures; a counter only goes up."""

    kind: str
    says: str


METRICS: Final = {
    "scangait_packets_total": Metric("counter", "Packets read, by kind."),
    "scangait_probes_total": Metric("counter", "Probes read."),
    "scangait_streams": Metric("gauge", "Streams that are being followed."),
    "scangait_verdicts_total": Metric("counter", "Alerts raised, by tool and event."),
    "scangait_lag_seconds": Metric("gauge", "Wall clock minus the time of the newest probe read."),
    "scangait_source_drops_total": Metric("counter", "Packets that the system dropped before they were read."),
    "scangait_alerts_written_total": Metric("counter", "Alerts delivered, by output."),
    "scangait_alerts_dropped_total": Metric("counter", "Alerts lost because a spool was full or refused, by output."),
    "scangait_alert_retries_total": Metric("counter", "Deliveries that failed and are tried again, by output."),
    "scangait_spool_alerts": Metric("gauge", "Alerts that wait for their output, by output."),
    "scangait_memory_bytes": Metric("gauge", "Resident memory of this process."),
    "scangait_checkpoint_age_seconds": Metric("gauge", "Time since the last checkpoint was written."),
    "scangait_start_time_seconds": Metric("gauge", "When this watch began, Unix time."),
}
"""Every metric there is."""


class Metrics:
    """The current numbers; safe for threads. Labels are keyword arguments.

    >>> metrics = Metrics()
    >>> metrics.add("scangait_verdicts_total", 2, tool="zmap", event="opened")
    >>> metrics.value("scangait_verdicts_total", tool="zmap", event="opened")
    2.0
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {name: {} for name in METRICS}

    def add(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Count up."""
        if amount < 0:
            raise ValueError(f"{name} only goes up, not by {amount}")
        with self.lock:
            key = tuple(sorted(labels.items()))
            self.values[name][key] = self.values[name].get(key, 0.0) + amount

    def set(self, name: str, value: float, /, **labels: str) -> None:
        """Say how much there is now, or in all."""
        with self.lock:
            self.values[name][tuple(sorted(labels.items()))] = float(value)

    def value(self, name: str, /, **labels: str) -> float:
        """The number as it stands, 0 where nothing was said."""
        with self.lock:
            return self.values[name].get(tuple(sorted(labels.items())), 0.0)

    def take(self, outputs: Mapping[str, tuple[Counts, int]]) -> None:
        """Take over the state of each output, as `Dispatcher.state` says it."""
        for name, (counts, depth) in outputs.items():
            self.set("scangait_alerts_written_total", counts.written, output=name)
            self.set("scangait_alerts_dropped_total", counts.dropped, output=name)
            self.set("scangait_alert_retries_total", counts.retries, output=name)
            self.set("scangait_spool_alerts", depth, output=name)

    def text(self) -> str:
        """All numbers in the text format."""
        with self.lock:
            held = {name: dict(values) for name, values in self.values.items()}
        return "".join(_block(name, values) for name, values in held.items() if values)


def memory_bytes() -> int:
    """Resident memory of this process."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  no path of a user's
        return int(file.read().split()[1]) * PAGE


def _block(name: str, values: Mapping[tuple[tuple[str, str], ...], float]) -> str:
    metric = METRICS[name]
    lines = [f"{name}{_labels(key)} {_number(value)}" for key, value in values.items()]
    return "\n".join([f"# HELP {name} {metric.says}", f"# TYPE {name} {metric.kind}", *lines]) + "\n"


def _labels(key: tuple[tuple[str, str], ...]) -> str:
    if not key:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in key) + "}"


def _escaped(value: str) -> str:
    r"""A label value: backslash, quotation mark and line feed as the format wants them."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
