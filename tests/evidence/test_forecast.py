"""What a proven walk foretells is what the simulated scan then does."""

import numpy as np
import pytest

from scangait.evidence.forecast import _unrolled, forecast
from scangait.evidence.ground import Line, grounds
from scangait.evidence.walk import find
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import simulate
from scangait.telescope import Telescope, position, telescope, without

SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
NEXT = 50


@pytest.mark.parametrize(("version", "threads"), [("2.1", 1), ("3.0", 1), ("4.3", 1), ("4.3", 3)])
@pytest.mark.parametrize("loss", [0.0, 0.15])
def test_the_next_probes_are_foretold(version, threads, loss):
    rng = np.random.default_rng(threads)
    scan = Scan(version=version, targets=TARGETS, ports=(80,), seed=11, rate=1e5, threads=threads)
    whole = simulate(SCANNERS["zmap"], scan, SCOPE, rng)
    first, seen = 900, 400
    seconds = (whole.time_ns - whole.time_ns[first]) / 1e9
    place = position(SCOPE, whole.dst)
    kept = np.flatnonzero(rng.random(seen) >= loss) + first
    kept[0] = first
    line = find(seconds[kept], whole.dst[kept], SCOPE.size)
    ahead = forecast(line, seconds[kept], whole.dst[kept], SCOPE)
    coming = slice(kept[-1] + 1, kept[-1] + 1 + NEXT)
    gap = seconds[-1] / len(seconds)
    assert ahead.place[:NEXT].tolist() == place[coming].tolist()
    assert np.median(np.abs(ahead.at_s[:NEXT] - seconds[coming])) < 0.2 * gap
    assert ahead.loss == pytest.approx(loss, abs=0.08)
    assert ahead.rate == pytest.approx(1e5, rel=0.04)


@pytest.mark.parametrize("threads", [1, 3])
def test_logarithms_are_unrolled_as_whole_numbers_say(threads):
    rng, ground = np.random.default_rng(threads), grounds(np.array([0x5DB8D000], np.uint32))[0]
    order = ground.group.order
    x, mu, base, first = rng.integers(0, order, 300), 2**31 + 7, 123_456_789, 1e9
    x[::7] = -1
    thread, height = _unrolled(Line(ground, mu, 1.0, threads, 0, 0, 0.0), x, int(x[1]), threads, float(base), first)
    around = [(one - int(x[1])) * mu % order - base for one in x.tolist()]
    own = [min(one % order * threads // order, threads - 1) for one in around]
    expected = [first + one % order - number * order / threads for one, number in zip(around, own, strict=True)]
    assert np.isnan(height[x < 0]).all()
    assert thread[x >= 0].tolist() == np.array(own)[x >= 0].tolist()
    assert height[x >= 0].tolist() == pytest.approx(np.array(expected)[x >= 0].tolist(), abs=1e-3)
