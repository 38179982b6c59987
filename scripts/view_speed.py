"""How long a darknet's view of a full scan takes: python scripts/view_speed.py."""

import time
from math import inf

from scangait.scanners import masscan_order, zmap_order
from scangait.scanners.logarithm import tables
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.telescope import Telescope, telescope, without

if __name__ == "__main__":
    everything = without(Telescope.ranges([(1, 2**32 - 2)]), telescope(DEFAULT_BLOCKED))
    small, large = telescope("93.184.208.0/20"), telescope("93.0.0.0/8")
    scans = [Scan(version=version, targets=everything, ports=(80,), seed=42) for version in ("2.1", "4.3", "1.3")]
    for turn in ("with compiling", "after"):
        for scan in scans[:2]:
            tables.cache_clear()
            start = time.perf_counter()
            zmap_order.seen(scan, small, inf)
            print(f"zmap {scan.version} /20, {turn}: {1e3 * (time.perf_counter() - start):.1f} ms")
        start = time.perf_counter()
        masscan_order.seen(scans[2], small, 10_000)
        print(f"masscan {scans[2].version} /20, {turn}: {1e3 * (time.perf_counter() - start):.1f} ms")
    start = time.perf_counter()
    zmap_order.seen(scans[0], large, inf)
    print(f"zmap 2.1 /8: {time.perf_counter() - start:.1f} s")
