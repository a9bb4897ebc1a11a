"""A connection of REST: uvicorn's, with limits of time, of number and of size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httptools
import orjson
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from latent_xlate.serving.server.limits import Limits

_REFUSED_SECONDS = 1.0
"""Time in which a client must send the header of the request by whose answer it is refused."""


def json_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response with the body `{"error": message}`."""
    return Response(orjson.dumps({"error": message}), status, headers, "application/json")


class Connection(HttpToolsProtocol):
    """A connection that ends when its client is slow, and is refused when there are too many.

    uvicorn limits neither the time nor the size of a request's header. Here the header must be complete within
    `header_seconds` of the connection or of the last answer, however its bytes are spread over that time. A client
    that stops reading its answer loses the connection after the same time.

    Attributes:
        refused: Whether its next request is answered by an error, after which it closes.
    """

    def __init__(self, limits: Limits, **uvicorns: Any):
        """Takes the limits, and the arguments of uvicorn's class."""
        super().__init__(**uvicorns)
        parser: Any = _Parser(self)
        self.parser = parser
        self.refused = False
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        self._unread = 0
        """Bytes of the answers that the client had not read when the timer was started."""
        self._is_in_header = False
        self._header_size = 0
        """Bytes of a header that is not complete."""

    # ---- Events of the transport and of the parser, with uvicorn's reactions --------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        address = self.client and self.client[0]
        others = [each for each in self.connections if isinstance(each, Connection) and not each.refused]
        if len(others) > self._limits.max_connections:
            self._refuse(503, "The server has too many connections: come again later.")
        elif (
            0
            < self._limits.max_connections_per_address
            < sum(each.client is not None and each.client[0] == address for each in others)
        ):
            self._refuse(503, f"There are too many connections from {address}: close some, or come again later.")
        self._start_timer(_REFUSED_SECONDS if self.refused else self._limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_header:
            self._header_size += len(data)
            if self._header_size > self._limits.max_header_bytes:
                self._say_and_close(431, self._too_large)

    def on_message_begin(self) -> None:
        self._is_in_header = True
        self._header_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._asks_for_upgrade():
            return
        self._is_in_header = False
        if not self.transport.get_write_buffer_size():  # Otherwise it waits for the client to read.
            self._stop_timer()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self._limits.max_header_bytes:
            self._refuse(431, self._too_large)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._asks_for_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._start_timer(self._limits.header_seconds)

    def send_400_response(self, msg: str) -> None:
        self._say_and_close(400, "The request is not valid HTTP.")

    # ---- Upgrades to other protocols -------------------------------------------------------------------

    def header_without_upgrade(self) -> bytes:
        """The header of the request that is being parsed, without the field by which it asks for an upgrade."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        fields = b"".join(name + b": " + value + b"\r\n" for name, value in self.headers if name != b"upgrade")
        return method + b" " + self.url + b" HTTP/" + version + b"\r\n" + fields + b"\r\n"

    def _asks_for_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _unsupported_upgrade_warning(self) -> None:
        """Does nothing. uvicorn's method would log two lines for each packet after CONNECT."""

    # ---- Refusal, and the end of a slow client's time --------------------------------------------------

    def _refuse(self, status: int, message: str) -> None:
        self.refused = True
        self.app = json_error(status, message, {"Connection": "close"})

    @property
    def _too_large(self) -> str:
        return f"The header is larger than {self._limits.max_header_bytes} bytes."

    def _say_and_close(self, status: int, message: str) -> None:
        """Answers a request that is not read to its end, after the answers to those before it."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and (cycle.response_started or not cycle.more_body):
            cycle.keep_alive = False  # The last request that was read has an answer of its own, which closes.
            self.flow.pause_reading()
            return
        response = json_error(status, message, {"Connection": "close"})
        header = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
        self.transport.write(STATUS_LINE[status] + header + b"\r\n" + bytes(response.body))
        self.transport.close()
        self._start_timer(self._limits.header_seconds)

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._unread = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(seconds, self._time_over)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_over(self) -> None:
        unread = self.transport.get_write_buffer_size()
        if 0 < unread < self._unread:  # The client is slow, but reads.
            self._start_timer(self._limits.header_seconds)
        elif unread:
            self.transport.abort()  # Closing would wait until it has read all.
        elif self.cycle is not None and not self.cycle.response_complete:
            pass  # The next request of a pipeline is being computed; its answer starts the timer again.
        elif self._is_in_header:
            self._say_and_close(408, f"The header did not come within {self._limits.header_seconds:g} s.")
        else:
            self.transport.close()


class _Parser:
    """httptools' parser of requests, which goes on as if there were no request to upgrade to another protocol.

    A server may ignore such a request (RFC 9110, section 7.8). Java's client sends it with each first request, for
    HTTP/2. httptools would take all that follows the header, the body that is, for the other protocol.
    """

    def __init__(self, connection: Connection):
        """Takes the connection, whose methods are called with what is parsed."""
        self._connection = connection
        self._parser = self._new()

    def _new(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self._connection)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # As uvicorn does, for pipelines.
        return parser

    def feed_data(self, data: bytes) -> None:
        """Parses further bytes; raises what httptools raises."""
        rest = memoryview(data)  # It may hold many requests.
        while True:
            try:
                self._parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if self.get_method() == b"CONNECT":
                    raise
                header = self._connection.header_without_upgrade()
                self._parser = self._new()
                self._parser.feed_data(header)
                rest = rest[upgrade.args[0] :]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)
