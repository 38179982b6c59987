"""Runs that one source sends to one port at the same time are told apart; what is one run stays one (simulated)."""

import numpy as np
import pytest

from scangait.evidence.case import Case
from scangait.evidence.library import Library
from scangait.gait.samples import samples
from scangait.gait.streams import by_source
from scangait.probes import without_headers
from scangait.recipe import Recipe
from scangait.recognise.classify import identify
from scangait.recognise.unmix import unmixed
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.view import mixed, simulate
from scangait.telescope import Telescope, telescope, without

SCOPE = telescope("93.184.208.0/20")
TARGETS = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))


def run(tool, version, seed, seconds=6000.0, **changes):
    scan = Scan(version=version, targets=TARGETS, ports=(80,), seed=seed, rate=2e5, duration_s=seconds, **changes)
    return simulate(SCANNERS[tool], scan, SCOPE, np.random.default_rng(seed))


def parts(probes):
    found = samples(probes, by_source(probes), SCOPE, Recipe())
    return unmixed(Case(probes, found, SCOPE, Library.bundled())).samples


@pytest.mark.parametrize("headers", [True, False])
def test_two_zmap_scans_at_once_are_two(headers):
    probes = mixed([run("zmap", "3.0", 5), run("zmap", "4.3", 6)])
    truth = np.isin(np.arange(len(probes)), np.flatnonzero(probes.ttl == 64))
    found = parts(probes if headers else without_headers(probes))
    large = [part for part in found if len(part.members) > 100]
    assert len(large) == 2
    for part in large:
        share = truth[part.members].mean()
        assert min(share, 1 - share) < 0.02


def test_two_tools_at_once_are_named_both():
    probes = mixed([run("zmap", "4.3", 5), run("masscan", "1.3", 6)])
    named = {verdict.label: verdict.probes for verdict in identify(probes, Library.bundled(), SCOPE)}
    assert named["zmap"] > 200
    assert named["masscan"] > 200


@pytest.mark.parametrize(
    ("tool", "version", "threads"), [("zmap", "2.1", 1), ("zmap", "4.3", 4), ("masscan", "1.3", 1)]
)
def test_one_run_stays_one(tool, version, threads):
    probes = run(tool, version, 9, threads=threads)
    assert [len(part.members) for part in parts(probes)] == [len(probes)]


def test_a_part_keeps_the_order_of_time():
    for part in parts(mixed([run("zmap", "3.0", 5), run("zmap", "3.0", 6)])):
        assert np.all(np.diff(part.time_ns) >= 0)
        assert len(part.broken) == len(part.members) - 1
