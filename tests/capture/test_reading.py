import gzip
import resource
import struct
from pathlib import Path

import dpkt
import numpy as np
import pytest
import zstandard
from frames import LINKS, enhanced, interface, pcap, section, syn
from hypothesis import given, settings
from hypothesis import strategies as st

from scangait.capture import load, read
from scangait.capture.packets import Parser
from scangait.errors import CaptureError
from scangait.probes import columns, pack_options

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "captures").glob("*.pcap.gz"))
PACKETS = [(1_700_000_000_123_456_789 + i, syn(10 + i, 99, 4000 + i, 80, seq=i)) for i in range(5)]


def by_dpkt(raw):
    """Every field of every probe, as dpkt sees it."""
    rows = []
    for stamp, frame in dpkt.pcap.Reader(raw):
        ip = dpkt.ethernet.Ethernet(frame).data
        if not isinstance(ip, dpkt.ip.IP) or not isinstance(ip.data, dpkt.tcp.TCP) or ip.data.flags & 0x12 != 2:
            continue
        tcp = ip.data
        parsed = dpkt.tcp.parse_opts(tcp.opts)
        kinds, mss = [], 0
        for kind, body in parsed:
            kinds.append(kind)
            mss = int.from_bytes(body, "big") if kind == 2 else mss
            if kind == 0:
                break
        rows.append(
            {
                "time_ns": round(stamp * 1_000_000) * 1000,
                "src": int.from_bytes(ip.src, "big"),
                "dst": int.from_bytes(ip.dst, "big"),
                "sport": tcp.sport,
                "dport": tcp.dport,
                "proto": ip.p,
                "ip_id": ip.id,
                "ttl": ip.ttl,
                "length": ip.len,
                "df": bool(ip.df),
                "window": tcp.win,
                "seq": tcp.seq,
                "mss": mss,
                "options": pack_options(kinds),
            }
        )
    rows.sort(key=lambda row: row["time_ns"])
    return rows


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_field_of_every_example_agrees_with_dpkt(path):
    ours = columns(read(path))
    with gzip.open(path) as raw:
        theirs = by_dpkt(raw)
    assert len(theirs) > 1000
    for name, column in ours.items():
        assert column.tolist() == [row[name] for row in theirs], name


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("nano", [False, True])
def test_every_link_type_byte_order_and_resolution_of_pcap(tmp_path, kind, order, nano):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(PACKETS, kind, order, nano))
    probes = read(path)
    step = 1 if nano else 1000
    assert probes.time_ns.tolist() == [time_ns // step * step for time_ns, _ in PACKETS]
    assert probes.src.tolist() == [10, 11, 12, 13, 14]
    assert probes.sport.tolist() == [4000, 4001, 4002, 4003, 4004]


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("order", "<>")
def test_generated_captures_agree_with_scapy_on_every_field(tmp_path, kind, order):
    from scapy.layers.inet import IP, TCP
    from scapy.utils import PcapReader

    rng = np.random.default_rng(3)
    options = b"\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02"
    packets = [
        (
            1_700_000_000_000_000_000 + i * 1001,
            syn(
                *rng.integers(1, 2**31, 2),
                *rng.integers(1, 65536, 2),
                int(rng.integers(2**32)),
                options[: 12 * (i % 2)],
            ),
        )
        for i in range(20)
    ]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets, kind, order, nano=True))
    ours = read(path)
    with PcapReader(str(path)) as reader:
        theirs = list(reader)
    assert len(ours) == len(theirs) == 20
    for i, packet in enumerate(theirs):
        ip = packet[IP] if IP in packet else IP(bytes(packet)[-(40 + 12 * (i % 2)) :])
        tcp = ip[TCP]
        assert ours.time_ns[i] == round(packet.time * 10**9)
        assert str(ip.src) == ".".join(str(int(ours.src[i]) >> shift & 255) for shift in (24, 16, 8, 0))
        assert str(ip.dst) == ".".join(str(int(ours.dst[i]) >> shift & 255) for shift in (24, 16, 8, 0))
        fields = (ours.sport, ours.dport, ours.seq, ours.window, ours.ip_id, ours.ttl, ours.length, ours.proto)
        said = (tcp.sport, tcp.dport, tcp.seq, tcp.window, ip.id, ip.ttl, ip.len, ip.proto)
        assert tuple(int(column[i]) for column in fields) == said
        assert bool(ours.df[i]) == bool(ip.flags.DF)
        assert int(ours.mss[i]) == dict(tcp.options).get("MSS", 0)
        assert int(ours.options[i]) == (pack_options([2, 1, 3, 1, 1, 4]) if i % 2 else 0)


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("order", "<>")
def test_pcapng_with_two_interfaces_of_different_clocks(tmp_path, kind, order):
    first, second = PACKETS[0], (PACKETS[1][0] + 10**9, PACKETS[1][1])
    raw = section(order) + interface(kind, order) + interface("raw", order, 0x80 | 20)
    raw += enhanced(*first, kind, order) + enhanced(*second, "raw", order, 1, ticks=2**20)
    path = tmp_path / "a.pcapng"
    path.write_bytes(raw)
    probes = read(path)
    assert probes.time_ns[0] == first[0]
    assert abs(int(probes.time_ns[1]) - second[0]) <= 10**9 / 2**20
    assert probes.src.tolist() == [10, 11]


def test_a_new_section_may_change_the_byte_order(tmp_path):
    raw = b"".join(section(o) + interface("raw", o) + enhanced(*PACKETS[i], "raw", o) for i, o in enumerate("<><"))
    (tmp_path / "a.pcapng").write_bytes(raw)
    assert read(tmp_path / "a.pcapng").src.tolist() == [10, 11, 12]


def test_only_unsolicited_probes_go_on_and_the_rest_is_counted(tmp_path):
    fragment = bytearray(syn(1, 2, 3, 4))
    fragment[6:8] = b"\x20\x00"
    icmp = struct.pack("!BBHHHBBHII", 0x45, 0, 28, 7, 0, 60, 1, 0, 1, 2) + b"\x08\x00\x00\x00\x12\x34\x00\x05"
    answer = icmp[:20] + b"\x00" + icmp[21:]
    udp = struct.pack("!BBHHHBBHII", 0x45, 0, 28, 7, 0, 60, 17, 0, 1, 2) + struct.pack("!HHHH", 5, 53, 8, 0)
    kinds = [syn(1, 2, 3, 4), udp, icmp, syn(1, 2, 3, 4, flags=0x12), syn(1, 2, 3, 4, flags=4), answer]
    kinds += [bytes(fragment), syn(1, 2, 3, 4, flags=0x10), syn(1, 2, 3, 4)[:25], b"\x60" + b"\x00" * 40]
    (tmp_path / "a.pcap").write_bytes(pcap([(i * 10**9, ip) for i, ip in enumerate(kinds)], "raw"))
    batch = load(tmp_path / "a.pcap")
    assert batch.probes.proto.tolist() == [6, 17, 1]
    assert batch.probes.dport.tolist() == [4, 53, 0]
    counts = {kind: count for kind, count in batch.tally.counts.items() if count}
    assert counts == {"probes": 3, "backscatter": 3, "fragments": 1, "other packets": 1, "damaged": 1, "non-IPv4": 1}


@given(st.lists(st.integers(1, 60), max_size=30))
def test_bytes_may_come_in_any_pieces(cuts):
    raw = pcap(PACKETS, "vlan")
    parser, found, at = Parser("a"), [], 0
    for cut in [*cuts, len(raw)]:
        found += parser.feed(raw[at : at + cut]).probes.src.tolist()
        at += cut
    assert found == [10, 11, 12, 13, 14]
    assert not parser.finish().warnings


@pytest.mark.parametrize("left", [1, 15, 16, 40])
def test_a_truncated_capture_gives_every_whole_record_and_says_where(tmp_path, left):
    raw = pcap(PACKETS, "raw")
    size = 16 + 40
    (tmp_path / "a.pcap").write_bytes(raw[: 24 + 3 * size + left])
    batch = load(tmp_path / "a.pcap")
    assert len(batch.probes) == 3
    assert f"truncated at byte {24 + 3 * size}, {left} bytes left over" in batch.tally.warnings[0]


def test_compressed_files_folders_globs_and_multi_member_gzip(tmp_path):
    raw = pcap(PACKETS, "raw")
    (tmp_path / "1.pcap.gz").write_bytes(gzip.compress(raw[:100]) + gzip.compress(raw[100:]))
    (tmp_path / "2.pcap.zst").write_bytes(zstandard.compress(raw))
    (tmp_path / "3.pcap").write_bytes(raw)
    assert len(read(tmp_path)) == len(read(str(tmp_path / "*"))) == 15
    assert len(read([tmp_path / "1.pcap.gz", tmp_path / "3.pcap"])) == 10


def test_damaged_gzip_keeps_what_came_before(tmp_path):
    many = [(i * 1000, syn(i, 99, 4000, 80, seq=i * 7919)) for i in range(5000)]
    raw = gzip.compress(pcap(many, "raw"))
    (tmp_path / "a.gz").write_bytes(raw[: len(raw) // 2])
    batch = load(tmp_path / "a.gz")
    assert 0 < len(batch.probes) < 5000
    assert batch.probes.src.tolist() == list(range(len(batch.probes)))
    assert any("gzip" in warning for warning in batch.tally.warnings)


def test_times_that_go_backwards_are_sorted_and_counted(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap([PACKETS[i] for i in (2, 0, 1)], "raw", nano=True))
    batch = load(tmp_path / "a.pcap")
    assert batch.tally.out_of_order == 1
    assert batch.probes.src.tolist() == [10, 11, 12]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"hello world, this is no capture\n", "row|capture"),
        (pcap([], "raw")[:10], "too few"),
        (pcap([], "raw")[:20] + struct.pack("<I", 147), "link type 147"),
    ],
)
def test_what_is_no_capture_gets_one_clear_line(tmp_path, raw, words):
    (tmp_path / "a").write_bytes(raw)
    with pytest.raises(CaptureError, match=words) as caught:
        load(tmp_path / "a")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "a") in str(caught.value)


def mutated(raw, rng):
    data = bytearray(raw)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(0, len(data)))
        match int(rng.integers(0, 4)):
            case 0:
                data[at] = int(rng.integers(0, 256))
            case 1:
                del data[at:]
            case 2:
                data[at:at] = data[: int(rng.integers(0, 200))]
            case _:
                data[at : at + 4] = rng.bytes(4)
        if not data:
            return b"\x00"
    return bytes(data)


def survive(count, tmp_path, seed):
    rng = np.random.default_rng(seed)
    ng = section() + interface() + b"".join(enhanced(*packet) for packet in PACKETS)
    originals = [
        pcap(PACKETS),
        pcap(PACKETS, "sll2", ">", nano=True),
        ng,
        gzip.compress(ng),
        zstandard.compress(pcap(PACKETS)),
    ]
    path = tmp_path / "m"
    read_in_part = 0
    for trial in range(count):
        path.write_bytes(mutated(originals[trial % len(originals)], rng))
        try:
            read_in_part += len(load(path).probes) > 0
        except CaptureError:
            continue
    assert read_in_part > count / 10, "mutations that destroy everything test nothing"


def test_mutated_captures_are_read_or_refused(tmp_path):
    survive(500, tmp_path, 1)


@pytest.mark.slow
def test_ten_thousand_mutated_captures_are_read_or_refused(tmp_path):
    survive(500, tmp_path, 1)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    survive(10_000, tmp_path, 2)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert grown_kb < 64 * 1024, "one 4 MB chunk, its rows, and what waits between the threads"


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header_are_read_or_counted(body):
    parser = Parser("a")
    batch = parser.feed(pcap([], "ethernet") + body)
    assert len(batch.probes) == batch.tally.counts["probes"]
