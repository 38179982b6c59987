"""Methods side by side on simulated scans: what can tell tools apart does, what cannot does not; confidence is counted."""

import numpy as np
import pytest

from scangait.probes import concat, in_time_order
from scangait.recognise.compare import METHODS, calibration_error, compare, reliability
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import simulate
from scangait.telescope import Telescope

SCOPE = Telescope.of("198.19.16.0/22")
NEAR = Telescope.of("198.19.16.0/20")


@pytest.fixture(scope="module")
def probes():
    parts = []
    for number, (tool, version) in enumerate((("zmap", "3.0"), ("nmap", "7"), ("sweeper", "any"))):
        for run in range(4):
            scan = Scan(
                version=version, targets=NEAR, ports=(80,), seed=5 + run, rate=400.0, sources=(1000 + 10 * number + run,),
                start_ns=10**18 + run * 4 * 10**12,
            )  # fmt: skip
            parts.append(simulate(SCANNERS[tool], scan, SCOPE, np.random.default_rng(run)))
    return in_time_order(concat(parts))


def test_every_method_has_a_row_and_all_evidence_is_right(probes):
    found = compare(probes, SCOPE, learn_share=0.4, test_share=0.3)
    rows = {row.method: row for row in found.methods}
    assert tuple(rows) == METHODS
    assert rows["all"].balanced_accuracy == 1
    assert rows["joint"].balanced_accuracy > 0.9
    assert rows["walk"].balanced_accuracy < rows["all"].balanced_accuracy
    assert sum(row.count for row in found.reliability) == rows["all"].samples


def test_an_unknown_method_is_refused(probes):
    with pytest.raises(ValueError, match="no such method: luck"):
        compare(probes, SCOPE, ["joint", "luck"])


def test_confidence_that_means_what_it_says_has_no_error():
    honest = reliability([0.75] * 4 + [1.0] * 3, [True, True, True, False] + [True] * 3)
    boast = reliability([0.9] * 10, [True] * 5 + [False] * 5)
    assert calibration_error(honest) == pytest.approx(0)
    assert calibration_error(boast) == pytest.approx(0.4)
