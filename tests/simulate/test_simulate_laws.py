"""Laws of simulated scans: every probe bears its own tool's marks and no other's; orders and counts are the tools'."""

import gzip
from dataclasses import replace
from math import inf
from pathlib import Path

import dpkt
import numpy as np
import pytest

from scangait.capture import read
from scangait.capture.pcap_write import write_pcap
from scangait.errors import ScannerError
from scangait.evidence.marks import marks
from scangait.probes import COLUMNS
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import mixed, noise, simulate
from scangait.telescope import Telescope

CAPTURES = Path(__file__).resolve().parents[2] / "examples" / "captures"
SCOPE = Telescope.of("93.184.216.0/22")
NEAR = Telescope.of("93.184.0.0/16")
ALL = Telescope.ranges([(1, 2**32 - 2)])
MARKED = {"zmap", "masscan", "nmap", "mirai", "unicornscan", "hping"}
KINDS = [(name, version) for name, scanner in SCANNERS.items() for version in scanner.versions]
MARK_OF = {("zmap", "2.1"): "<=2.1", ("zmap", "3.0"): "3.0/4.0", ("zmap", "4.0"): "3.0/4.0", ("zmap", "4.3"): ">=4.1",
           ("masscan", "1.0"): "<=1.3.2", ("masscan", "1.3"): "<=1.3.2", ("masscan", "head"): "after 1.3.2"}  # fmt: skip


def a_scan(name, version, **more):
    endless = name in {"mirai", "hping", "shodan"}
    words = {"targets": NEAR, "ports": (443,), "seed": 5, "rate": 2000.0, "duration_s": 1000.0 if endless else inf}
    if name == "mirai":
        words |= {"targets": ALL, "duration_s": 500_000.0}
    return Scan(version=version, **words | more)


def view(name, version, seed=1, **more):
    scanner = SCANNERS[name]
    return simulate(scanner, a_scan(name, version, **more), SCOPE, np.random.default_rng(seed))


@pytest.mark.parametrize(("name", "version"), KINDS)
def test_every_simulated_probe_bears_the_marks_of_its_own_tool_and_of_no_other(name, version):
    probes = view(name, version)
    assert len(probes) > 5
    found = {(mark.label, mark.signature.version): mark.found.mean() for mark in marks(probes)}
    own = {key: share for key, share in found.items() if key[0] == name}
    if name in MARKED:
        expected = MARK_OF.get((name, version)) or next(iter(own))[1]
        assert found.pop((name, expected)) == 1
    # by accident: 2^-16 for the loosest relation (Masscan's), on a few thousand probes
    assert all(share * len(probes) <= 2 for share in found.values()), found


@pytest.mark.parametrize("mode", SCANNERS["nmap"].modes)
def test_nmap_probes_each_host_once_in_every_mode(mode):
    whole = {"targets": ALL, "rate": 1e7} if mode == "iR" else {}
    probes = view("nmap", "7", mode=mode, **whole)
    assert len(set(probes.dst.tolist())) == len(probes) == SCOPE.size
    assert all(mark.found.all() for mark in marks(probes) if mark.label == "nmap")


def test_random_headers_are_labelled_nothing():
    probes = noise(SCOPE, 1000.0, 1000.0, 0, np.random.default_rng(3))
    hit = np.zeros(len(probes), np.bool_)
    expected = 0.0
    for mark in marks(probes):
        hit |= mark.found
        expected += mark.signature.accident
    per_million = hit.sum() / len(probes) * 1e6
    # Poisson with mean `expected` per probe: five standard deviations above
    assert per_million <= expected * 1e6 + 5 * np.sqrt(expected * 1e6)


@pytest.mark.parametrize("name", ["zmap", "masscan", "nmap", "unicornscan", "sweeper"])
def test_a_whole_scan_hits_each_address_once(name):
    probes = view(name, next(iter(SCANNERS[name].versions)))
    assert sorted(probes.dst.tolist()) == list(range(int(SCOPE.first[0]), int(SCOPE.last[0]) + 1))


@pytest.mark.parametrize(("name", "probes"), [("zmap", 3), ("masscan", 3), ("nmap", 2)])
def test_copies_of_a_target_all_arrive(name, probes):
    found = view(name, next(iter(SCANNERS[name].versions)), probes=probes)
    counts = np.unique(found.dst, return_counts=True)[1]
    # Masscan goes on for `retries` seconds after the last index, and so repeats the first ones (scanners.md, 2.2)
    assert np.all(counts >= probes if name == "masscan" else counts == probes)


@pytest.mark.parametrize("name", ["zmap", "masscan"])
def test_shards_see_different_addresses_and_together_all(name):
    parts = [view(name, "3.0" if name == "zmap" else "1.3", shard=shard, shards=3) for shard in range(3)]
    assert sorted(np.concatenate([part.dst for part in parts]).tolist()) == sorted(
        view(name, "3.0" if name == "zmap" else "1.3").dst.tolist()
    )


def test_masscan_starts_at_the_captured_packets():
    """scanners.md, 2.2 and 2.4: targets 127.1.0.0/25, ports 80 and 443, seed 42, rate 300, on loopback."""
    scope = Telescope.of("127.1.0.0/25")
    scan = Scan(version="1.3", targets=scope, ports=(80, 443), seed=42, rate=300.0, sources=(0x7F000001,),
                start_ns=15232 * 10**9)  # fmt: skip
    probes = simulate(SCANNERS["masscan"], scan, scope, np.random.default_rng(0))
    assert (probes.dst[:4] - 0x7F010000).tolist() == [112, 6, 60, 102]
    assert probes.dport[:4].tolist() == [80, 443, 443, 80]
    assert probes.seq[:4].tolist() == [3515038099, 3198430908, 2319206484, 318288041]
    assert probes.ip_id[:4].tolist() == [14771, 12033, 18899, 45215]


def test_a_written_capture_is_read_back_whole(tmp_path):
    parts = [view(name, version) for name, version in KINDS]
    sent = mixed([*parts, noise(SCOPE, 10.0, 50.0, parts[0].time_ns[0], np.random.default_rng(2))])
    write_pcap(tmp_path / "view.pcap", sent)
    back = read(tmp_path / "view.pcap")
    for name in COLUMNS:
        if name != "label":
            assert np.array_equal(getattr(back, name), getattr(sent, name)), name


def test_a_written_packet_is_the_captured_one(tmp_path):
    """Rewriting a real capture gives the same IP packets, byte for byte, checksums included."""
    for name in ("zmap434-p25-r1200-s899680760", "masscan-p53-r3000-s1538946474", "nmap-p80-T4-r1000"):
        probes = read(CAPTURES / f"{name}.pcap.gz")
        write_pcap(tmp_path / "again.pcap", probes)
        with gzip.open(CAPTURES / f"{name}.pcap.gz") as file:
            real = [bytes(data)[14:][: int.from_bytes(data[16:18], "big")] for _, data in dpkt.pcap.Reader(file)]
        with (tmp_path / "again.pcap").open("rb") as file:
            ours = [bytes(data) for _, data in dpkt.pcap.Reader(file)]
        assert len(ours) == len(probes)
        assert set(ours) <= set(real)


def test_loss_and_jitter_are_what_was_asked_for():
    scanner, scan = SCANNERS["zmap"], a_scan("zmap", "4.3", rate=50.0)
    clean = simulate(scanner, scan, SCOPE, np.random.default_rng(4))
    rough = simulate(scanner, scan, SCOPE, np.random.default_rng(4), loss=0.3, jitter_s=0.001)
    assert abs(len(rough) / len(clean) - 0.7) < 5 * np.sqrt(0.3 * 0.7 / len(clean))
    assert np.all(np.diff(rough.time_ns) >= 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 0.0}, "rate of 0"),
        ({"shard": 5, "shards": 4}, "shard 5/4"),
        ({"targets": Telescope.of("10.0.0.0/8")}, "never probes"),
        ({"ports": (80, 81)}, "one port only"),
    ],
)
def test_what_cannot_be_simulated_is_said(change, message):
    scan = replace(a_scan("zmap", "2.1"), **change)
    with pytest.raises(ScannerError, match=message):
        simulate(SCANNERS["zmap"], scan, SCOPE, np.random.default_rng(0))
