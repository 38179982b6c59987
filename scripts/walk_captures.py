"""The walk proof on the real captures: python scripts/walk_captures.py [probes in a window].

Windows of consecutive probes all through each capture of ../shared/captures (examples/captures holds the same), without
headers: how many of them are proven to be a ZMap walk. ZMap's should be, and no other's.
"""

import json
import sys
import time

import numpy as np
from bundle_library import CAPTURES

from scangait.capture import read
from scangait.evidence.walk import find
from scangait.gait.streams import by_source
from scangait.probes import take
from scangait.telescope import telescope

SIZES = (12, 16, 32)
WINDOWS = 20

if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print("| capture | from the first probe on |" + "".join(f" windows of {size} |" for size in sizes) + " median ms |")
    print("|---|---|" + "---|" * (len(sizes) + 1))
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        probes = read(CAPTURES / entry["file"])
        streams, size = by_source(probes), telescope(entry["telescope"]).size
        begins, row, times = [0, *streams.ends[:-1].tolist()], [], []
        for probes_in in (None, *sizes):
            hits, asked = 0, 0
            for begin, end in zip(begins, streams.ends.tolist(), strict=True):
                own = take(probes, streams.order[begin:end])
                if end - begin < 100:
                    continue
                starts = np.linspace(0, end - begin - (probes_in or 0) - 1, WINDOWS).astype(int) if probes_in else [0]
                for start in starts:
                    part = slice(start, start + probes_in if probes_in else None)
                    begun = time.perf_counter()
                    seconds = (own.time_ns[part] - own.time_ns[start]) / 1e9
                    hits += find(seconds, own.dst[part], size) is not None
                    times.append(1e3 * (time.perf_counter() - begun))
                    asked += 1
            row.append(f" {hits} of {asked} |")
        print(f"| {entry['file'].removesuffix('.pcap.gz')} |{''.join(row)} {np.median(times):.0f} |", flush=True)
