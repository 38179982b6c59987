"""How a watch bears much traffic (simulated): python scripts/watch_mix.py mix | flat [PROBES] | flood [SOURCES].

`mix` replays 50,000 streams (scans of every tool, background, stray packets) and compares the verdicts and the time
with `identify`. `flat` goes on with such traffic for PROBES probes and prints the resident memory. `flood` hides scans
in SOURCES sources of one packet each.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from scangait.alert.metrics import memory_bytes
from scangait.evidence import forecast, walk
from scangait.evidence.library import Library
from scangait.probes import COLUMNS, Probes, columns, concat, in_time_order, take
from scangait.recognise.classify import identify
from scangait.recognise.live.warm import warmed
from scangait.recognise.live.watch import Watch
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import mixed, noise, simulate
from scangait.telescope import Telescope, telescope, without

SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
START_NS = 1_767_225_600_000_000_000
TOOLS = (("zmap", "2.1"), ("zmap", "3.0"), ("zmap", "4.3"), ("masscan", "1.0"), ("masscan", "1.3"), ("masscan", "head"),
         ("mirai", "any"), ("hping", "3"))  # fmt: skip
BUDGET = (1 << 30) - (320 << 20)
BATCH = 20_000


def scans(count, seconds, rng, start_ns=START_NS, rates=(3.5, 5.3)):
    """Scans of the whole Internet, each of a source of its own."""
    for number in range(count):
        tool, version = TOOLS[number % len(TOOLS)]
        rate, begin = 10 ** rng.uniform(*rates), rng.uniform(0, seconds / 2)
        scan = Scan(
            version=version, targets=TARGETS, ports=(int(rng.choice([22, 23, 80, 443, 3389])),), seed=number, rate=rate,
            duration_s=seconds - begin, sources=(0xC6120001 + number,), start_ns=start_ns + int(begin * 1e9),
        )  # fmt: skip
        yield simulate(SCANNERS[tool], scan, SCOPE, rng)


def strays(streams, seconds, rng, start_ns=START_NS):
    """Background that comes back: sources of 1 to 6 packets to one port."""
    probes = noise(SCOPE, 3.5 * streams / seconds, seconds, start_ns, rng)
    source = rng.integers(0, streams, len(probes)).astype(np.uint32)
    ports = (source * np.uint32(2654435761) >> np.uint32(16)).astype(np.uint16)
    return Probes(**{name: getattr(probes, name) for name in probes.__slots__ if name not in {"src", "dport"}},
                  src=np.uint32(0x0B000000) + source, dport=ports)  # fmt: skip


def mix(seed=1, count=1000, streams=49_000, seconds=86_400.0):
    rng = np.random.default_rng(seed)
    return mixed([strays(streams, seconds, rng), *scans(count, seconds, rng)])


def last_words(watch, probes, batch=BATCH):
    """The closed verdicts by scan, and the events."""
    batches = (take(probes, slice(at, at + batch)) for at in range(0, len(probes), batch))
    events = [event for one in batches for event in watch.take(one)]
    events += watch.finish()
    closed = (e.verdict for e in events if e.kind == "closed" and not e.withdrawn)
    return {verdict.scan: replace(verdict, campaign=None) for verdict in closed}, events


def replay():
    library, probes = Library.bundled(), mix()
    warmed(library, SCOPE)
    streams = len(np.unique(np.c_[probes.src, probes.dport], axis=0))
    begun = time.process_time()
    said, events = last_words(Watch(library, SCOPE, memory=BUDGET), probes)
    watched = time.process_time() - begun
    for kept in (walk._searched, forecast._remembered):  # noqa: SLF001
        kept.cache_clear()  # the watch has left its answers there
    begun = time.process_time()
    found = {one.scan: replace(one, campaign=None) for one in identify(probes, library, SCOPE)}
    batch = time.process_time() - begun
    right, named = truth(probes, found.values())
    withdrawn = sum(event.withdrawn for event in events)
    print(
        f"SIMULATED: {len(probes):,} probes, {streams:,} streams; watch {watched:.0f} s CPU "
        f"({len(probes) / watched:,.0f} probes/s), identify {batch:.0f} s ({len(probes) / batch:,.0f} probes/s); "
        f"equal: {said == found}; {len(found)} scans, {named} named, {right} rightly; {withdrawn} withdrawn; "
        f"memory {memory_bytes() / 2**20:.0f} MiB"
    )


def truth(probes, verdicts):
    """How many verdicts name the tool of their source, and how many name any."""
    own = dict(zip(probes.src.tolist(), probes.label.tolist(), strict=True))
    named = [one for one in verdicts if one.label != "unknown"]
    return sum(own[number(one.sources[0])] == one.label for one in named), len(named)


def number(dotted):
    a, b, c, d = map(int, dotted.split("."))
    return a << 24 | b << 16 | c << 8 | d


def hour_of_it(folder, number):
    """An hour of one-packet sources and scans, made by another process and left in files, a column each."""
    if os.fork() == 0:
        rng, start_ns = np.random.default_rng(number), START_NS + number * 3600 * 10**9
        parts = [noise(SCOPE, 1_000_000 / 3600, 3600, start_ns, rng), *scans(8, 3600.0, rng, start_ns, (4.5, 5.3))]
        for name, column in columns(in_time_order(concat(parts))).items():
            if name != "label":
                column.tofile(folder / name)
        os._exit(0)
    os.wait()
    total = (folder / "time_ns").stat().st_size // 8
    for at in range(0, total, BATCH):
        kinds = {name: np.dtype(kind) for name, kind in COLUMNS.items() if name != "label"}
        yield Probes(**{
            name: np.fromfile(folder / name, kind, count=BATCH, offset=at * kind.itemsize)
            for name, kind in kinds.items()
        })  # fmt: skip


def flat(total):
    """Hour after hour; this process holds nothing but the watch."""
    library = Library.bundled()
    warmed(library, SCOPE)
    watch, done, number, next_line, spent = Watch(library, SCOPE, memory=BUDGET), 0, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        while done < total:
            for probes in hour_of_it(Path(folder), number):
                begun = time.process_time()
                for _ in watch.take(probes):
                    pass
                spent += time.process_time() - begun
                done += len(probes)
            number += 1
            if done >= next_line:
                next_line += total // 10
                print(
                    f"SIMULATED: {done:,} probes, {done / spent:,.0f} probes/s CPU, memory "
                    f"{memory_bytes() / 2**20:.0f} MiB, {len(watch.streams)} scans open, {watch.dropped:,} streams "
                    f"dropped, {watch.early} closed early",
                    flush=True,
                )


def flood(sources):
    """One packet of each of so many sources within an hour, and scans among them."""
    library, rng = Library.bundled(), np.random.default_rng(3)
    warmed(library, SCOPE)
    before = memory_bytes()
    hidden = list(scans(40, 3600.0, rng, rates=(4.5, 5.3)))
    spoofed = noise(SCOPE, sources / 3600, 3600, START_NS, rng)
    probes = in_time_order(concat([spoofed, *hidden]))
    begun = time.process_time()
    watch = Watch(library, SCOPE, memory=BUDGET)
    said, _ = last_words(watch, probes)
    right, named = truth(probes, said.values())
    print(
        f"SIMULATED: {len(np.unique(probes.src)):,} sources, {len(probes):,} probes, "
        f"{len(probes) / (time.process_time() - begun):,.0f} probes/s CPU; {len(said)} scans of 40 closed (the others "
        f"have fewer than 9 probes), {named} named, {right} rightly; {watch.dropped:,} streams dropped; memory "
        f"{before / 2**20:.0f} -> {memory_bytes() / 2**20:.0f} MiB (the simulated probes are in it)"
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mix"]:
            replay()
        case ["flat", *more]:
            flat(int(more[0]) if more else 100_000_000)
        case ["flood", *more]:
            flood(int(more[0]) if more else 1_000_000)
        case _:
            sys.exit(__doc__)
