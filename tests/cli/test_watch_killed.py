"""Kill a watch at any moment and go on: every alert is in the file once, as if nothing had happened (simulated)."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from threading import Event, Thread

import msgspec
import numpy as np
import pytest
from watched import LIBRARY, SCOPE, batched, day

from scangait.alert.alert import Alert
from scangait.alert.dispatch import Dispatcher
from scangait.alert.metrics import Metrics
from scangait.alert.outputs import Choices
from scangait.capture.batch import Batch, Tally
from scangait.capture.pcap_write import write_pcap
from scangait.capture.position import Position
from scangait.cli.live import Session
from scangait.errors import CheckpointError, OutputError
from scangait.probes import concat, in_time_order, take
from scangait.recognise.live import checkpoint
from scangait.recognise.live.watch import Watch

COMMAND = [sys.executable, "-c", "from scangait.cli import main; main()", "watch"]


def source(probes, since, size, pause=0.0):
    """Batches of the probes behind a position, cut anew in every life."""
    rest = take(probes, slice(since.offset if since else 0, None))
    at = since.offset if since else 0
    for batch in batched(rest, range(size, len(rest), size)):
        at += len(batch)
        time.sleep(pause)
        yield Batch(batch, Tally({"probes": len(batch)}), Position(f"hour{at * 3 // len(probes)}", at))


def life(probes, folder, size, *, pause=0.0, log=lambda line: None, way_back=True, stop=None):
    """One run from the checkpoint to the end."""
    watch = Watch(LIBRARY, SCOPE, memory=1 << 22)
    mark = checkpoint.load(folder / "checkpoint.npz", watch)
    dispatcher = Dispatcher(
        {f"json={folder}/alerts": Choices()},
        folder / "spool",
        resumed=mark.sequence if mark and way_back else None,
        log=log,
    )
    since, mark = mark and mark.position, mark or checkpoint.Mark()
    session = Session(
        watch, dispatcher, mark, folder / "checkpoint.npz", seconds=0.05, way_back=way_back, log=log, metrics=Metrics()
    )
    session.keep()
    session.run(source(probes, since, size, pause), stop or Event())
    dispatcher.close()
    return session


def killed(probes, folder, size, seconds):
    """One run that is killed after so many seconds unless it ends before; whether it ended."""
    child = os.fork()
    if child == 0:
        try:
            Thread(target=lambda: (time.sleep(seconds), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
            life(probes, folder, size, pause=0.002)
        except BaseException:  # noqa: BLE001
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, -signal.SIGKILL}
    return status == 0


def undisturbed(probes, folder):
    session = life(probes, folder, 1500)
    assert not session.watch.open()
    assert session.watch.arena.used == 0
    return (folder / "alerts").read_bytes()


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments_no_word_is_lost_and_none_said_twice(tmp_path, kills):
    probes = day(1)
    (tmp_path / "whole").mkdir()
    expected, done, rounds = undisturbed(probes, tmp_path / "whole"), 0, 0
    assert expected.count(b"\n") > 10
    rng = random.Random(kills)
    while done < kills:
        folder = tmp_path / f"killed{rounds}"
        folder.mkdir()
        while done < kills and not killed(probes, folder, rng.randint(50, 400), rng.uniform(0.01, 0.6)):
            done += 1
        life(probes, folder, 700)
        assert (folder / "alerts").read_bytes() == expected
        rounds += 1


def test_a_pipe_that_was_broken_off_loses_no_alert_that_comes_afterwards(tmp_path):
    probes, (before, after) = day(1), (tmp_path / "before", tmp_path / "after")
    before.mkdir()
    stop = Event()
    stop.set()  # the end of the first part is no end of the scans
    first = life(take(probes, slice(0, 4000)), before, 500, way_back=False, stop=stop)
    assert checkpoint.load(before / "checkpoint.npz", Watch(LIBRARY, SCOPE, memory=1 << 22)).sequence == first.sequence
    shutil.copytree(before, after)
    second = life(probes, after, 500, way_back=False)
    lines = [msgspec.json.decode(line, type=Alert) for line in (after / "alerts").read_bytes().splitlines()]
    assert [alert.sequence for alert in lines] == list(range(1, second.sequence + 1))
    assert second.sequence > first.sequence > 0


def test_a_look_for_quiet_scans_that_was_broken_off_is_made_again(tmp_path):
    probes = day(1)
    watch = Watch(LIBRARY, SCOPE, memory=1 << 22)
    before = list(watch.take(take(probes, slice(0, 4000))))
    now_ns = watch.arena.clock_ns + 100 * 3600 * 10**9
    assert watch.would_close(now_ns)
    checkpoint.save(tmp_path / "c", watch, checkpoint.Mark(sequence=len(before), idle_ns=now_ns))
    expected = list(watch.idle(now_ns))
    assert {event.kind for event in expected} == {"closed"}
    again = Watch(LIBRARY, SCOPE, memory=1 << 22)
    mark = checkpoint.load(tmp_path / "c", again)
    assert mark.sequence == len(before)
    assert list(again.idle(mark.idle_ns)) == expected


def test_a_watch_that_goes_on_says_what_one_says_that_never_stopped(tmp_path):
    probes = day(2)
    one, path = Watch(LIBRARY, SCOPE, memory=1 << 22), tmp_path / "c"
    expected = [event for batch in batched(probes, []) for event in one.take(batch)] + list(one.finish())
    said, watch = [], Watch(LIBRARY, SCOPE, memory=1 << 22)
    for batch in batched(probes, range(600, len(probes), 1700)):
        said += watch.take(batch)
        checkpoint.save(path, watch, checkpoint.Mark())
        watch = Watch(LIBRARY, SCOPE, memory=1 << 22)
        checkpoint.load(path, watch)
    assert said + list(watch.finish()) == expected


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_checkpoint_is_one_line_and_nothing_is_begun(tmp_path, damage):
    watch, path = Watch(LIBRARY, SCOPE, memory=1 << 22), tmp_path / "c"
    list(watch.take(take(day(1), slice(0, 3000))))
    checkpoint.save(path, watch, checkpoint.Mark())
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle] ^= 255
    path.write_bytes({"cut": raw[:middle], "flipped": raw, "empty": b"", "text": b"hello"}[damage])
    with pytest.raises(CheckpointError, match="damaged") as caught:
        checkpoint.load(path, Watch(LIBRARY, SCOPE, memory=1 << 22))
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_watch_is_refused(tmp_path):
    checkpoint.save(tmp_path / "c", Watch(LIBRARY, SCOPE, memory=1 << 22), checkpoint.Mark())
    with pytest.raises(CheckpointError, match=r"another watch \(sure"):
        checkpoint.load(tmp_path / "c", Watch(LIBRARY, SCOPE, memory=1 << 22, sure=0.5))


def test_a_full_disk_is_said_once_and_the_watch_goes_on(tmp_path, monkeypatch):
    lines, saved = [], checkpoint.save
    calls = iter(range(1000))

    def full(path, watch, mark):
        if next(calls) in {1, 2, 3}:
            raise OutputError(f"{path}: cannot be written (No space left on device); choose another place")
        saved(path, watch, mark)

    monkeypatch.setattr(checkpoint, "save", full)
    session = life(day(1), tmp_path, 200, log=lines.append)
    assert [line for line in lines if "No space" in line or "written again" in line] == lines
    assert len(lines) == 2
    assert session.sequence == (tmp_path / "alerts").read_bytes().count(b"\n")


def test_the_command_goes_on_in_the_next_hourly_file_after_a_kill(tmp_path):
    probes = day(1)
    hours = tmp_path / "hours"
    hours.mkdir()
    parts = batched(probes, [len(probes) // 3, 2 * len(probes) // 3])
    words = [*COMMAND, str(hours), "--telescope", str(SCOPE), "--checkpoint", str(tmp_path / "state"),
             "--output", f"json={tmp_path}/alerts", "--checkpoint-seconds", "1", "--quiet"]  # fmt: skip
    write_pcap(hours / "h0.pcap", parts[0])
    with subprocess.Popen(words, stderr=subprocess.PIPE) as program:
        wait_for(lambda: (tmp_path / "alerts").exists() and b"\n" in (tmp_path / "alerts").read_bytes())
        write_pcap(hours / "h1.pcap", parts[1])
        time.sleep(1.0)
        program.kill()
    write_pcap(hours / "h2.pcap", parts[2])
    subprocess.run([*words, "--once"], check=True, capture_output=True)
    alerts = [msgspec.json.decode(line, type=Alert) for line in (tmp_path / "alerts").read_bytes().splitlines()]
    (tmp_path / "whole").mkdir()
    life(probes, tmp_path / "whole", 1500)
    expected = [
        msgspec.json.decode(line, type=Alert) for line in (tmp_path / "whole" / "alerts").read_bytes().splitlines()
    ]
    assert [alert.sequence for alert in alerts] == list(range(1, len(alerts) + 1))
    assert [a.verdict for a in alerts] == [a.verdict for a in expected]


def test_a_stop_is_clean_and_what_cannot_be_opened_is_one_line(tmp_path):
    write_pcap(tmp_path / "a.pcap", take(day(1), slice(0, 3000)))
    words = [*COMMAND, str(tmp_path / "a.pcap"), "--telescope", str(SCOPE), "--output", "json=-"]
    with subprocess.Popen([*words, "--checkpoint", str(tmp_path / "s")], stdout=subprocess.PIPE) as program:
        wait_for((tmp_path / "s" / "checkpoint.npz").exists)
        program.send_signal(signal.SIGTERM)
        program.wait(20)
        assert program.returncode == 0
    refused = subprocess.run(
        [*words, "--checkpoint", str(tmp_path / "a.pcap" / "s")], capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    unknown = subprocess.run([*COMMAND, str(tmp_path / "a.pcap")], capture_output=True, text=True, check=False)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "--telescope" in unknown.stderr


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_memory_is_bounded_and_a_scan_in_a_flood_is_named():
    """A flood of one-packet sources in an arena of a few thousand rows: they go, the scan stays."""
    scan = day(1)
    rng = np.random.default_rng(0)
    sources, counts = np.unique(scan.src, return_counts=True)
    scan = take(scan, scan.src == sources[np.argmax(counts)])
    count = 300_000
    picked = np.sort(rng.integers(0, len(scan), count))
    flood = take(scan, picked)
    object.__setattr__(flood, "src", rng.integers(0, 2**32, count).astype(np.uint32))
    object.__setattr__(flood, "seq", rng.integers(0, 2**32, count).astype(np.uint32))
    watch = Watch(LIBRARY, SCOPE, memory=1 << 20)
    events = [event for batch in batched(in_time_order(concat([scan, flood])), range(9000, count, 9000))
              for event in watch.take(batch)] + list(watch.finish())  # fmt: skip
    named = [event.verdict for event in events if event.kind == "closed"]
    assert watch.dropped > 250_000
    assert sum(verdict.probes for verdict in named if verdict.label == str(scan.label[0])) > 0.9 * len(scan)
