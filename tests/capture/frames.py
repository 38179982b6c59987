"""Generated captures, byte by byte, for the tests of reading."""

import struct

LINKS = {
    "ethernet": 1,
    "vlan": 1,
    "qinq": 1,
    "raw": 101,
    "raw12": 12,
    "ipv4": 228,
    "sll": 113,
    "sll2": 276,
    "null": 0,
    "loop": 108,
}


def syn(src, dst, sport, dport, seq=1, options=b"", ip_id=7, ttl=60, window=1024, flags=2, proto=6):
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, 0, (20 + len(options)) // 4 << 4, flags, window, 0, 0) + options
    return struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(tcp), ip_id, 0x4000, ttl, proto, 0, src, dst) + tcp


def framed(ip, kind):
    head = {
        "ethernet": b"\x02" * 12 + b"\x08\x00",
        "vlan": b"\x02" * 12 + b"\x81\x00\x00\x05\x08\x00",
        "qinq": b"\x02" * 12 + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00",
        "sll": b"\x00" * 14 + b"\x08\x00",
        "sll2": b"\x08\x00" + b"\x00" * 18,
        "null": b"\x02\x00\x00\x00",
        "loop": b"\x00\x00\x00\x02",
    }
    return head.get(kind, b"") + ip


def pcap(packets, kind="ethernet", order="<", nano=False):
    """packets: (time_ns, ip bytes)."""
    out = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKS[kind])
    for time_ns, ip in packets:
        frame = framed(ip, kind)
        part = time_ns % 10**9 // (1 if nano else 1000)
        out += struct.pack(order + "IIII", time_ns // 10**9, part, len(frame), len(frame)) + frame
    return out


def block(kind, body, order):
    body += b"\x00" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(kind="ethernet", order="<", resolution=9):
    options = struct.pack(order + "HHB3x", 9, 1, resolution) + struct.pack(order + "HH", 0, 0)
    return block(1, struct.pack(order + "HHI", LINKS[kind], 0, 65535) + options, order)


def enhanced(time_ns, ip, kind="ethernet", order="<", which=0, ticks=10**9):
    frame, stamp = framed(ip, kind), time_ns * ticks // 10**9
    head = struct.pack(order + "IIIII", which, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame, order)
