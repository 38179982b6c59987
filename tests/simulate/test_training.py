from collections import Counter
from itertools import islice

import numpy as np
import pytest
from click.testing import CliRunner

from scangait.cli import cli
from scangait.errors import TelescopeError
from scangait.evidence.library import Library
from scangait.recipe import Recipe
from scangait.simulate import training as module
from scangait.simulate.paper import dataset
from scangait.simulate.training import around, runs, training
from scangait.telescope import Telescope, both

SCOPE = Telescope.of("93.184.208.0/20")


def test_every_tool_that_has_a_gait_is_learned():
    assert {label for label, _ in runs(SCOPE)} == {"zmap", "masscan", "nmap", "unicornscan", "sweeper"}
    assert all(both(scan.targets, SCOPE) for _, scan in runs(SCOPE))


@pytest.mark.parametrize("bits", [1, 4, 30])
def test_the_range_around_a_telescope_holds_it(bits):
    near = around(SCOPE, bits)
    assert both(near, SCOPE).size == SCOPE.size
    assert near.size >= min(SCOPE.size * 2**bits, 2**32 - 2)


def test_a_library_is_learned_without_data_and_names_a_simulated_scan(tmp_path, monkeypatch):
    few = [run for run in runs(SCOPE) if run[1].targets.size <= 2**16]
    chosen = [one for label in ("zmap", "masscan", "nmap") for one in islice((r for r in few if r[0] == label), 3)]
    monkeypatch.setattr(module, "runs", lambda scope: iter(chosen))
    out = tmp_path / "mine.json"
    done = CliRunner().invoke(
        cli, ["learn", "--simulate", "--telescope", str(SCOPE), "-o", str(out)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert done.output.startswith("learned from simulated data")
    library = Library.load(out)
    assert "no real packet" in library.provenance
    assert {"zmap", "masscan", "nmap"} <= {candidate.label for candidate in library.candidates}


@pytest.mark.parametrize("words", [["--simulate"], ["--simulate", "x.pcap"], []])
def test_what_is_missing_is_said(words, tmp_path):
    done = CliRunner().invoke(cli, ["learn", *words, "-o", str(tmp_path / "x.json")])
    assert done.exit_code == 2
    assert "--simulate" in done.output


def test_training_is_the_same_every_time(monkeypatch):
    chosen = list(islice(runs(SCOPE), 2))
    monkeypatch.setattr(module, "runs", lambda scope: iter(chosen))
    first, second = training(SCOPE, Recipe()), training(SCOPE, Recipe())
    assert [sample.time_ns.tolist() for sample in first] == [sample.time_ns.tolist() for sample in second]


def test_a_telescope_that_does_not_parse_is_said():
    with pytest.raises(TelescopeError):
        Telescope.of("300.0.0.0/8")


def test_the_papers_data_set_has_the_shape_of_its_table():
    probes, scope = dataset(seed=0, scale=0.01)
    counts = Counter(probes.label.tolist())
    assert counts == {"zmap": 79924, "shodan": 7081}
    zmap = probes.label == "zmap"
    assert len(np.unique(probes.dport[zmap])) <= 28 < len(np.unique(probes.dport[~zmap])) <= 244
    assert len(np.unique(probes.src[~zmap])) == 13
    assert scope.size == 4096
    assert np.all(np.diff(probes.time_ns) >= 0)


def test_evaluate_takes_captures_or_the_papers_data():
    done = CliRunner().invoke(cli, ["evaluate", "--paper", "x.pcap"])
    assert done.exit_code == 2
    assert "--paper" in done.output
