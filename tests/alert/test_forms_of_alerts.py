import doctest
import io
import ipaddress
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from alert_samples import NASTY, WALK, alert, alerts
from hypothesis import given
from parsezeeklogs import ZeekLog
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
from schemas import CEF_KEYS, ECS, ECS_KINDS, ECS_TYPES_OF, OCSF_FINDING, OCSF_REQUIRED

from scangait.alert import dispatch, metrics, outputs, plain, zeek
from scangait.alert.alert import Alert, identity, masked, reasons, summary
from scangait.alert.formats import FORMATS

EVENTS = ("opened", "changed", "closed")


@pytest.mark.parametrize("form", FORMATS)
@given(one=alerts)
def test_every_form_is_one_line_that_says_its_number(form, one):
    line = FORMATS[form].line(one)
    assert len(line.splitlines()) == 1 or form in {"json", "ecs", "ocsf", "zeek-json"}
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    assert int(re.search(FORMATS[form].number, line)[1]) == one.sequence


@given(one=alerts)
def test_json_lines_come_back_as_the_same_alert(one):
    assert msgspec.json.decode(FORMATS["json"].line(one), type=Alert) == one


def flat(node, prefix=""):
    for name, value in node.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


CHECKS = {
    "date": lambda value: datetime.fromisoformat(value).tzinfo is not None,
    "long": lambda value: isinstance(value, int) and -(2**63) <= value < 2**63,
    "ip": lambda value: bool(ipaddress.ip_address(value)),
    "keyword": lambda value: isinstance(value, str),
    "match_only_text": lambda value: isinstance(value, str),
}


@given(one=alerts)
def test_ecs_has_only_published_fields_of_the_published_types(one):
    said = json.loads(FORMATS["ecs"].line(one))
    own = said.pop("scangait")
    assert own["scan"] == one.verdict.scan
    for name, value in flat(said):
        kind, normal = ECS[name]
        values = value if normal else [value]
        assert isinstance(value, list) == bool(normal), name
        assert all(CHECKS[kind](piece) for piece in values), name
    event = said["event"]
    assert event["kind"] in ECS_KINDS
    assert set(event["type"]) <= set().union(*(ECS_TYPES_OF[category] for category in event["category"]))
    assert event["id"] == identity(one)
    assert ("tags" in said) == one.verdict.simulated


def agrees(value, schema, path=""):
    if isinstance(schema, dict):
        assert isinstance(value, dict), path
        for name, piece in value.items() if schema else ():
            assert name in schema, f"{path}.{name}"
            agrees(piece, schema[name], f"{path}.{name}")
    elif isinstance(schema, list):
        for piece in value:
            agrees(piece, schema[0], f"{path}[]")
    else:
        kind = {"integer": int, "timestamp": int, "string": str, "boolean": bool}[schema]
        assert type(value) is kind, path


@given(one=alerts)
def test_ocsf_has_only_attributes_of_the_schema_and_all_it_requires(one):
    said = json.loads(FORMATS["ocsf"].line(one))
    agrees(said, OCSF_FINDING)
    assert set(said) >= OCSF_REQUIRED
    assert (said["class_uid"], said["category_uid"]) == (2004, 2)
    assert said["type_uid"] == said["class_uid"] * 100 + said["activity_id"]
    assert said["metadata"]["version"] == "1.8.0"
    for evidence in said["evidences"]:
        assert evidence["src_endpoint"]["ip"]
        assert evidence["dst_endpoint"]["name"] == "telescope"


@given(one=alerts)
def test_ocsf_is_read_by_an_independent_model_of_it(one):
    finding = DetectionFinding.model_validate_json(FORMATS["ocsf"].line(one))
    assert finding.finding_info.uid == one.verdict.scan
    assert finding.time == one.time_ns // 1_000_000
    assert finding.message == summary(one)


@given(one=alerts)
def test_zeek_tsv_comes_back_from_a_zeek_reader(one):
    text = zeek.head(one.time_ns) + FORMATS["zeek"].line(one) + "\n"
    assert len(text.splitlines()[-1].split("\t")) == len(zeek.COLUMNS)
    # Read as bytes do: only a line feed ends a line.
    (record,) = list(ZeekLog(io.StringIO(text, newline="\n")))
    expected = f"{summary(one)}: {reasons(one.verdict)}"
    assert record["msg"] == expected
    assert record["n"] == one.verdict.probes
    assert record["note"] == f"Scangait::Scan_{one.event.capitalize()}"
    assert record["src"] == (one.verdict.sources[0] if one.verdict.sources else None)
    assert record["actions"] == ["Notice::ACTION_LOG"]
    assert record["email_dest"] == []
    assert record["fuid"] is None


@given(one=alerts)
def test_zeek_json_has_the_columns_of_notice_log(one):
    said = json.loads(FORMATS["zeek-json"].line(one))
    assert set(said) <= set(zeek.COLUMNS)
    assert said["ts"] == pytest.approx(one.time_ns / 1e9, abs=2e-6)
    assert said["sub"].startswith(f"#{one.sequence} ")


def by_cef(line):
    """Header fields and extension of a CEF line, by the rules of the format."""
    head = re.findall(r"((?:[^\\|]|\\.)*)\|", line)[:7]
    extension = line[sum(len(field) + 1 for field in head) :]
    parts = re.split(r"(?:^| )([A-Za-z0-9]+)=", extension)
    values = {
        key: re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), value)
        for key, value in zip(parts[1::2], parts[2::2], strict=True)
    }
    return [re.sub(r"\\(.)", r"\1", field) for field in head], values


def visible(text):
    """What is left of a text in a CEF value: its lines, and a space for any other control character."""
    return "".join(
        piece if piece in "\r\n" else plain.UNSAFE.sub(" ", piece) for piece in re.split(r"([\r\n])", text) if piece
    )


@given(one=alerts)
def test_cef_comes_back_whole_from_its_own_rules(one):
    head, values = by_cef(FORMATS["cef"].line(one))
    assert head[:3] == ["CEF:0", "scangait", "scangait"]
    assert head[4] == f"scan-{one.event}"
    assert head[5] == plain.UNSAFE.sub(" ", f"{one.verdict.label} scan {one.event}")
    assert head[6] in {"1", "3"}
    assert set(values) <= set(CEF_KEYS)
    for key, longest in CEF_KEYS.items():
        if longest and key in values:
            assert len(values[key]) <= longest
    assert values["externalId"] == str(one.sequence)
    assert values["msg"] == visible(summary(one)[:1023])
    if reason := visible(reasons(one.verdict)):
        assert values["cs4"] == reason
    assert values["cat"] == ("simulated" if one.verdict.simulated else "scan")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("form", FORMATS)
def test_simulated_scans_say_so_in_every_form(form, event):
    assert "simulated" in FORMATS[form].line(alert(event=event)).lower()
    assert '"SIMULATED' not in FORMATS[form].line(alert(event=event, simulated=False))


@pytest.mark.parametrize("form", FORMATS)
def test_a_masked_alert_names_no_address_of_the_telescope(form):
    one = alert(walk=WALK)
    assert "198.51.100.77" not in FORMATS[form].line(masked(one))
    assert masked(alert()) == alert()


def test_free_text_cannot_drive_a_terminal():
    line = FORMATS["text"].line(alert(contradiction=NASTY))
    assert line.isprintable()
    assert "\\x1b[31m" in line


@pytest.mark.parametrize("module", [plain, outputs, metrics, dispatch], ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module):
    assert not doctest.testmod(module).failed


@given(one=alerts)
def test_stamps_are_exact_to_the_nanosecond(one):
    text = plain.stamp(one.time_ns)
    whole = int(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp())
    assert whole * 10**9 + int(text[20:29]) == one.time_ns


def test_the_docs_of_outputs_run_and_name_every_form_and_target():
    path = Path(__file__).parents[2] / "docs" / "outputs.md"
    result = doctest.testfile(str(path), module_relative=False)
    assert result.attempted > len(FORMATS)
    assert not result.failed
    for word in [*FORMATS, *outputs.CARRIERS, *Alert.__struct_fields__]:
        assert word in path.read_text() or word in {"format", "file"}
