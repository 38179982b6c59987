"""The walk proof, on simulated scans and on real captures; nothing else is called a walk."""

from pathlib import Path

import numpy as np
import pytest

from scangait.capture import read
from scangait.evidence.walk import find
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED, walk
from scangait.telescope import Telescope, telescope, without

CAPTURES = Path(__file__).resolve().parents[2] / "examples" / "captures"
SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))


def windows(tool, version, seed, probes, count):
    rng = np.random.default_rng(seed)
    scan = Scan(version=version, targets=TARGETS, ports=(80,), seed=seed, rate=10 ** rng.uniform(3, 6))
    view = SCANNERS[tool].view(scan, SCOPE, rng)
    order = np.argsort(view.time_ns)[rng.random(len(view)) >= 0.1]
    for start in range(0, 100 * count, 100):
        part = order[start : start + probes]
        yield scan, (view.time_ns[part] - view.time_ns[part[0]]) / 1e9, view.dst[part]


@pytest.mark.parametrize("version", ["2.1", "3.0", "4.3"])
@pytest.mark.parametrize("probes", [8, 16])
def test_a_full_scan_is_proven_and_its_generator_found(version, probes):
    for scan, seconds, dst in windows("zmap", version, 5, probes, 8):
        line = find(seconds, dst, SCOPE.size)
        assert line is not None
        assert line.generator == walk(scan).generator


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_a_slow_scan_of_a_near_range_is_proven_though_its_batches_hit_several_times(threads):
    near = telescope("93.184.0.0/16")
    scan = Scan(version="4.3", targets=near, ports=(80,), seed=threads, rate=200.0, threads=threads, duration_s=1e9)
    view = SCANNERS["zmap"].view(scan, SCOPE, np.random.default_rng(threads))
    order = np.argsort(view.time_ns)[500:800]
    line = find((view.time_ns[order] - view.time_ns[order[0]]) / 1e9, view.dst[order], SCOPE.size)
    assert line is not None
    assert line.ground.name == "a /16"


def test_draws_in_bursts_in_a_near_range_are_no_walk():
    rng = np.random.default_rng(2)
    for _ in range(20):
        seconds = np.repeat(np.cumsum(rng.exponential(1.0, 50)), 4)
        dst = (rng.choice(4096, 200, replace=False) + int(SCOPE.first[0])).astype(np.uint32)
        assert find(seconds, dst, SCOPE.size) is None


@pytest.mark.parametrize("version", ["1.0", "1.3"])
def test_masscan_is_no_walk(version):
    assert not any(find(seconds, dst, SCOPE.size) for _, seconds, dst in windows("masscan", version, 7, 12, 10))


def test_a_random_walk_is_none():
    rng = np.random.default_rng(1)
    for _ in range(20):
        seconds = np.cumsum(rng.exponential(100, 12))
        dst = (rng.choice(4096, 12, replace=False) + int(SCOPE.first[0])).astype(np.uint32)
        assert find(seconds, dst, SCOPE.size) is None


@pytest.mark.parametrize(
    ("name", "proven"),
    [
        ("zmap-p21-r800-s2096491879", True),
        ("zmap-p80-r400-s2035525363", True),
        ("wide-zmap2.1.1-p80-r120000", True),
        ("wide-zmap3.0.0-p23-r150000", True),
        ("masscan-p110-r400-s84196940", False),
        ("nmap-p80-T4-r1000", False),
        ("wide-masscan1.3.2-p22-r120000", False),
    ],
)
def test_real_captures(name, proven):
    probes = read(CAPTURES / f"{name}.pcap.gz")
    part = slice(200, 200 + 16)
    line = find((probes.time_ns[part] - probes.time_ns[200]) / 1e9, probes.dst[part], 4096)
    assert (line is not None) == proven
