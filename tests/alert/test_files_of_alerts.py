import os
import subprocess
import sys
from threading import Thread

import pytest
from alert_samples import alert
from hypothesis import given
from hypothesis import strategies as st

from scangait.alert.file import FileOutput
from scangait.alert.formats import FORMATS
from scangait.alert.outputs import Choices, open_output, parsed
from scangait.errors import OutputError


def numbers(folder):
    """The sequence in each line of all files, oldest file first."""
    import msgspec

    aside = sorted(path for path in folder.iterdir() if path.name != "a.json")
    lines = [line for path in [*aside, folder / "a.json"] for line in path.read_bytes().splitlines()]
    return [msgspec.json.decode(line)["sequence"] for line in lines]


def fill(out):
    for sequence in range(1, 100):
        out.write(alert(sequence))


def test_lines_are_appended_and_a_file_is_never_emptied(tmp_path):
    for start in (1, 3):
        out = open_output(f"json={tmp_path / 'a.json'}")
        out.write(alert(start))
        out.write(alert(start + 1))
        out.close()
    assert numbers(tmp_path) == [1, 2, 3, 4]


def test_rotation_by_size_loses_and_repeats_no_line(tmp_path):
    out = FileOutput(tmp_path / "a.json", FORMATS["json"], rotate_bytes=2500)
    for sequence in range(1, 41):
        out.write(alert(sequence))
    out.close()
    assert numbers(tmp_path) == list(range(1, 41))
    assert len(list(tmp_path.iterdir())) > 5


def test_rotation_by_time_begins_a_file_in_each_period(tmp_path, monkeypatch):
    now = 1_700_000_000.0
    monkeypatch.setattr("scangait.alert.file.time.time", lambda: now)
    out = FileOutput(tmp_path / "a.json", FORMATS["json"], rotate_seconds=3600)
    for sequence in range(1, 7):
        out.write(alert(sequence))
        now += 1800
    out.close()
    assert numbers(tmp_path) == [1, 2, 3, 4, 5, 6]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_another_program_renames_is_begun_again(tmp_path):
    out = FileOutput(tmp_path / "a.json", FORMATS["json"])
    out.write(alert(1))
    (tmp_path / "a.json").rename(tmp_path / "a.json.1")
    out.write(alert(2))
    (tmp_path / "a.json").unlink()
    out.write(alert(3))
    out.close()
    assert (tmp_path / "a.json.1").read_bytes().count(b"\n") == 1
    assert numbers(tmp_path) == [1, 3]


def test_every_zeek_file_begins_with_its_header(tmp_path):
    out = FileOutput(tmp_path / "n.log", FORMATS["zeek"], rotate_bytes=1500)
    for sequence in range(1, 6):
        out.write(alert(sequence))
    out.close()
    assert all(path.read_text().startswith("#separator \\x09\n") for path in tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMATS)
@given(cut=st.integers(0, 4000), upto=st.integers(1, 6))
def test_killed_at_any_byte_and_resumed_every_line_is_there_once(tmp_path_factory, form, cut, upto):
    path = tmp_path_factory.mktemp("a") / "a.json"
    whole = FileOutput(path, FORMATS[form])
    for sequence in range(1, 6):
        whole.write(alert(sequence))
    whole.close()
    right = path.read_bytes()
    head = len(FORMATS[form].head(0)) if FORMATS[form].head else 0
    os.truncate(path, min(len(right), head + cut))
    again = FileOutput(path, FORMATS[form], resumed=True)
    for sequence in range(1, 6):
        again.write(alert(sequence))
    again.close()
    assert path.read_bytes() == right


def test_resumed_after_a_rotation_the_file_set_aside_still_counts(tmp_path):
    out = FileOutput(tmp_path / "a.json", FORMATS["json"], rotate_bytes=1)
    out.write(alert(1))
    out.write(alert(2))
    out.close()
    (tmp_path / "a.json").rename(tmp_path / "a.json.29990101T000000Z")
    out = FileOutput(tmp_path / "a.json", FORMATS["json"], resumed=True)
    out.write(alert(2))
    out.write(alert(3))
    out.close()
    assert numbers(tmp_path)[-1:] == [3]
    assert sorted(numbers(tmp_path)) == [1, 2, 3]


def test_not_resumed_numbers_may_begin_again(tmp_path):
    for _ in range(2):
        out = open_output(f"json={tmp_path / 'a.json'}", Choices())
        out.write(alert(1))
        out.close()
    assert numbers(tmp_path) == [1, 1]


def test_a_full_disk_is_one_clear_line():
    out = open_output("json=/dev/full")
    with pytest.raises(OutputError, match=r"/dev/full: alerts cannot be written \(No space left on device\)"):
        out.write(alert())
    out.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_fills_keeps_whole_lines_only_and_goes_on_when_there_is_room(tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        out = FileOutput(tmp_path / "a.json", FORMATS["json"])
        with pytest.raises(OutputError, match="No space left"):
            fill(out)
        written = numbers(tmp_path)[-1]
        assert numbers(tmp_path) == list(range(1, written + 1))
        os.truncate(tmp_path / "a.json", 0)
        out.write(alert(written + 1))
        out.close()
        assert numbers(tmp_path) == [written + 1]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(OutputError, match=r"a.json: alerts cannot be written \(No such file or directory\)"):
        open_output(f"json={tmp_path / 'gone' / 'a.json'}")


def test_a_folder_that_may_not_be_written_is_one_clear_line(tmp_path):
    words = (
        "import os, sys\nfrom scangait.alert.outputs import open_output\nfrom scangait.errors import OutputError\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: open_output('json=' + sys.argv[1] + '/a.json')\nexcept OutputError as error: print(error)"
    )
    place = tmp_path / "closed"
    place.mkdir(mode=0o555)
    done = subprocess.run([sys.executable, "-c", words, place], capture_output=True, text=True, check=True)
    assert "alerts cannot be written (Permission denied)" in done.stdout
    assert done.stdout.count("\n") == 1


def test_standard_output_is_a_line_at_a_time():
    words = (
        "import sys; sys.path.insert(0, 'tests/alert')\nfrom alert_samples import alert\n"
        "from scangait.alert.outputs import open_output\nout = open_output('text=-')\n"
        "out.write(alert(1)); out.write(alert(2)); out.close()"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["#1", "#2"]


@pytest.mark.parametrize(
    "spec",
    ["json", "=x", "xml=a", "json=", "json=ftp://host/x", "cef=udp://host", "cef=tcp://:99", "json=http://me:pw@h/",
     "cef=udp://host:99999"],
)  # fmt: skip
def test_a_wrong_output_says_what_to_write(spec):
    with pytest.raises(ValueError, match="output"):
        parsed(spec)


def test_whoever_reads_while_one_writes_sees_what_stays(tmp_path):
    path, seen = tmp_path / "a.json", []
    out = FileOutput(path, FORMATS["json"])
    readers = [Thread(target=lambda: seen.extend(path.read_bytes() for _ in range(200))) for _ in range(2)]
    for reader in readers:
        reader.start()
    for sequence in range(1, 300):
        out.write(alert(sequence))
    for reader in readers:
        reader.join()
    out.close()
    # The system may show the beginning of a line before its end, as to any reader of a log; never anything else.
    assert all(path.read_bytes().startswith(raw) for raw in seen)
