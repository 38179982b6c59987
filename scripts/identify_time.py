"""Where the time of `scangait identify` goes, in one process: python scripts/identify_time.py CAPTURE.

The command itself works in as many processes as there are cores: `time scangait identify CAPTURE` says how fast it is.
"""

from __future__ import annotations

import argparse
import resource
from collections import defaultdict
from collections.abc import Callable
from time import perf_counter, process_time, thread_time
from typing import Any

from scangait.capture import load
from scangait.engine import Serial
from scangait.evidence.kinds import KINDS
from scangait.evidence.library import Library
from scangait.recognise import classify, judged

STAGES = {
    "by_source": "streams", "runs": "runs", "gathered": "columns, run by run", "marks": "marks",
    "samples": "samples (gaps, fences, splitting, merging)",
    "unmixed": "unmixing", "decide": "decisions", "_verdict": "verdicts and forecasts", "campaigns": "campaigns",
    "_trail": "trails",
}  # fmt: skip
WALL: dict[str, float] = defaultdict(float)
CPU: dict[str, float] = defaultdict(float)


def timed(name: str, call: Callable[..., Any], clock: Callable[[], float] = thread_time) -> Callable[..., Any]:
    """The same function, its times added up under a name; a `clock` of CPU time."""

    def run(*given: Any, **named: Any) -> Any:
        wall, cpu = perf_counter(), clock()
        try:
            return call(*given, **named)
        finally:
            WALL[name] += perf_counter() - wall
            CPU[name] += clock() - cpu

    return run


def main() -> None:
    """Identify once, and print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("capture")
    given = words.parse_args()
    classify.Processes = Serial
    for name, stage in STAGES.items():
        for room in (classify, judged):
            if hasattr(room, name):
                setattr(room, name, timed(stage, getattr(room, name)))
    for kind in list(KINDS):
        KINDS[kind] = timed(f"evidence: {kind}", KINDS[kind])
    whole = timed("all", lambda: classify.report(batch(), Library.bundled(), None, (given.capture,)), process_time)
    batch = timed("reading", lambda: load(given.capture), process_time)
    result = whole()
    probes = sum(result.counts.values())
    print(f"{probes} packets, {len(result.verdicts)} verdicts, {len(result.campaigns)} campaigns")
    print(f"{probes / WALL['all']:.0f} packets/s of wall time, {probes / CPU['all']:.0f} per CPU second")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB; {result.warnings}")
    print("\n| stage | wall s | CPU s | share of CPU |\n|---|---|---|---|")
    for stage in sorted(CPU, key=lambda stage: -CPU[stage]):
        print(f"| {stage} | {WALL[stage]:.1f} | {CPU[stage]:.1f} | {CPU[stage] / CPU['all']:.0%} |")


if __name__ == "__main__":
    main()
