"""After how many probes a watch first names a scan, and how often wrongly: python scripts/watch_first.py [SEEDS].

On the captures in examples/captures and on simulated scans of the whole Internet that a /20 sees, with headers and
without; a watch says each name at 90 % confidence.
"""

import json
import sys
from pathlib import Path

import numpy as np

from scangait.capture import load
from scangait.evidence.library import Library
from scangait.probes import take, without_headers
from scangait.recognise.live.watch import Watch
from scangait.scanners import SCANNERS
from scangait.scanners.mirai import BURST
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import simulate
from scangait.telescope import Telescope, infer, telescope, without

SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
TOOLS = (("zmap", "2.1"), ("zmap", "3.0"), ("zmap", "4.3"), ("masscan", "1.0"), ("masscan", "1.3"), ("masscan", "head"),
         ("nmap", "7"), ("mirai", "any"), ("hping", "3"), ("unicornscan", "0.4"))  # fmt: skip
PROBES = 1000
MIRAI_S = 64 * 2**20 / BURST
"""A bot sends as many probes a second whatever it is told: 64 of them to a /20 in this time."""
CAPTURES = Path(__file__).resolve().parents[1] / "examples" / "captures"


def captured():
    """(tool, telescope, probes) of each scan in each capture."""
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        probes = load((str(CAPTURES / entry["file"]),)).probes
        for source in np.unique(probes.src):
            yield entry["scanner"], infer(probes.dst), take(probes, probes.src == source)


def simulated(seeds):
    """The first probes of scans of the whole Internet."""
    for name, version in TOOLS:
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            rate = 10 ** rng.uniform(4, 5.5)
            seconds = MIRAI_S if name == "mirai" else PROBES * 2**20 / rate
            targets = telescope("93.184.0.0/16") if name in {"nmap", "unicornscan"} else TARGETS
            scan = Scan(version=version, targets=targets, ports=(80,), seed=seed, rate=rate, duration_s=seconds)
            try:
                probes = simulate(SCANNERS[name], scan, SCOPE, rng)
            except ValueError as error:
                print(f"{name} {version}: {error}")
                continue
            yield f"{name} {version}", SCOPE, take(probes, slice(PROBES))


def told(cases, library):
    """By tool: probes to each first name, whether it was right, and whether the last word is."""
    found = {}
    for tool, scope, probes in cases:
        watch = Watch(library, scope, memory=1 << 22)
        events = [*watch.take(probes), *watch.finish()]
        named = [event for event in events if event.needed and event.kind != "closed"]
        last = max((e.verdict for e in events if e.kind == "closed"), key=lambda one: one.probes, default=None)
        first = named[0] if named else None
        own = tool.split()[0]
        found.setdefault(tool, []).append(
            (first and first.needed, first and first.verdict.label == own, last is not None and last.label == own)
        )
    return found


def table(title, found):
    print(
        f"{title}: scans, first right name after (median, 95 %) probes, wrong first names, never named, right at last"
    )
    for tool, rows in found.items():
        right = [count for count, good, _ in rows if count and good]
        wrong = sum(bool(count) and not good for count, good, _ in rows)
        never = sum(not count for count, _, _ in rows)
        middle = f"{np.median(right):.0f}, {np.quantile(right, 0.95):.0f}" if right else "-"
        print(
            f"  {tool:16} {len(rows):4} {middle:>10} {wrong:5} {never:5} {sum(last for *_, last in rows):5}", flush=True
        )


if __name__ == "__main__":
    seeds, library = int(sys.argv[1]) if len(sys.argv) > 1 else 20, Library.bundled()
    for words, change in (("with headers", lambda probes: probes), ("without headers", without_headers)):
        real = ((tool, scope, change(probes)) for tool, scope, probes in captured())
        table(f"captures, {words}", told(real, library))
        made = ((tool, scope, change(probes)) for tool, scope, probes in simulated(seeds))
        table(f"SIMULATED, {words}", told(made, library))
