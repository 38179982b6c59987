"""Headers blanked: order, coverage and gait alone name the real ZMap, Masscan and Nmap scans with the bundled library."""

import json
from pathlib import Path

import numpy as np
import pytest

from scangait.capture import read
from scangait.evidence.library import Library
from scangait.probes import take, without_headers
from scangait.recognise.classify import identify
from scangait.telescope import telescope

CAPTURES = Path(__file__).resolve().parents[2] / "examples" / "captures"
ENTRIES = json.loads((CAPTURES / "manifest.json").read_text())
LEAST = 500


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"].split(".pcap")[0] for entry in ENTRIES])
def test_a_real_scan_is_named_without_its_headers(entry):
    probes = without_headers(read(CAPTURES / entry["file"]))
    sources, counts = np.unique(probes.src, return_counts=True)
    for source in sources[counts >= LEAST]:
        verdicts = identify(take(probes, probes.src == source), Library.bundled(), telescope(entry["telescope"]))
        assert verdicts[0].label == entry["scanner"]
