import contextlib
import gzip
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import msgspec
import numpy as np
import pytest
import zstandard
from frames import enhanced, interface, pcap, section, syn
from hypothesis import given, settings
from hypothesis import strategies as st

from scangait.capture import follow as following
from scangait.capture import read
from scangait.capture.feed import Feed
from scangait.capture.folder import stem_of
from scangait.capture.follow import follow
from scangait.capture.position import Position
from scangait.capture.unpack import CHUNK, Unpacker
from scangait.errors import CaptureError
from scangait.probes import columns, concat

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "captures" / "nmap-p80-T4-r1000.pcap.gz"
BEGUN = 1_700_000_000_000_000_000


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("scangait.capture.tail.QUIET_SECONDS", 0.05)


def packets(first, count):
    return [(BEGUN + 1000 * i, syn(i + 1, 99, 4000, 80, seq=i)) for i in range(first, first + count)]


def numbered(batches):
    """The sequence number of every probe, in order."""
    return [int(one) for batch in batches for one in (batch.probes.seq if len(batch.probes) else ())]


def warnings(batches):
    return [text for batch in batches for text in batch.tally.warnings]


def pcapng(first, count):
    """Two interfaces with clocks of their own, described where they are first needed."""
    half = packets(first, count)
    raw = section() + interface()
    for place, (when, ip) in enumerate(half):
        raw += interface(resolution=6) if place == count // 2 else b""
        late = place >= count // 2
        raw += enhanced(when, ip, which=int(late), ticks=10**6 if late else 10**9)
    return raw


MAKERS = {"pcap": lambda first, count: pcap(packets(first, count), nano=True), "pcapng": pcapng}
PACKERS = {"plain": bytes, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


def same_probes(ours, theirs):
    ours, theirs = columns(ours), columns(theirs)
    assert ours.keys() == theirs.keys()
    for name, column in ours.items():
        assert np.array_equal(column, theirs[name]), name


def joined(batches):
    return concat(batch.probes for batch in batches if len(batch.probes))


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", MAKERS)
@given(cuts=st.lists(st.integers(0, 5000), max_size=12), resume=st.integers(0, 40))
@settings(max_examples=40)
def test_cut_into_any_pieces_and_resumed_anywhere_the_probes_are_the_same(
    tmp_path_factory, kind, packing, cuts, resume
):
    raw = PACKERS[packing](MAKERS[kind](0, 30))
    path = tmp_path_factory.mktemp("f") / "a"
    path.write_bytes(raw)
    whole = read(path)
    feed, seen = Feed("a"), []
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    offsets = [0]
    for low, high in pairwise(edges):
        for batch in feed.take(raw[low:high]):
            seen.append(batch.probes)
            offsets.append(feed.offset)
    assert not feed.finish().warnings
    same_probes(concat(seen), whole)
    resume %= len(offsets)
    again = Feed("a", offsets[resume])
    rest = [batch.probes for low, high in pairwise(edges) for batch in again.take(raw[low:high])]
    same_probes(concat(seen[:resume] + rest), whole)


def test_a_real_capture_followed_once_is_the_capture_read():
    same_probes(joined(follow(str(EXAMPLE), once=True)), read(EXAMPLE))


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", MAKERS)
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=6), leave=st.integers(0, 6))
@settings(max_examples=25)
def test_a_growing_file_left_and_resumed_gives_each_probe_once(tmp_path_factory, kind, packing, cuts, leave):
    raw = PACKERS[packing](MAKERS[kind](0, 40))
    path = tmp_path_factory.mktemp("f") / "a"
    path.write_bytes(b"")
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    got, position = [], None
    running = follow(str(path), poll=0)
    for turn, (low, high) in enumerate(pairwise(edges)):
        with path.open("ab") as file:
            file.write(raw[low:high])
        for batch in running:
            got += numbered([batch])
            position = batch.position or position
            if not len(batch.probes):
                break
        if turn == leave:
            running.close()
            stored = msgspec.json.decode(msgspec.json.encode(position), type=Position) if position else None
            running = follow(str(path), stored, poll=0)
    for batch in running:
        got += numbered([batch])
        if not len(batch.probes):
            break
    running.close()
    assert got == list(range(40))


def drained(running):
    """What comes until there is nothing more at the moment."""
    got = []
    for batch in running:
        got.append(batch)
        if not len(batch.probes) and not batch.tally.warnings:
            return got
    return got


def test_a_partial_last_record_is_waited_for(tmp_path):
    raw, path = pcap(packets(0, 3)), tmp_path / "a.pcap"
    path.write_bytes(raw[:-5])
    running = follow(str(path), poll=0)
    first = drained(running)
    assert numbered(first) == [0, 1]
    assert first[-1].position.offset == 24 + 2 * (len(raw) - 24) // 3
    with path.open("ab") as file:
        file.write(raw[-5:])
    assert numbered(drained(running)) == [2]


def rotate(path, raw):
    path.rename(path.with_suffix(".1"))
    path.write_bytes(raw)


def test_a_rotated_file_is_read_to_its_end_before_the_new_one(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets(0, 2)))
    running = follow(str(path), poll=0.01)
    assert numbered(drained(running)) == [0, 1]
    old = path.open("ab")
    rotate(path, pcap(packets(4, 2)))
    old.write(pcap(packets(2, 2))[24:])
    old.close()
    got, until = [], time.monotonic() + 5
    while len(got) < 4 and time.monotonic() < until:
        got += numbered(drained(running))
    assert got == [2, 3, 4, 5]


def test_a_file_rotated_before_it_held_a_header_is_only_a_warning(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets(0, 1))[:10])
    running = follow(str(path), poll=0.01)
    drained(running)
    rotate(path, pcap(packets(1, 2)))
    got, until = [], time.monotonic() + 5
    while not numbered(got) and time.monotonic() < until:
        got += drained(running)
    assert numbered(got) == [1, 2]
    assert "10 bytes are too few for a capture" in warnings(got)[0]


@given(raw=st.binary(max_size=300), cut=st.integers(0, 300), packing=st.sampled_from(sorted(PACKERS)))
def test_hostile_bytes_give_probes_warnings_or_one_clear_error(raw, cut, packing):
    for head in (b"", pcap([]), section() + interface()):
        feed, packed, said = Feed("a"), PACKERS[packing](head + raw), ""
        try:
            for piece in (packed[:cut], packed[cut:]):
                list(feed.take(piece))
        except CaptureError as error:
            said = str(error)
        said += " ".join(feed.finish().warnings)
        assert "\n" not in said


def test_rotated_while_away_the_rest_of_the_old_file_is_found(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets(0, 2)))
    position = drained(follow(str(path), poll=0))[-1].position
    with path.open("ab") as file:
        file.write(pcap(packets(2, 2))[24:])
    rotate(path, pcap(packets(4, 2)))
    assert numbered(follow(str(path), position, once=True)) == [2, 3, 4, 5]


def test_replaced_while_away_is_said_and_begun_anew(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets(0, 2)))
    position = drained(follow(str(path), poll=0))[-1].position
    path.unlink()
    path.write_bytes(pcap(packets(10, 9)))
    got = list(follow(str(path), position, once=True))
    assert numbered(got) == list(range(10, 19))
    assert "is another file than before" in warnings(got)[0]


@pytest.mark.parametrize("count", [1, 9])
def test_cut_and_written_anew_in_place_is_said_and_begun_anew(tmp_path, count):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets(0, 4)))
    running = follow(str(path), poll=0)
    assert numbered(drained(running)) == [0, 1, 2, 3]
    path.write_bytes(pcap(packets(20, count)))
    got = drained(running)
    assert numbered(got) == list(range(20, 20 + count))
    assert "was cut or written anew" in warnings(got)[0]


def test_a_gzip_file_that_grows_by_flushes_and_members(tmp_path):
    path, raw = tmp_path / "a.pcap.gz", pcap(packets(0, 6))
    size = (len(raw) - 24) // 6
    running = follow(str(path.parent), poll=0)
    with path.open("wb") as file:
        packed = gzip.GzipFile(fileobj=file, mode="wb")
        for count, expected in ((1, [0]), (3, [1, 2])):
            upto = 24 + count * size
            packed.write(raw[0 if count == 1 else 24 + size : upto])
            packed.flush()
            file.flush()
            assert numbered(drained(running)) == expected
        packed.close()
        file.write(gzip.compress(raw[24 + 3 * size :]))
        file.flush()
        assert numbered(drained(running)) == [3, 4, 5]


@pytest.mark.parametrize("packing", PACKERS)
@given(sizes=st.lists(st.integers(0, 8), min_size=1, max_size=4), leave=st.integers(0, 12))
@settings(max_examples=25)
def test_a_folder_left_after_any_batch_and_resumed_gives_each_probe_once(tmp_path_factory, packing, sizes, leave):
    place, first = tmp_path_factory.mktemp("d"), 0
    for hour, size in enumerate(sizes):
        ending = "" if packing == "plain" else f".{packing}"
        (place / f"{hour:02}.pcap{ending}").write_bytes(PACKERS[packing](pcap(packets(first, size))))
        first += size
    got, position = [], None
    for turn, batch in enumerate(follow(str(place), once=True)):
        got += numbered([batch])
        position = batch.position or position
        if turn == leave:
            break
    assert got + numbered(follow(str(place), position, once=True)) == list(range(first))


def test_hourly_files_that_appear_while_the_folder_is_followed(tmp_path):
    running = follow(str(tmp_path), poll=0.01)
    assert numbered(drained(running)) == []
    first = (tmp_path / "01.pcap").open("wb")
    raw = pcap(packets(0, 3))
    first.write(raw[:-20])
    first.flush()
    assert numbered(drained(running)) == [0, 1]
    (tmp_path / "02.pcap").write_bytes(pcap(packets(3, 2)))
    first.write(raw[-20:])
    first.close()
    (tmp_path / ".03.pcap").write_bytes(b"hidden")
    (tmp_path / "03.pcap.tmp").write_bytes(b"unfinished")
    (tmp_path / "00.txt").write_bytes(b"late")
    got, until = [], time.monotonic() + 5
    while len(numbered(got)) < 3 and time.monotonic() < until:
        got += drained(running)
    assert numbered(got) == [2, 3, 4]
    assert any("00.txt: came after" in text for text in warnings(got))


def test_packed_while_away_a_file_is_gone_on_with(tmp_path):
    raw = pcap(packets(0, 6))
    (tmp_path / "01.pcap").write_bytes(raw[: 24 + (len(raw) - 24) // 3])
    position = drained(follow(str(tmp_path), poll=0))[-1].position
    assert position.offset == 24 + (len(raw) - 24) // 3
    (tmp_path / "01.pcap").unlink()
    (tmp_path / "01.pcap.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "02.pcap").write_bytes(pcap(packets(6, 1)))
    assert numbered(follow(str(tmp_path), position, once=True)) == [2, 3, 4, 5, 6]


def test_packed_while_it_is_read_a_file_is_not_read_twice(tmp_path):
    raw = pcap(packets(0, 4))
    (tmp_path / "01.pcap").write_bytes(raw)
    running = follow(str(tmp_path), poll=0.01)
    got = drained(running)
    (tmp_path / "01.pcap.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "01.pcap").unlink()
    (tmp_path / "02.pcap").write_bytes(pcap(packets(4, 2)))
    until = time.monotonic() + 5
    while len(numbered(got)) < 6 and time.monotonic() < until:
        got += drained(running)
    assert numbered(got) == [0, 1, 2, 3, 4, 5]


def test_what_is_no_capture_or_damaged_in_a_folder_is_left_out_with_a_warning(tmp_path):
    (tmp_path / "01.txt").write_text("hello world")
    packed = gzip.compress(pcap(packets(0, 5)))
    (tmp_path / "02.pcap.gz").write_bytes(packed[:-9])
    (tmp_path / "03.pcap").write_bytes(b"")
    (tmp_path / "04.pcap").write_bytes(pcap(packets(5, 1)))
    got = list(follow(str(tmp_path), once=True))
    assert numbered(got)[-1] == 5
    said = warnings(got)
    assert "01.txt: no pcap or pcapng capture; only captures can be followed; left out" in said[0]
    assert "end too early" in said[1]
    assert "03.pcap: the file is empty" in said[2]


def test_a_file_that_is_no_capture_stops_in_one_line(tmp_path):
    (tmp_path / "a").write_text("hello world")
    with pytest.raises(CaptureError, match="only captures can be followed"):
        list(follow(str(tmp_path / "a"), once=True))
    with pytest.raises(CaptureError, match="no such file, folder or interface"):
        follow(str(tmp_path / "b"))


def test_stop_ends_it(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(packets(0, 2)))
    for source in (tmp_path, tmp_path / "a.pcap"):
        stop, got = Event(), []
        running = follow(str(source), stop=stop, poll=0.01)
        worker = Thread(target=lambda running=running, got=got: got.extend(running))
        worker.start()
        time.sleep(0.1)
        stop.set()
        worker.join(5)
        assert not worker.is_alive()
        assert numbered(got) == [0, 1]


PIPED = (
    "from scangait.capture.follow import follow\n"
    "for batch in follow('-', poll=0.05):\n"
    "    if len(batch.probes): print(*batch.probes.seq.tolist(), flush=True)\n"
    "    for text in batch.tally.warnings: print(text)"
)


@pytest.mark.parametrize("packing", PACKERS)
def test_a_pipe_gives_its_probes_as_they_come_and_ends_with_it(packing):
    raw = PACKERS[packing](pcap(packets(0, 4)))
    with subprocess.Popen([sys.executable, "-c", PIPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        for cut in range(0, len(raw), 50):
            program.stdin.write(raw[cut : cut + 50])
            program.stdin.flush()
            time.sleep(0.01)
        program.stdin.close()
        said = program.stdout.read().decode().split()
    assert [int(one) for one in said] == [0, 1, 2, 3]
    assert program.returncode == 0


def test_a_named_pipe_waits_for_who_writes_and_ends_with_it(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    running = follow(str(path), poll=0.01)
    assert numbered(drained(running)) == []
    with path.open("wb") as file:
        file.write(pcap(packets(0, 3)))
        file.flush()
        assert numbered(drained(running)) == [0, 1, 2]
        file.write(pcap(packets(3, 1))[24:])
    assert numbered(running) == [3]


def test_a_pipe_cut_in_a_record_says_so():
    raw = pcap(packets(0, 2))[:-3]
    done = subprocess.run([sys.executable, "-c", PIPED], input=raw, capture_output=True, check=True)
    assert b"truncated at byte" in done.stdout


ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may listen on an interface or become another user")
HEARD = (
    "import sys\nfrom scangait.capture.follow import follow\n"
    "running = follow('interface:lo', poll=0.05, user='nobody')\nprint('ready', flush=True)\n"
    "for batch in running:\n"
    "    for dst, port, when in zip(batch.probes.dst, batch.probes.dport, batch.probes.time_ns):\n"
    "        if port == int(sys.argv[1]): print(dst, port, when, batch.position.file, flush=True)\n"
)


@ROOT_ONLY
def test_an_interface_is_heard_after_root_was_given_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", HEARD, str(port)], stdout=subprocess.PIPE, text=True) as program:
            try:
                assert program.stdout.readline() == "ready\n"
                status = Path(f"/proc/{program.pid}/status").read_text()
                nobody = str(pwd.getpwnam("nobody").pw_uid)
                assert next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:] == [nobody] * 4
                assert "CapEff:\t0000000000000000" in status
                begun = time.time_ns()
                for _ in range(3):
                    sink.sendto(b"x", ("127.0.0.1", port))
                rows = [program.stdout.readline().split() for _ in range(3)]
            finally:
                program.terminate()
    assert [row[:2] for row in rows] == [[str(0x7F000001), str(port)]] * 3
    assert all(abs(int(row[2]) - begun) < 5_000_000_000 for row in rows)
    assert rows[0][3] == "interface:lo"


def test_an_interface_that_is_not_there_says_which_are():
    with pytest.raises(CaptureError, match=r"interface nowhere: there is none of that name; there are .*lo"):
        follow("interface:nowhere")


@pytest.mark.parametrize("user", ["root", "no-such-user-here"])
def test_who_cannot_be_become_is_said(user):
    words = "import sys\nfrom scangait.capture.privileges import become\nbecome(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", words, user], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith(f"scangait.errors.CaptureError: user '{user}'")


@pytest.mark.parametrize("rnd", [False, True])
def test_a_gzip_bomb_comes_out_whole_a_chunk_at_a_time(rnd):
    raw = (np.random.default_rng(1).bytes(1000) if rnd else bytes(1000)) * (3 * CHUNK // 1000 + 5)
    packed, unpack = gzip.compress(raw), Unpacker("x")
    pieces = [len(piece) for cut in range(0, len(packed), 777) for piece in unpack.feed(packed[cut : cut + 777])]
    assert unpack.finish() == b""
    assert sum(pieces) == len(raw)
    assert max(pieces) <= CHUNK


def test_stems_join_a_file_and_its_packed_form():
    assert stem_of("a.pcap.gz") == stem_of("a.pcap.zst") == stem_of("a.pcap") == "a.pcap"
    assert following.POLL < 1


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@ROOT_ONLY
def test_tcpdump_may_write_what_is_followed(tmp_path):
    path = tmp_path / "a.pcap"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        words = ["tcpdump", "-U", "-Z", "root", "-i", "lo", "-w", str(path), f"udp port {port}"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as program:
            try:
                until = time.monotonic() + 10
                while not path.exists() or path.stat().st_size < 24:
                    assert time.monotonic() < until
                    time.sleep(0.05)
                running, got = follow(str(path), poll=0.05), []
                for turn in range(3):
                    sink.sendto(bytes(turn), ("127.0.0.1", port))
                    with contextlib.suppress(StopIteration):
                        while sum(len(batch.probes) for batch in got) <= turn and time.monotonic() < until:
                            got.append(next(running))
            finally:
                program.terminate()
    assert sum(len(batch.probes) for batch in got) == 3
