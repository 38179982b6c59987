import gzip
import json

import numpy as np
import pytest

from scangait.capture import load, read
from scangait.capture.parquet_write import write_parquet
from scangait.errors import CaptureError
from scangait.probes import Probes, columns

TIME_NS = 1_700_000_000_123_456_789


def test_csv_times_keep_their_nanoseconds(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,src,dst,sport,dport,proto\n1700000000.123456789,192.0.2.1,198.51.100.9,4000,80,tcp\n")
    probes = read(path)
    assert probes.time_ns.tolist() == [TIME_NS]
    assert (probes.src[0], probes.dst[0]) == (0xC0000201, 0xC6336409)


def test_the_users_own_column_names(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("when\tfrom\tto\tport\n2023-11-14T22:13:20.123456789Z\t192.0.2.1\t198.51.100.9\t23\n")
    mapping = {"time": "when", "src": "from", "dst": "to", "dport": "port"}
    assert read(path, columns=mapping).time_ns.tolist() == [TIME_NS]
    with pytest.raises(CaptureError, match="no column 'nope'"):
        read(path, columns={"time": "nope"})
    with pytest.raises(CaptureError, match="--columns time=YOURS"):
        read(path)


def test_zeek_tsv_and_json_leave_out_answered_connections(tmp_path):
    fields = ["ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "conn_state"]
    rows = [["1700000000.123456", "192.0.2.1", "4000", "198.51.100.9", "80", "tcp", state] for state in ("S0", "SF")]
    head = "#separator \\x09\n#path\tconn\n#fields\t" + "\t".join(fields) + "\n#types\ttime\n"
    (tmp_path / "conn.log").write_text(head + "".join("\t".join(row) + "\n" for row in rows) + "#close\n")
    lines = [json.dumps(dict(zip(fields, row, strict=True)) | {"ts": 1700000000.123456}) for row in rows]
    (tmp_path / "json.log").write_text("\n".join(lines) + "\n")
    for name in ("conn.log", "json.log"):
        probes = read(tmp_path / name)
        assert probes.time_ns.tolist() == [1_700_000_000_123_456_000]
        assert probes.dport.tolist() == [80]


def test_suricata_eve_takes_flows_and_alerts(tmp_path):
    row = {"timestamp": "2023-11-14T23:13:20.123456+0100", "src_ip": "192.0.2.1", "src_port": 4000}
    row |= {"dest_ip": "198.51.100.9", "dest_port": 80, "proto": "TCP"}
    events = [row | {"event_type": kind} for kind in ("flow", "alert", "dns")]
    (tmp_path / "eve.json").write_text("\n".join(map(json.dumps, events)) + "\n")
    assert read(tmp_path / "eve.json").time_ns.tolist() == [1_700_000_000_123_456_000] * 2


def test_parquet_round_trip_keeps_every_column(tmp_path):
    count = 50
    rng = np.random.default_rng(1)
    probes = Probes(
        np.sort(rng.integers(0, 2**60, count)),
        *(rng.integers(0, 2**32, count).astype(np.uint32) for _ in range(2)),
        *(rng.integers(0, 2**16, count).astype(np.uint16) for _ in range(2)),
        np.full(count, 6, np.uint8),
        seq=rng.integers(0, 2**32, count).astype(np.uint32),
        options=rng.integers(0, 2**63, count).astype(np.uint64),
        df=rng.random(count) < 0.5,
        label=np.array(["zmap", ""] * (count // 2)),
    )
    write_parquet(tmp_path / "a.parquet", [probes])
    again = columns(read(tmp_path / "a.parquet"))
    for name, column in columns(probes).items():
        assert again[name].tolist() == column.tolist(), name


@pytest.mark.parametrize(
    ("column", "value"), [("dport", "70000"), ("dport", "-1"), ("src", "300.1.1.1"), ("time", "noon")]
)
def test_a_value_that_does_not_parse_is_named_with_its_place(tmp_path, column, value):
    good = {"time": "1700000000", "src": "192.0.2.1", "dst": "198.51.100.9", "sport": "4", "dport": "80"}
    bad = good | {column: value}
    text = "\n".join(",".join(row) for row in (good, good.values(), bad.values())) + "\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(CaptureError, match=f"a.csv: row 3, column {column}: '{value}'"):
        read(tmp_path / "a.csv")


def test_damaged_gzip_rows_keep_the_whole_lines_before(tmp_path):
    rng = np.random.default_rng(2)
    lines = [f"{i},192.0.2.1,198.51.100.{rng.integers(256)},{rng.integers(65536)},80" for i in range(5000)]
    raw = gzip.compress(("time,src,dst,sport,dport\n" + "\n".join(lines)).encode())
    (tmp_path / "a.csv.gz").write_bytes(raw[: len(raw) // 2])
    batch = load(tmp_path / "a.csv.gz")
    assert 100 < len(batch.probes) < 5000
    assert "gzip" in batch.tally.warnings[0]
