import json

import pytest
from click.testing import CliRunner

from scangait.capture import read
from scangait.cli import cli

SCENARIO = """
telescope = "93.184.216.0/22"
start = 2026-03-01T00:00:00Z
days = 2
noise = 0.01
[[scan]]
tool = "zmap:4.3.4"
targets = "93.184.0.0/16"
seed = 3
rate = 500
[[scan]]
tool = "shodan"
ports = "21-25,80"
sources = 4
begin_s = 3600
"""


def run(*words):
    return CliRunner().invoke(cli, ["simulate", *map(str, words)])


def failing(*words):
    done = run(*words)
    assert done.exit_code != 0
    return done.output + str(done.exception)


@pytest.mark.parametrize("suffix", ["pcap", "parquet", "csv"])
def test_a_view_is_written_and_read_back(tmp_path, suffix):
    out = tmp_path / f"view.{suffix}"
    words = ("--telescope", "93.184.216.0/22", "--scanner", "zmap:4.3", "--targets", "93.184.0.0/16", "--json")
    done = run(*words, "-o", out)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["labels"] == {"zmap": 1024}
    assert len(read(out)) == 1024


def test_a_scenario_mixes_scans_and_noise(tmp_path):
    (tmp_path / "month.toml").write_text(SCENARIO)
    done = run("--scenario", tmp_path / "month.toml", "-o", tmp_path / "month.parquet")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("simulated data:")
    assert "not public" in done.output
    probes = read(tmp_path / "month.parquet")
    assert set(probes.label.tolist()) == {"zmap", "shodan", ""}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scanner", "angryip"], "known are zmap"),
        (["--scanner", "zmap:0.5"], "no such version"),
        (["--scanner", "zmap", "--rate", "0"], "rate of 0"),
        (["--scanner", "zmap", "--shard", "5/4"], "5/4"),
        (["--scanner", "zmap", "--blocklist", "93.184.0.0/16"], "never probes"),
        (["--scanner", "nmap", "--mode", "fast"], "no mode"),
        ([], "--scanner"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, words, message):
    assert message in failing("--telescope", "93.184.216.0/22", "-o", tmp_path / "x.pcap", *words)
    assert not (tmp_path / "x.pcap").exists()


def test_overlapping_prefixes_are_joined_and_a_bad_scenario_is_named(tmp_path):
    words = ("--telescope", "93.184.216.0/22,93.184.217.0/24", "--scanner", "sweeper", "--targets", "93.184.216.0/21")
    assert json.loads(run(*words, "--json", "-o", tmp_path / "x.csv").output)["probes"] == 1024
    (tmp_path / "bad.toml").write_text(SCENARIO.replace("zmap:4.3.4", "zmop"))
    assert "scan 1: 'zmop'" in failing("--scenario", tmp_path / "bad.toml", "-o", tmp_path / "x.pcap")
