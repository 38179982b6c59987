"""Forged headers bear the marks of the tool they imitate and keep the gait of the one that sent them."""

import numpy as np
import pytest

from scangait.errors import ScannerError
from scangait.evidence.marks import marks
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.forge import worn
from scangait.simulate.view import simulate
from scangait.telescope import Telescope

SCOPE = Telescope.of("198.19.16.0/24")
DRESSED = [name for name, tool in SCANNERS.items() if tool.wear]


@pytest.mark.parametrize("name", DRESSED)
def test_forged_probes_bear_the_marks_of_what_they_wear(name):
    scan = Scan(version="any", targets=SCOPE, ports=(80,), rate=100.0)
    sent = simulate(SCANNERS["sweeper"], scan, SCOPE, np.random.default_rng(1))
    for version in SCANNERS[name].versions:
        forged = worn(sent, SCANNERS[name], np.random.default_rng(2), version)
        assert any(mark.found.all() for mark in marks(forged) if mark.label == name)
        for kept in ("time_ns", "src", "dst", "dport", "label"):
            assert np.array_equal(getattr(forged, kept), getattr(sent, kept)), kept


def test_a_tool_without_marks_cannot_be_worn():
    sent = simulate(
        SCANNERS["sweeper"],
        Scan(version="any", targets=SCOPE, ports=(80,), rate=100.0),
        SCOPE,
        np.random.default_rng(1),
    )
    with pytest.raises(ScannerError, match="no header fields"):
        worn(sent, SCANNERS["shodan"], np.random.default_rng(2))
