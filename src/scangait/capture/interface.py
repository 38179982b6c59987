"""Interface: frames from a network interface, as the records of a capture, so that one parser reads both.

A packet socket (packet(7)) hears every frame; frames that this host sends are left out. Time is the kernel's
(SO_TIMESTAMPNS). Only the first bytes of each frame are taken: probes are told by their headers.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Event
from typing import Final

from scangait.capture.batch import Batch, Tally
from scangait.capture.headers import ETHERNET, RAW_IP
from scangait.capture.packets import Parser
from scangait.capture.position import Position
from scangait.errors import CaptureError
from scangait.probes import empty

SNAP: Final = 512
AT_ONCE: Final = 4096
ROOM: Final = 64 << 20
"""Bytes that the kernel keeps for us, where it lets us ask for so many."""
EVERY_PROTOCOL: Final = 0x0003
"""ETH_P_ALL, linux/if_ether.h."""
SO_RCVBUFFORCE: Final = 33
SO_TIMESTAMPNS: Final = 35
"""asm-generic/socket.h; the ancillary message has the same number and carries a timespec of two longs."""
SOL_PACKET: Final = 263
PACKET_ADD_MEMBERSHIP, PACKET_STATISTICS, PACKET_MR_PROMISC, PACKET_OUTGOING = 1, 6, 1, 4
"""linux/if_packet.h."""
HARDWARE: Final = {1: ETHERNET, 772: ETHERNET, 65534: RAW_IP[2], 768: RAW_IP[2], 519: RAW_IP[2]}
"""ARPHRD_* of linux/if_arp.h -> link type: Ethernet and loopback frames; none, tunnels and raw IP packets."""
NANOSECOND_PCAP: Final = 0xA1B23C4D


def listen(name: str) -> socket.socket:
    """A socket that hears an interface, also what is not for this host. Raises CaptureError; needs CAP_NET_RAW."""
    if not hasattr(socket, "AF_PACKET"):
        raise CaptureError(f"interface {name}: only Linux has packet sockets; pipe tcpdump -w - into scangait")
    try:
        index = socket.if_nametoindex(name)
    except OSError as error:
        have = ", ".join(known for _, known in socket.if_nameindex())
        raise CaptureError(f"interface {name}: there is none of that name; there are {have}") from error
    try:
        listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with suppress(OSError):
            listening.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        wanted = struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b"")
        listening.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, wanted)
        listening.setblocking(False)
        listening.bind((name, EVERY_PROTOCOL))
    except OSError as error:
        hint = "run as root or give the program CAP_NET_RAW"
        raise CaptureError(f"interface {name}: cannot be heard ({error.strerror}); {hint}") from error
    return listening


def opened(listening: socket.socket, name: str) -> Parser:
    """A parser for what the socket hears, its kernels loaded while files may still be read."""
    hardware = listening.getsockname()[3]
    if hardware not in HARDWARE:
        raise CaptureError(f"{name}: hardware type {hardware} is not known; pipe tcpdump -w - into scangait")
    parser = Parser(name)
    parser.feed(struct.pack("<IHHiIII", NANOSECOND_PCAP, 2, 4, 0, 0, SNAP, HARDWARE[hardware]))
    return parser


def frames(listening: socket.socket, parser: Parser, stop: Event, poll: float) -> Iterator[Batch]:
    """Batches of what comes in, until `stop`. Raises CaptureError when the interface goes away."""
    look = select.poll()
    look.register(listening, select.POLLIN)
    with listening:
        while not stop.is_set():
            ready = look.poll(poll * 1000)
            try:
                raw = b"".join(_records(listening)) if ready else b""
            except OSError as error:
                raise CaptureError(f"{parser.name}: cannot be heard any more ({error.strerror}); is it up?") from error
            batch = parser.feed(raw) if raw else Batch(empty(), Tally())
            dropped = _dropped(listening)
            yield replace(batch, tally=batch.tally + dropped, position=Position(parser.name, parser.offset))


def _records(listening: socket.socket) -> Iterator[bytes]:
    """The frames that wait, each as a record of a capture with nanoseconds."""
    for _ in range(AT_ONCE):
        try:
            frame, ancillary, _, origin = listening.recvmsg(SNAP, 64)
        except BlockingIOError:
            return
        if origin[2] == PACKET_OUTGOING:
            continue
        seconds, part = divmod(time.time_ns(), 1_000_000_000)
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(value) == struct.calcsize("ll"):
                seconds, part = struct.unpack("ll", value)
        yield struct.pack("<IIII", seconds, part, len(frame), len(frame)) + frame


def _dropped(listening: socket.socket) -> Tally:
    """How many frames the kernel dropped since it was last asked."""
    _, drops = struct.unpack("II", listening.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return Tally({"dropped": drops}) if drops else Tally()
