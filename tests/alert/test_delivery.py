import os
import time
from threading import Event

import pytest
from alert_samples import WALK, alert
from hypothesis import given, settings
from hypothesis import strategies as st

from scangait.alert.delivery import Delivery
from scangait.alert.dispatch import Dispatcher, spool_name
from scangait.alert.output import Refused
from scangait.alert.outputs import Choices
from scangait.alert.spool import Spool
from scangait.errors import OutputError


class Scripted:
    """An output that does what its script says at each write, then takes everything."""

    def __init__(self, *script, gate=None):
        self.script, self.gate, self.got = list(script), gate, []

    def write(self, one):
        if self.gate:
            self.gate.wait(10)
        step = self.script.pop(0) if self.script else None
        if step is not None:
            raise step
        self.got.append(one.sequence)

    def flush(self):
        pass

    def close(self):
        pass


def started(tmp_path, output, said, *, limit=1 << 20, **choices):
    return Delivery("x", output, Spool(tmp_path / "x.spool", limit), said.append, pause=0.01, **choices)


def test_alerts_come_out_in_order_and_once_whatever_fails(tmp_path):
    out, said = Scripted(None, OutputError("down"), OutputError("down"), None, OutputError("other")), []
    delivery = started(tmp_path, out, said)
    for sequence in range(1, 21):
        delivery.put(alert(sequence))
    delivery.close(5)
    assert out.got == list(range(1, 21))
    assert delivery.counts.written == 20
    assert (delivery.counts.retries, delivery.counts.dropped) == (3, 0)
    assert [line.partition(";")[0] for line in said] == [
        "down", "x: delivers again, 0 alerts waited on disk", "other", "x: delivers again, 0 alerts waited on disk",
    ]  # fmt: skip


def test_a_hanging_output_holds_up_nobody_and_spills_to_disk_in_order(tmp_path):
    gate, said = Event(), []
    out = Scripted(gate=gate)
    delivery = started(tmp_path, out, said, waiting=5)
    begun = time.monotonic()
    for sequence in range(1, 501):
        delivery.put(alert(sequence))
    assert time.monotonic() - begun < 1
    assert delivery.spool.depth == 495
    assert delivery.depth() == 500
    gate.set()
    delivery.close(10)
    assert out.got == list(range(1, 501))
    assert delivery.counts.dropped == 0


def test_only_a_full_spool_drops_and_every_drop_is_counted_and_said(tmp_path):
    gate, said = Event(), []
    out = Scripted(gate=gate)
    delivery = started(tmp_path, out, said, waiting=3, limit=6000)
    for sequence in range(1, 101):
        delivery.put(alert(sequence))
    dropped = delivery.counts.dropped
    assert dropped > 80
    assert "alert dropped, 1 so far: its spool" in said[0]
    assert len(said) == 1
    gate.set()
    delivery.close(10)
    assert len(out.got) + dropped == 100
    assert out.got == list(range(1, len(out.got) + 1))


def test_what_cannot_be_delivered_waits_for_the_next_run(tmp_path):
    said = []
    down = Scripted(*[OutputError("down")] * 1000)
    delivery = started(tmp_path, down, said, waiting=2)
    for sequence in range(1, 8):
        delivery.put(alert(sequence))
    delivery.close(0.05)
    assert "7 alerts wait in" in said[-1]
    up = Scripted()
    delivery = started(tmp_path, up, said, resumed=4)
    for sequence in range(5, 10):
        delivery.put(alert(sequence))
    delivery.close(5)
    assert up.got == list(range(1, 10))


def test_a_refusal_is_counted_said_and_does_not_block(tmp_path):
    out, said = Scripted(Refused("hook: answered 400 to alert 1")), []
    delivery = started(tmp_path, out, said)
    for sequence in (1, 2):
        delivery.put(alert(sequence))
    delivery.close(5)
    assert (out.got, delivery.counts.dropped) == ([2], 1)
    assert said == ["x: alert dropped, 1 so far: hook: answered 400 to alert 1"]


@pytest.mark.parametrize("failure", [BrokenPipeError(), ZeroDivisionError()])
def test_an_error_nobody_foresaw_reaches_the_thread_that_reads(tmp_path, failure):
    delivery = started(tmp_path, Scripted(failure), [])
    delivery.put(alert(1))
    delivery.thread.join(5)
    with pytest.raises(type(failure)):
        delivery.put(alert(2))
    delivery.close(0.1)


def test_flush_makes_the_queue_safe_even_while_the_output_hangs(tmp_path):
    gate = Event()
    delivery = started(tmp_path, Scripted(gate=gate), [], waiting=50)
    for sequence in range(1, 31):
        delivery.put(alert(sequence))
    assert delivery.flush(0.05)
    left = (tmp_path / "x.spool").read_bytes().count(b'"sequence":')
    assert left == 30
    gate.set()
    delivery.close(5)
    assert delivery.output.got == list(range(1, 31))


def test_flush_waits_once_for_an_output_that_hangs_and_not_at_all_for_one_that_is_down(tmp_path):
    gate, said = Event(), []
    hanging = started(tmp_path, Scripted(gate=gate), said)
    (tmp_path / "y").mkdir()
    down = started(tmp_path / "y", Scripted(*[OutputError("down")] * 1000), said)
    down.pause = 10
    for delivery, longest in ((hanging, 1.0), (down, 0.4)):
        delivery.put(alert(1))
        time.sleep(0.1)
        begun = time.monotonic()
        assert delivery.flush(0.5)
        assert time.monotonic() - begun < longest
        for sequence in range(2, 12):
            delivery.put(alert(sequence))
            begun = time.monotonic()
            assert delivery.flush(0.5)
            assert time.monotonic() - begun < 0.2
        assert delivery.spool.depth == 11
    gate.set()
    hanging.close(5)
    down.close(0.01)
    assert hanging.output.got == list(range(1, 12))


def test_flush_reaches_the_output_while_its_spool_still_drains(tmp_path):
    class Slow(Scripted):
        flushed = 0

        def write(self, one):
            time.sleep(0.01)
            super().write(one)

        def flush(self):
            self.flushed = len(self.got)

    delivery = started(tmp_path, Slow(), [], waiting=3)
    for sequence in range(1, 101):
        delivery.put(alert(sequence))
    begun = time.monotonic()
    assert delivery.flush(0.9)
    assert time.monotonic() - begun < 0.5
    assert 3 <= delivery.output.flushed < 60
    delivery.close(10)
    assert delivery.output.got == list(range(1, 101))


@settings(max_examples=60)
@given(steps=st.lists(st.sampled_from(["put", "take", "again", "before"]), max_size=60), limit=st.integers(600, 6000))
def test_a_spool_is_a_queue_on_disk(tmp_path_factory, steps, limit):
    path = tmp_path_factory.mktemp("s") / "x.spool"
    spool, model, number = Spool(path, limit), [], 0
    for step in steps:
        if step == "put":
            number += 1
            model += [number] if spool.put(alert(number)) else []
        elif step == "take" and model:
            first, damaged = spool.first()
            assert (first, damaged) == (alert(model.pop(0)), 0)
            spool.drop_first()
        elif step == "again":
            spool.close()
            spool = Spool(path, limit)
        elif step == "before":
            held = [alert(number + 1), alert(number + 2)]
            fitted = 2 - spool.put_before(held)
            model = [number + 1, number + 2][:fitted] + model
            number += 2
        assert spool.depth == len(model)
        assert path.stat().st_size <= limit
    first, _ = spool.first()
    assert first == (alert(model[0]) if model else None)
    spool.close()


@given(cut=st.integers(0, 5000), noise=st.binary(max_size=30))
def test_a_spool_cut_anywhere_gives_the_whole_alerts_before_the_cut(tmp_path_factory, cut, noise):
    path = tmp_path_factory.mktemp("s") / "x.spool"
    spool = Spool(path, 1 << 20)
    for sequence in (1, 2, 3):
        spool.put(alert(sequence))
    spool.close()
    raw = path.read_bytes()
    path.write_bytes(raw[:cut] + noise.replace(b"\n", b""))
    whole = raw[:cut].count(b"\n") - 1 if len(raw[:cut]) > 20 else 0
    spool, got = Spool(path, 1 << 20), []
    while (one := spool.first()[0]) is not None:
        got.append(one.sequence)
        spool.drop_first()
    spool.close()
    assert got == list(range(1, whole + 1))


def test_what_an_older_run_left_is_delivered_before_a_new_run_that_is_itself_resumed(tmp_path):
    def run(numbers, resumed, *, deliver):
        out = Scripted(*([] if deliver else [OutputError("down")] * 1000))
        delivery = started(tmp_path, out, [], waiting=2, resumed=resumed)
        for number in numbers:
            delivery.put(alert(number))
        delivery.close(5 if deliver else 0.01)
        return out.got

    run(range(900, 905), None, deliver=False)
    run(range(1, 6), None, deliver=False)
    assert run(range(4, 8), 3, deliver=True) == [900, 901, 902, 903, 904, 1, 2, 3, 4, 5, 6, 7]


def test_a_damaged_line_in_a_spool_is_counted_as_dropped(tmp_path):
    spool = Spool(tmp_path / "x.spool", 1 << 20)
    spool.put(alert(1))
    spool.put(alert(2))
    spool.close()
    raw = bytearray((tmp_path / "x.spool").read_bytes())
    raw[30] = 0
    (tmp_path / "x.spool").write_bytes(raw)
    out = Scripted()
    delivery = started(tmp_path, out, [])
    delivery.close(5)
    assert (out.got, delivery.counts.dropped) == ([2], 1)


def test_two_programs_cannot_share_a_spool(tmp_path):
    spool = Spool(tmp_path / "x.spool", 1000)
    with pytest.raises(OutputError, match="in use by another scangait"):
        Spool(tmp_path / "x.spool", 1000)
    spool.close()


def test_a_folder_for_spools_that_cannot_be_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="no place to spool alerts"):
        Dispatcher({}, tmp_path / "file" / "below")


def test_a_dispatcher_serves_the_good_output_while_the_bad_one_waits(tmp_path):
    said = []
    good, bad = f"json={tmp_path / 'a.json'}", "json=/dev/full"
    dispatcher = Dispatcher(
        {good: Choices(), bad: Choices()}, tmp_path / "spool", mask=True, waiting=2, pause=0.01, log=said.append
    )
    for sequence in range(1, 11):
        dispatcher.put(alert(sequence, walk=WALK))
    deadline = time.monotonic() + 20  # disks may be busy
    while dispatcher.state()[good][0].written < 10 and time.monotonic() < deadline:
        assert dispatcher.flush(0.2)
    state = dispatcher.state()
    assert (state[good][0].written, state[good][1]) == (10, 0)
    assert (state[bad][0].written, state[bad][1]) == (0, 10)
    dispatcher.close(0.1)
    text = (tmp_path / "a.json").read_text()
    assert text.count("\n") == 10
    assert "198.51.100.77" not in text
    assert said[0] == (
        "/dev/full: alerts cannot be written (No space left on device); free or choose another place; "
        "alerts wait, and nothing else does"
    )
    assert len(said) == 2


def test_an_output_that_cannot_be_opened_stops_the_start_and_lets_the_others_go(tmp_path):
    for _ in range(2):
        with pytest.raises(OutputError, match="alerts cannot be written"):
            Dispatcher(
                {f"json={tmp_path / 'a.json'}": Choices(), f"ecs={tmp_path / 'no' / 'a'}": Choices()}, tmp_path / "s"
            )


def test_a_full_disk_under_the_spool_drops_and_says_so(tmp_path):
    gate, said = Event(), []
    delivery = started(tmp_path, Scripted(gate=gate), said, waiting=1)
    os.close(delivery.spool.file)
    delivery.spool.file = os.open("/dev/full", os.O_RDWR)
    for sequence in range(1, 4):
        delivery.put(alert(sequence))
    assert delivery.counts.dropped >= 1
    assert "alert dropped, 1 so far" in said[0]
    gate.set()


def test_spool_names_keep_secrets():
    assert "key" not in spool_name("json=https://hook.example/?key=1")
    assert spool_name("json=https://a.example/") != spool_name("json=https://b.example/")
