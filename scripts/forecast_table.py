"""How well a proven walk foretells its next 50 probes: python scripts/forecast_table.py; simulated scans."""

import numpy as np
from walk_table import JITTER_S, SCOPE, TARGETS, WOBBLE

from scangait.evidence.forecast import forecast
from scangait.evidence.walk import find
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import simulate

RUNS, NEXT = 20, 50


def run(version, threads, loss, seen, seed):
    """(order exact, time errors over the mean gap (NEXT,)) of one scan of which `seen` probes were captured."""
    rng = np.random.default_rng(seed)
    rate = 10 ** rng.uniform(3, 6)
    scan = Scan(version=version, targets=TARGETS, ports=(80,), seed=seed + 1, rate=rate, threads=threads)
    whole = simulate(SCANNERS["zmap"], scan, SCOPE, rng, jitter_s=JITTER_S)
    seconds = (whole.time_ns - whole.time_ns[0]) / 1e9
    seconds = seconds + WOBBLE * seconds[-1] / 40 * np.sin(40 * seconds / seconds[-1])
    first = int(rng.integers(0, len(whole) - seen - NEXT - 1))
    kept = first + np.flatnonzero(rng.random(seen) >= loss)
    line = find(seconds[kept] - seconds[kept[0]], whole.dst[kept], SCOPE.size)
    if line is None:
        return False, np.full(NEXT, np.inf)
    ahead = forecast(line, seconds[kept] - seconds[kept[0]], whole.dst[kept], SCOPE)
    coming = slice(first + seen, first + seen + NEXT)
    place = (whole.dst[coming] - SCOPE.first[0]).astype(np.int64)
    known = ahead.place.tolist()
    after = known[known.index(place[0]) :][:NEXT] if place[0] in known else []
    at = dict(zip(known, ahead.at_s, strict=True))
    gap = seconds[-1] / len(seconds)
    pairs = zip(place.tolist(), seconds[coming].tolist(), strict=True)
    error = [abs(at.get(one, np.inf) + seconds[kept[0]] - t) / gap for one, t in pairs]
    return after == place.tolist(), np.array(error)


if __name__ == "__main__":
    print("Simulated full scans by a /20: the next 50 in exact order; error of their times in mean gaps (median, 95 %)")
    single = [(v, 1, x, k) for v in ("2.1", "3.0", "4.3") for x in (0.0, 0.15) for k in (16, 100, 1000)]
    for version, threads, loss, seen in single + [("4.3", t, x, 400) for t in (2, 4) for x in (0.0, 0.15)]:
        found = [run(version, threads, loss, seen, seed) for seed in range(RUNS)]
        errors = np.concatenate([error for _, error in found])
        exact, middle, most = sum(ok for ok, _ in found), np.median(errors), np.quantile(errors, 0.95)
        what = f"zmap {version}, {threads} threads, loss {loss:.0%}, {seen} probes seen"
        print(f"{what}: {exact} of {RUNS}; {middle:.3f}, {most:.3f}")
