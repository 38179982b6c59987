import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from alert_samples import NASTY, alert, alerts
from hypothesis import Phase, given, settings

from scangait.alert.alert import identity
from scangait.alert.dispatch import Dispatcher
from scangait.alert.formats import FORMATS
from scangait.alert.output import Refused
from scangait.alert.outputs import Choices, open_output
from scangait.alert.syslog import Syslog, message
from scangait.alert.webhook import Webhook
from scangait.errors import OutputError

RFC5424 = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
    r'(\[meta sequenceId="[0-9]+"\]) (.*)',
    re.DOTALL,
)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@given(one=alerts)
def test_every_message_is_rfc_5424(one):
    line = FORMATS["cef"].line(one)
    priority, stamp, _, app, _, identifier, _, body = RFC5424.fullmatch(message(one, line)).groups()
    assert int(priority) in {16 * 8 + 5, 16 * 8 + 6}
    assert stamp.endswith("Z")
    assert (app, identifier, body) == ("scangait", f"scan-{one.event}", line)


def test_udp_sends_one_message_a_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        out = open_output(f"cef=udp://127.0.0.1:{receiver.getsockname()[1]}")
        for sequence in (1, 2):
            out.write(alert(sequence))
        got = [receiver.recv(65536).decode() for _ in range(2)]
        out.close()
    assert [RFC5424.fullmatch(text)[7] for text in got] == ['[meta sequenceId="1"]', '[meta sequenceId="2"]']


def test_a_message_too_long_for_udp_is_refused_not_cut():
    out = Syslog("127.0.0.1", free_port(socket.SOCK_DGRAM), FORMATS["json"], stream=False)
    with pytest.raises(Refused, match="too long for UDP"):
        out.write(alert(contradiction="x" * 70_000))


def framed(raw):
    """The messages in bytes framed by octet counting."""
    while raw:
        size, _, rest = raw.partition(b" ")
        yield rest[: int(size)].decode()
        raw = rest[int(size) :]


@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(one=alerts)
def test_tcp_frames_each_message_by_its_octets(one):
    with socket.create_server(("127.0.0.1", 0)) as server:
        out = open_output(f"cef=tcp://127.0.0.1:{server.getsockname()[1]}")
        out.write(one)
        out.write(alert(7, contradiction=NASTY))
        out.close()
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            got = list(framed(stream.read()))
    assert got[0].endswith(FORMATS["cef"].line(one))
    assert got[1].endswith(FORMATS["cef"].line(alert(7, contradiction=NASTY)))


def test_tcp_connects_again_when_the_receiver_went_away_and_loses_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        out = open_output(f"cef=tcp://127.0.0.1:{port}")
        out.write(alert(1))
        first, _ = server.accept()
        assert first.recv(65536)
        first.close()
        time.sleep(0.05)
        out.write(alert(2))
        second, _ = server.accept()
        with second:
            assert b'sequenceId="2"' in second.recv(65536)
    time.sleep(0.05)
    with pytest.raises(OutputError, match="is the receiver up"):
        out.write(alert(3))
    with socket.create_server(("127.0.0.1", port)) as server:
        out.write(alert(3))
        third, _ = server.accept()
        with third:
            assert b'sequenceId="3"' in third.recv(65536)
    out.close()


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="rsyslogd is not installed (Debian package rsyslog)")
@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_a_real_rsyslog_receives_what_was_sent(tmp_path, scheme):
    port, target = free_port(socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM), tmp_path / "got"
    (tmp_path / "rsyslog.conf").write_text(
        f'global(workDirectory="{tmp_path}" parser.escapeControlCharactersOnReceive="on" maxMessageSize="64k")\n'
        f'module(load="im{scheme}")\ninput(type="im{scheme}" address="127.0.0.1" port="{port}")\n'
        'template(name="T" type="string" string="%app-name%\\t%msgid%\\t%structured-data%\\t%syslogseverity%\\t'
        '%timegenerated%\\t%msg%\\n")\n'
        f'action(type="omfile" file="{target}" template="T" flushOnTXEnd="on" asyncWriting="off")\n'
    )
    words = [shutil.which("rsyslogd"), "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            sent = [alert(1), alert(2, event="closed", contradiction=NASTY), alert(3)]
            out = open_output(f"cef={scheme}://127.0.0.1:{port}")
            until = time.monotonic() + 20
            time.sleep(1.0 if scheme == "udp" else 0)
            for one in sent:
                while True:
                    try:
                        out.write(one)
                        break
                    except OutputError:
                        assert time.monotonic() < until
                        time.sleep(0.1)
            while not target.exists() or target.read_bytes().count(b"\n") < 3:
                assert time.monotonic() < until
                time.sleep(0.1)
            out.close()
        finally:
            program.terminate()
    rows = [line.split("\t") for line in target.read_text().split("\n") if line]
    for one, row in zip(sent, rows, strict=True):
        assert row[:4] == ["scangait", f"scan-{one.event}", f'[meta sequenceId="{one.sequence}"]',
                           "6" if one.event == "closed" else "5"]  # fmt: skip
        assert row[5].removeprefix(" ") == FORMATS["cef"].line(one)


class Receiver(BaseHTTPRequestHandler):
    """Answers each POST as the server's script says: a status, "hang", "drip" or "cut"."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        step = self.server.script.pop(0) if self.server.script else 200
        if step == "hang":
            self.server.hang.wait(5) if hasattr(self.server, "hang") else time.sleep(1)
            return
        if step == "drip":
            self.drip()
            return
        if step == "cut":
            self.connection.close()
            return
        if step == 200:
            self.server.got.append((dict(self.headers), body))
        self.send_response(step)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def drip(self):
        try:
            for _ in range(40):
                self.wfile.write(b"H")
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *args):
        pass


@contextmanager
def receiving(*script, port=0):
    server = HTTPServer(("127.0.0.1", port), Receiver)
    server.script, server.got = list(script), []
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("form", FORMATS)
def test_a_webhook_gets_the_line_its_kind_and_a_name_for_the_alert(tmp_path, form):
    (tmp_path / "token").write_text("s3cret\n")
    with receiving() as (server, address):
        out = open_output(f"{form}={address}/in?key=1", Choices(token=tmp_path / "token"))
        out.write(alert(5, contradiction=NASTY))
        out.close()
    ((headers, body),) = server.got
    assert body.decode() == FORMATS[form].line(alert(5, contradiction=NASTY))
    assert headers["Content-Type"] == FORMATS[form].media
    assert headers["Idempotency-Key"] == f'"{identity(alert(5))}"'
    assert headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_trouble_at_the_receiver_asks_to_try_again(status):
    with receiving(status) as (server, address):
        out = Webhook(address, FORMATS["json"])
        with pytest.raises(OutputError, match=f"answered {status}"):
            out.write(alert())
        out.write(alert())
    assert len(server.got) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413])
def test_an_answer_that_will_not_change_is_a_refusal(status):
    with receiving(status) as (server, address), pytest.raises(Refused, match=f"answered {status} to alert 1"):
        Webhook(address, FORMATS["json"]).write(alert())
    assert not server.got


@pytest.mark.parametrize("step", ["hang", "drip", "cut"])
def test_a_receiver_that_hangs_drips_or_hangs_up_costs_bounded_time(step):
    with receiving(step) as (_, address):
        begun = time.monotonic()
        with pytest.raises(OutputError, match="no answer"):
            Webhook(address, FORMATS["json"], seconds=0.4).write(alert())
        assert time.monotonic() - begun < 1.5


def test_nobody_there_is_one_clear_line():
    with pytest.raises(OutputError, match=r"no answer \(Connection refused\); is the receiver up") as caught:
        Webhook(f"http://127.0.0.1:{free_port()}/", FORMATS["json"]).write(alert())
    assert "\n" not in str(caught.value)


def test_a_token_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(OutputError, match="No such file"):
        Webhook("http://127.0.0.1:9/", FORMATS["json"], token=tmp_path / "none").write(alert())


def test_through_500s_hangs_and_a_receiver_that_is_away_every_alert_arrives_in_order_by_one_name(tmp_path, monkeypatch):
    monkeypatch.setattr("scangait.alert.webhook.SECONDS", 0.3)
    said, port = [], free_port()
    dispatcher = Dispatcher(
        {f"json=http://127.0.0.1:{port}/": Choices()}, tmp_path / "s", waiting=3, pause=0.01, log=said.append
    )
    for sequence in range(1, 21):
        dispatcher.put(alert(sequence))
    time.sleep(0.1)
    with receiving(500, 200, "cut", 503, 200, "hang", 400, 429, port=port) as (server, _):
        until = time.monotonic() + 20
        while dispatcher.deliveries[0].depth() and time.monotonic() < until:
            time.sleep(0.02)
        ((counts, waiting),) = dispatcher.state().values()
        dispatcher.close(5)
    # A receiver that answers too late has taken the alert all the same: it sees it again, by the same name.
    once = {headers["Idempotency-Key"]: json.loads(body)["sequence"] for headers, body in server.got}
    assert list(once.values()) == sorted(once.values())
    assert counts.written + counts.dropped == 20
    assert len(once) >= counts.written
    assert (counts.dropped <= 1, waiting) == (True, 0)
    assert counts.retries >= 6
    assert "Connection refused" in said[0]
