import json
from pathlib import Path

import numpy as np
import pytest

from scangait.capture import read
from scangait.errors import CaptureError
from scangait.evidence.labels import label
from scangait.evidence.listed import source_list
from scangait.evidence.marks import marks
from scangait.probes import Probes, without_headers

CAPTURES = Path(__file__).parents[2] / "examples" / "captures"


def random_probes(count, seed=0):
    rng = np.random.default_rng(seed)

    def column(kind):
        return rng.integers(0, np.iinfo(kind).max, count, endpoint=True, dtype=kind)

    names16 = {name: column(np.uint16) for name in ("sport", "dport", "ip_id", "length", "window", "mss")}
    return Probes(
        time_ns=np.arange(count),
        src=column(np.uint32),
        dst=column(np.uint32),
        proto=np.full(count, 6, np.uint8),
        ttl=column(np.uint8),
        df=rng.random(count) < 0.5,
        seq=column(np.uint32),
        options=column(np.uint64),
        **names16,
    )


@pytest.mark.parametrize("entry", json.loads((CAPTURES / "manifest.json").read_text()), ids=lambda entry: entry["file"])
def test_every_example_bears_the_marks_of_its_tool(entry):
    found = label(read(CAPTURES / entry["file"]))
    assert np.mean(found.label == entry["scanner"]) > 0.999
    assert found.conflicts <= 1  # chance: 2^-16 for each probe of Masscan's relation


def test_random_headers_bear_marks_no_more_often_than_by_accident():
    count = 1_000_000
    for mark in marks(random_probes(count)):
        expected = count * mark.signature.accident
        assert mark.found.sum() <= expected + 5 * np.sqrt(expected) + 5, mark.label


def test_without_headers_nothing_is_marked():
    assert not marks(without_headers(random_probes(10)))


def test_marks_come_before_the_source_list_and_conflicts_are_counted(tmp_path):
    probes = read(CAPTURES / "zmap-p80-r400-s2035525363.pcap.gz")
    path = tmp_path / "list.csv"
    path.write_text("prefix,label\n198.18.0.0/16,Shodan\n")
    known = source_list(path)
    assert set(label(probes, known).label) == {"zmap"}
    assert label(probes, known).conflicts == len(probes)
    blank = without_headers(probes)
    found = label(blank, known)
    assert found.reasons == {("shodan", "listed source"): len(blank)}
    assert found.conflicts == 0


@pytest.mark.parametrize("text", ["198.18.0.0/16\n", "x,y\n", "10.0.0.0/8,a\n10.1.0.0/16,b\n"])
def test_a_bad_source_list_is_refused_with_its_row(tmp_path, text):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(CaptureError, match=r"row 1|overlap"):
        source_list(tmp_path / "l.csv")
