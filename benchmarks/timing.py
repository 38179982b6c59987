"""Timing by ratios: contestants take turns in one process, and the median of their CPU times counts."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import process_time, sleep

ROUNDS = 7
SHORTEST = 0.02
"""Seconds that one measurement takes at least; what is quicker is repeated."""
SLICE, TURNS = 0.002, 10
"""Seconds of one measurement of several that a round is made of, where contestants are to see the same machine."""
NAP = 0.02
"""Seconds in which the process must be idle before the next contestant: jax's threads look for work for a while after
they have ended theirs, which was charged to whoever came next, and kept a core busy.
"""


def race(contestants: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds (of all threads) of one call of each; not of a first call, which may compile."""
    counts = {name: repeats(call) for name, call in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            _settle()
            times[name].append(_seconds(call, counts[name]))
    return {name: median(taken) for name, taken in times.items()}


def side_by_side(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """As in a race, but of each round, in which contestants take TURNS turns of milliseconds without a rest: what else
    a shared machine does slows all of them alike, so that their ratios in one round hold.
    """
    counts = {name: repeats(call, SLICE) for name, call in contestants.items()}
    times: dict[str, list[float]] = {name: [0.0] * rounds for name in contestants}
    for at in range(rounds):
        _settle()
        for _ in range(TURNS):
            for name, call in contestants.items():
                times[name][at] += _seconds(call, counts[name]) / TURNS
    return times


def _seconds(call: Callable[[], object], count: int) -> float:
    begin = process_time()
    for _ in range(count):
        call()
    return (process_time() - begin) / count


def _settle() -> None:
    busy = True
    while busy:
        begin = process_time()
        sleep(NAP)
        busy = process_time() - begin > NAP / 20


def repeats(call: Callable[[], object], shortest: float = SHORTEST) -> int:
    """How often to call something that it takes about as many seconds as it shall; it is called twice."""
    call()
    return max(1, round(shortest / max(_seconds(call, 1), 1e-6)))


def machine() -> str:
    """The processor in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    name = next((value.strip() for key, value in fields.items() if key.strip() == "model name"), platform.processor())
    flags = next((value.split() for key, value in fields.items() if key.strip() == "flags"), [])
    vectors = [flag for flag in ("avx512f", "avx2", "fma", "sse2") if flag in flags]
    return f"{name} ({platform.machine()}; {', '.join(vectors) or 'vector extensions unknown'})"


def versions(*packages: str) -> str:
    """Python and the versions of packages that are installed."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)
