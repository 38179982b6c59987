import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scangait.recognise.results import Evaluation, Identification, Verdict, load

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "examples" / "captures"
ZMAP = CAPTURES / "zmap-p80-r400-s2035525363.pcap.gz"


def scangait(*words, stdin=None):
    program = [sys.executable, "-c", "from scangait.cli import main; main()"]
    return subprocess.run([*program, *map(str, words)], input=stdin, capture_output=True, check=False)


def test_identify_prints_one_json_verdict_per_scan():
    done = scangait("identify", ZMAP, "--json")
    verdict = msgspec.json.decode(done.stdout, type=Verdict)
    assert (done.returncode, verdict.label, verdict.version, verdict.probes) == (0, "zmap", "<=2.1", 4096)
    assert {evidence.kind for evidence in verdict.evidence} == {
        "movement",
        "intensity",
        "coverage",
        "signature",
        "walk",
    }
    assert verdict.confidence > 0.99


def test_standard_input_gives_the_same_verdict():
    from_file, from_pipe = (
        scangait("identify", ZMAP, "--json"),
        scangait("identify", "-", "--json", stdin=ZMAP.read_bytes()),
    )
    assert from_pipe.stdout == from_file.stdout


def test_every_example_capture_is_named_right():
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        done = scangait("identify", CAPTURES / entry["file"], "--telescope", entry["telescope"], "--json")
        verdicts = [json.loads(line) for line in done.stdout.splitlines()]
        assert {verdict["label"] for verdict in verdicts if verdict["probes"] > 100} == {entry["scanner"]}, entry[
            "file"
        ]


def test_shards_are_shown_as_one_campaign(tmp_path):
    shards = CAPTURES / "zmapshard2-p80-r600.pcap.gz"
    scope = ("--telescope", "198.19.16.0/20")
    verdicts = [json.loads(line) for line in scangait("identify", shards, *scope, "--json").stdout.splitlines()]
    (named,) = {verdict["campaign"] for verdict in verdicts}
    saved, drawn = tmp_path / "r.json", tmp_path / "r.html"
    shown = scangait("identify", shards, *scope, "--save", saved, "--report", drawn)
    (campaign,) = load(saved).campaigns
    assert campaign.campaign == named
    assert set(campaign.scans) == {verdict["scan"] for verdict in verdicts}
    assert campaign.label == "zmap"
    for text in (shown.stdout.decode(), drawn.read_text()):
        assert named in text
        assert "one ZMap walk" in text


def test_a_saved_result_is_shown_as_it_was(tmp_path):
    first = scangait("identify", ZMAP, "--save", tmp_path / "r.json", "--report", tmp_path / "r.html")
    again = scangait("show", tmp_path / "r.json", "--report", tmp_path / "again.html")
    assert first.stdout.splitlines()[:5] == again.stdout.splitlines()[:5]
    assert (tmp_path / "r.html").read_bytes() == (tmp_path / "again.html").read_bytes()
    assert isinstance(load(tmp_path / "r.json"), Identification)


def test_label_learn_identify_and_evaluate_follow_one_another(tmp_path):
    labelled, library = tmp_path / "l.parquet", tmp_path / "mine.json"
    some = [ZMAP, *CAPTURES.glob("nmap-p80*"), CAPTURES / "masscanmulti0-r1500.pcap.gz"]
    assert scangait("label", *some, "-o", labelled).returncode == 0
    assert scangait("learn", labelled, "-o", library).returncode == 0
    done = scangait("identify", ZMAP, "--library", library, "--json", "--evidence", "movement", "--false-alarm", 1)
    assert json.loads(done.stdout)["label"] == "zmap"
    saved = tmp_path / "e.json"
    shares = ["--ours", "--learn-share", "0.5", "--test-share", "0.3"]
    done = scangait("evaluate", labelled, *shares, "--save", saved, "--report", tmp_path / "e.html")
    assert done.returncode == 0, done.stderr
    result = load(saved)
    assert isinstance(result, Evaluation)
    assert [movement.movement for movement in result.movements] == ["spatial", "temporal", "joint"]


def cut(path, tmp_path, size):
    (tmp_path / "cut.gz").write_bytes(path.read_bytes()[:size])
    return tmp_path / "cut.gz"


def test_a_truncated_capture_is_used_and_the_warning_is_shown(tmp_path):
    done = scangait("identify", cut(ZMAP, tmp_path, 50_000))
    assert done.returncode == 0
    assert b"Warning" in done.stdout
    assert b"zmap" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["identify", "nothing.pcap"], "no such file"),
        (["identify", ROOT / "Makefile"], "not a capture"),
        (["identify", ZMAP, "--telescope", "203.0.113.0/24"], "none of the 4096 probes"),
        (["identify", ZMAP, "--telescope", "203.0.113.0/99"], "is not an IPv4 prefix"),
        (["identify", ZMAP, "--library", ROOT / "pyproject.toml"], "damaged library"),
        (["identify", ZMAP, "--library", "none.json"], "scangait learn"),
        (["identify", ZMAP, "--report", "no/such/folder/r.html"], "cannot be written"),
        (["learn", ZMAP, "-o", "never.json"], "no probe has a label"),
        (["evaluate", ZMAP], "no probe has a label"),
        (["label", ZMAP, "--sources", ROOT / "LICENSE", "-o", "never.parquet"], "row "),
        (["show", ROOT / "README.md"], "not a saved result"),
    ],
)
def test_bad_input_gets_one_clear_line_and_exit_code_1(words, message):
    done = scangait(*words)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert len(lines) == 1
    assert message in lines[0]
    assert not Path("never.json").exists()
    assert not Path("never.parquet").exists()


def test_debug_shows_the_traceback():
    assert b"Traceback" in scangait("--debug", "identify", "nothing.pcap").stderr
