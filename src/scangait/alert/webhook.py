"""Webhook: each alert in one HTTP POST; taken when the answer is 2xx, tried again when the receiver is in trouble."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from scangait.alert.alert import Alert, identity
from scangait.alert.formats import Format
from scangait.alert.output import Refused
from scangait.alert.product import NAME, VERSION
from scangait.errors import OutputError

SECONDS: Final = 10.0
"""How long one POST may take in all, however slowly its answer drips in."""
AGAIN: Final = frozenset((408, 425, 429))
"""Answers below 500 that ask to try later (RFC 9110, RFC 8470, RFC 6585)."""


class Webhook:
    """Posts to `url` (http or https, certificates checked); `token` is a file with a bearer token, read each time.

    The header Idempotency-Key names the alert, so that a receiver can tell a repeat. Redirects are not followed.
    """

    def __init__(self, url: str, form: Format, *, token: Path | None = None, seconds: float = 0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError(f"{url!r} is no http or https address without a user name; put a token into a file")
        self.parts, self.form, self.token, self.seconds = parts, form, token, seconds or SECONDS
        self.name = f"{parts.scheme}://{parts.netloc}"

    def write(self, alert: Alert) -> None:
        """Post one alert and wait for the answer."""
        body = self.form.line(alert).encode("utf-8", "backslashreplace")
        try:
            status = self._post(body, self._headers(alert))
        except (OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise OutputError(f"webhook {self.name}: no answer ({reason}); is the receiver up?") from error
        if status >= 500 or status in AGAIN:
            raise OutputError(f"webhook {self.name}: answered {status}; the receiver is in trouble")
        if not 200 <= status < 300:
            raise Refused(
                f"webhook {self.name}: answered {status} to alert {alert.sequence}; check its address and token"
            )

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Each POST has closed its own connection."""

    def _headers(self, alert: Alert) -> dict[str, str]:
        said = {
            "Content-Type": self.form.media,
            "User-Agent": f"{NAME}/{VERSION}",
            "Idempotency-Key": f'"{identity(alert)}"'.encode("ascii", "backslashreplace").decode(),
            "Connection": "close",
        }
        if self.token is not None:
            said["Authorization"] = f"Bearer {self.token.read_text().strip()}"
        return said

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """Status of one POST; a timer cuts the connection when the time is up."""
        kind = HTTPSConnection if self.parts.scheme == "https" else HTTPConnection
        connection = kind(self.parts.hostname or "", self.parts.port, timeout=self.seconds)
        try:
            connection.connect()
            timer = Timer(self.seconds, _cut, [connection.sock])
            timer.daemon = True
            timer.start()
            try:
                path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
                connection.request("POST", path, body, headers)
                response: HTTPResponse = connection.getresponse()
                return response.status
            finally:
                timer.cancel()
        finally:
            connection.close()


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
