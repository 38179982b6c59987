"""What a watch says, and a small darknet to watch (simulated)."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from scangait.evidence.library import Library
from scangait.probes import take
from scangait.recognise.classify import identify
from scangait.recognise.live.watch import Watch
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import mixed, noise, simulate
from scangait.telescope import Telescope, telescope, without

CAPTURES = sorted((Path(__file__).resolve().parents[2] / "examples" / "captures").glob("*.pcap.gz"))
SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
LIBRARY = Library.bundled()
START_NS = 1_767_225_600_000_000_000
TOOLS = (("zmap", "2.1"), ("zmap", "4.3"), ("masscan", "1.3"), ("masscan", "1.0"), ("mirai", "any"), ("hping", "3"))


def run(tool, version, seed, begin_s, seconds, rate, source):
    scan = Scan(
        version=version, targets=TARGETS, ports=(80,), seed=seed, rate=rate, duration_s=seconds, sources=(source,),
        start_ns=START_NS + int(begin_s * 1e9),
    )  # fmt: skip
    return simulate(SCANNERS[tool], scan, SCOPE, np.random.default_rng(seed))


@cache
def day(seed, scans=12, days=1):
    """A day, or several: scans of many tools, some of one source again and again, and noise (simulated)."""
    rng = np.random.default_rng(seed)
    parts = [noise(SCOPE, 0.02, 86_400 * days, START_NS, rng)]
    for number in range(scans):
        tool, version = TOOLS[rng.integers(len(TOOLS))]
        source = 0xC6120001 + int(rng.integers(scans // 2))  # several runs of one source
        rate, begin = 10 ** rng.uniform(4, 5.3), rng.uniform(0, 86_400 * days - 16_400)
        parts.append(run(tool, version, number + 100 * seed, begin, rng.uniform(600, 12_000), rate, source))
    return mixed(parts)


def batched(probes, cuts):
    bounds = [0, *sorted(cuts), len(probes)]
    return [take(probes, slice(a, b)) for a, b in pairwise(bounds)]


def events(batches, scope=SCOPE, **choices):
    watch = Watch(LIBRARY, scope, **({"memory": 1 << 24} | choices))
    said = [event for batch in batches for event in watch.take(batch)]
    return said + list(watch.finish())


def last_words(said):
    """The verdict on each scan that was closed, without its campaign; a scan that was closed twice fails."""
    closed = [replace(event.verdict, campaign=None) for event in said if event.kind == "closed" and not event.withdrawn]
    assert len({verdict.scan for verdict in closed}) == len(closed)
    return {verdict.scan: verdict for verdict in closed}


def identified(probes, scope=SCOPE):
    """What `identify` says, without campaigns: those join scans of different streams."""
    return {one.scan: replace(one, campaign=None) for one in identify(probes, LIBRARY, scope)}
