"""Syslog: RFC 5424 messages over UDP (RFC 5426, one a datagram) or TCP (RFC 6587, octet counting)."""

from __future__ import annotations

import os
import select
import socket
from typing import Final

from scangait.alert.alert import Alert
from scangait.alert.formats import Format
from scangait.alert.output import Refused
from scangait.alert.plain import stamp
from scangait.alert.product import NAME
from scangait.errors import OutputError

LOCAL0: Final = 16
SEVERITY: Final = {"opened": 5, "changed": 5, "closed": 6}
"""Notice and informational (RFC 5424, section 6.2.1)."""
LONGEST_DATAGRAM: Final = 65_507
"""What fits into one UDP datagram over IPv4."""
SECONDS: Final = 5.0


class Syslog:
    """Sends each alert to `host`:`port`. TCP connects when first needed and again after the receiver went away.

    Neither way has receipts: an alert counts as delivered once the system took it. Before each TCP message the
    connection is looked at, so that a receiver that closed it in good order loses nothing.
    """

    def __init__(self, host: str, port: int, form: Format, *, stream: bool) -> None:
        self.host, self.port, self.form, self.stream = host, port, form, stream
        self.socket: socket.socket | None = None

    def write(self, alert: Alert) -> None:
        """Send one message."""
        raw = message(alert, self.form.line(alert)).encode("utf-8", "backslashreplace")
        if not self.stream and len(raw) > LONGEST_DATAGRAM:
            raise Refused(f"syslog {self.host}:{self.port}: {len(raw)} bytes are too long for UDP; use tcp://")
        try:
            if self.socket is None or (self.stream and _gone(self.socket)):
                self._connect()
            if self.socket is not None:
                self.socket.sendall(b"%d " % len(raw) + raw if self.stream else raw)
        except OSError as error:
            self.close()
            reason = error.strerror or str(error)
            raise OutputError(
                f"syslog {self.host}:{self.port}: cannot be sent ({reason}); is the receiver up?"
            ) from error

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _connect(self) -> None:
        self.close()
        if self.stream:
            self.socket = socket.create_connection((self.host, self.port), timeout=SECONDS)
            return
        family, kind, proto, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(family, kind, proto)
        self.socket.settimeout(SECONDS)
        self.socket.connect(address)


def message(alert: Alert, line: str) -> str:
    """The syslog message that carries a line; its number is the registered parameter sequenceId."""
    host = "".join(character for character in socket.gethostname() if "!" <= character <= "~")[:255] or "-"
    sequence = (alert.sequence - 1) % (2**31 - 1) + 1
    head = f"<{LOCAL0 * 8 + SEVERITY[alert.event]}>1 {stamp(alert.time_ns, 6)} {host} {NAME} {os.getpid()}"
    return f'{head} scan-{alert.event} [meta sequenceId="{sequence}"] {line}'


def _gone(connection: socket.socket) -> bool:
    """Whether the other end has closed; syslog receivers say nothing, so anything to read is the end."""
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))
