import http.client
import json
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as families

from scangait.alert.delivery import Counts
from scangait.alert.metrics import METRICS, Metrics
from scangait.alert.serve import Endpoint
from scangait.errors import OutputError

values = st.dictionaries(st.text(max_size=20), st.floats(0, 1e18, allow_nan=False), max_size=5)


@given(by_tool=values, lag=st.floats(-1e9, 1e9, allow_nan=False))
def test_the_text_is_read_back_by_the_official_parser(by_tool, lag):
    metrics = Metrics()
    for tool, amount in by_tool.items():
        metrics.add("scangait_verdicts_total", amount, tool=tool, event="opened")
    metrics.set("scangait_lag_seconds", lag)
    read = {family.name: family for family in families(metrics.text())}
    verdicts = read.get("scangait_verdicts")
    got = {sample.labels["tool"]: sample.value for sample in verdicts.samples} if verdicts else {}
    assert got == by_tool
    assert read["scangait_lag_seconds"].samples[0].value == lag
    assert read["scangait_lag_seconds"].type == "gauge"


def test_every_metric_has_the_name_its_kind_asks_for():
    for name, metric in METRICS.items():
        assert name.endswith("_total") == (metric.kind == "counter")
        assert metric.says.endswith(".")
    with pytest.raises(ValueError, match="only goes up"):
        Metrics().add("scangait_probes_total", -1)
    with pytest.raises(KeyError):
        Metrics().set("scangait_misspelt", 1)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body.decode()


def test_metrics_and_health_are_served_on_loopback():
    metrics, well = Metrics(), [True]
    endpoint = Endpoint(
        metrics, lambda: (well[0], {"lag_seconds": 1.5}), refresh=lambda: metrics.add("scangait_probes_total")
    )
    try:
        metrics.take({'json="a"\\\n': (Counts(written=3, dropped=2, retries=1), 7)})
        status, kind, body = get(endpoint.port, "/metrics?x=1")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        read = {sample.name: sample for family in families(body) for sample in family.samples}
        assert read["scangait_probes_total"].value == 1
        assert read["scangait_memory_bytes"].value > 1e6
        assert read["scangait_spool_alerts"].labels == {"output": 'json="a"\\\n'}
        assert read["scangait_alerts_dropped_total"].value == 2
        assert get(endpoint.port, "/health")[::2] == (200, '{"status":"ok","lag_seconds":1.5}\n')
        well[0] = False
        assert json.loads(get(endpoint.port, "/health")[2])["status"] == "failing"
        assert get(endpoint.port, "/health")[0] == 503
        assert get(endpoint.port, "/other")[0] == 404
    finally:
        endpoint.close()


def test_a_client_that_says_nothing_does_not_stop_the_next():
    endpoint = Endpoint(Metrics(), lambda: (True, {}))
    try:
        with socket.create_connection(("127.0.0.1", endpoint.port)):
            begun = time.monotonic()
            assert get(endpoint.port, "/health")[0] == 200
            assert time.monotonic() - begun < 4
    finally:
        endpoint.close()


def test_a_port_in_use_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(OutputError, match="choose another port"):
        Endpoint(Metrics(), lambda: (True, {}), port=held.getsockname()[1])


def test_importing_the_room_loads_nothing_heavy():
    words = (
        "import sys\nimport scangait.alert.dispatch, scangait.alert.serve\n"
        "heavy = {'numpy', 'numba', 'polars', 'rich', 'http.server', 'http.client', 'ssl'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", words], check=True)
