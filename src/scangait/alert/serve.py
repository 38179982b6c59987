"""Serve: /metrics and /health over HTTP, on the loopback address unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Final

import msgspec

from scangait.alert.metrics import CONTENT_TYPE, Metrics, memory_bytes
from scangait.errors import OutputError

if TYPE_CHECKING:
    from http.server import HTTPServer

LOOPBACK: Final = "127.0.0.1"
SECONDS: Final = 2.0
"""How long one client may hold the line."""

Health = Callable[[], tuple[bool, dict[str, object]]]
"""Whether the watch is well, and what to say of it."""


class Endpoint:
    """A running endpoint; `port` is where it listens, also when 0 was asked for. Raises OutputError.

    `refresh` is called before the numbers are read, `health` for each /health: 200 when it is well, else 503.
    """

    def __init__(
        self,
        metrics: Metrics,
        health: Health,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            self.server = _server(metrics, health, refresh, host, port)
        except OSError as error:
            raise OutputError(f"{host}:{port}: no metrics there ({error.strerror}); choose another port") from error
        self.port = int(self.server.server_address[1])
        Thread(target=self.server.serve_forever, name="metrics", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()


def _server(metrics: Metrics, health: Health, refresh: Callable[[], None], host: str, port: int) -> HTTPServer:
    """A server that answers one client at a time; http.server is imported only where metrics are asked for."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from socketserver import TCPServer

    class Answer(BaseHTTPRequestHandler):
        timeout = SECONDS
        server_version = "scangait"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                refresh()
                metrics.set("scangait_memory_bytes", memory_bytes())
                self._reply(200, CONTENT_TYPE, metrics.text().encode())
            elif path == "/health":
                well, said = health()
                body = msgspec.json.encode({"status": "ok" if well else "failing"} | said) + b"\n"
                self._reply(200 if well else 503, "application/json", body)
            else:
                self._reply(404, "text/plain; charset=utf-8", b"there are /metrics and /health\n")

        def _reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of http.server
            """Keep quiet about requests."""

    class Loopback(HTTPServer):
        def server_bind(self) -> None:
            """Bind without asking any name server what the host is called."""
            TCPServer.server_bind(self)
            self.server_name, self.server_port = host, self.server_address[1]

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no news."""

    return Loopback((host, port), Answer)
