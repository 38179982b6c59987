"""Reading captures to columns: plain, packed, pcapng; dpkt and scapy in the same run.

The capture is simulated (scripts/big_capture.py makes one): python -m benchmarks.bench_reading CAPTURE.pcap
"""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time

import zstandard

from scangait.capture import batches, load

ROUNDS, FEW = 3, 20_000
HEADER = ("reader", "M packets per CPU second", "times dpkt dissected")


def packets(raw: bytes, most: int | None = None) -> list[tuple[int, bytes]]:
    """(nanoseconds, packet) of a pcap with nanoseconds in little-endian order."""
    found, at = [], 24
    while at < len(raw) and (most is None or len(found) < most):
        second, part, size, _ = struct.unpack_from("<IIII", raw, at)
        found.append((second * 10**9 + part, raw[at + 16 : at + 16 + size]))
        at += 16 + size
    return found


def pcapng(raw: bytes) -> bytes:
    """The same capture as pcapng, its clock in nanoseconds, raw IPv4."""
    options = struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)
    described = struct.pack("<HHI", 101, 0, 65535) + options
    out = [struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)]
    size = len(described) + 12
    out += [struct.pack("<II", 1, size), described, struct.pack("<I", size)]
    for when, packet in packets(raw):
        size = 32 + len(packet)
        out += [struct.pack("<IIIIIII", 6, size, 0, when >> 32, when & 0xFFFFFFFF, len(packet), len(packet)), packet]
        out.append(struct.pack("<I", size))
    return b"".join(out)


def dpkt_raw(some: bytes) -> int:
    """Packets that dpkt reads without looking inside."""
    import dpkt

    return sum(1 for _ in dpkt.pcap.Reader(io.BytesIO(some)))


def dpkt_dissected(some: bytes) -> int:
    """Probes whose fields dpkt gives."""
    import dpkt

    rows = []
    for when, packet in dpkt.pcap.Reader(io.BytesIO(some)):
        ip = dpkt.ip.IP(packet)
        if isinstance(ip.data, dpkt.tcp.TCP) and ip.data.flags & 0x12 == 2:
            tcp = ip.data
            kinds = [kind for kind, _ in dpkt.tcp.parse_opts(tcp.opts)]
            row = (when, ip.src, ip.dst, tcp.sport, tcp.dport, ip.p, ip.id, ip.ttl, ip.len, ip.df, tcp.win, tcp.seq)
            rows.append((*row, kinds))
    return len(rows)


def scapy_raw(path: str) -> int:
    """Packets that scapy reads without looking inside."""
    from scapy.utils import RawPcapReader

    with RawPcapReader(path) as reader:
        return sum(1 for _ in islice(reader, FEW))


def rate(call: Callable[[], int]) -> float:
    """Median packets per CPU second, of all threads; a first call, which may compile, is not counted."""
    call()
    found = []
    for _ in range(ROUNDS):
        begin = process_time()
        count = call()
        found.append(count / (process_time() - begin))
    return median(found)


def measure(raw: bytes, folder: Path) -> list[tuple[object, ...]]:
    """The table for one capture."""
    some = raw[:24] + b"".join(
        struct.pack("<IIII", when // 10**9, when % 10**9, len(packet), len(packet)) + packet
        for when, packet in packets(raw, FEW)
    )
    packed = {"gzip": gzip.compress(raw, 6), "zstd": zstandard.ZstdCompressor().compress(raw)}
    files = {"pcap": raw, **packed, "pcapng": pcapng(raw), "few": some}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    rates = {
        "dpkt, dissected": rate(lambda: dpkt_dissected(some)),
        "dpkt, raw bytes only": rate(lambda: dpkt_raw(some)),
    }
    rates["scapy, raw bytes only"] = rate(lambda: scapy_raw(str(folder / "few")))
    for name in ("pcap", "gzip", "zstd", "pcapng"):
        rates[f"ours, {name}, batches"] = rate(
            lambda name=name: sum(len(part.probes) for part in batches(folder / name))
        )
    rates["ours, pcap, all in memory"] = rate(lambda: len(load(folder / "pcap").probes))
    return [(name, value / 1e6, value / rates["dpkt, dissected"]) for name, value in rates.items()]


def main() -> None:
    """Print the table."""
    raw = Path(sys.argv[1]).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(raw, Path(folder))
    print("Simulated capture.\n\n| " + " | ".join(HEADER) + " |\n|---|---|---|")
    for name, value, times in rows:
        print(f"| {name} | {value:.3g} | {times:.0f} |")


if __name__ == "__main__":
    main()
