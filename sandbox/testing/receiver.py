"""An HTTP server that receives callbacks in tests: it records them and answers as configured."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_connection, socket
from threading import Condition, Thread
from urllib.parse import parse_qsl, urlsplit

from sandbox.core.clock import monotonic

LOOPBACK = "127.0.0.1"
ANY_ADDRESS = ""


@dataclass(frozen=True, slots=True)
class ReceivedCallback:
    """A callback; `path` is relative to the receiver's URL, header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> object:
        """The decoded JSON body.

        Raises:
            ValueError: the body is not JSON.

        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a callback."""

    status: int = 200
    body: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[str, str, Mapping[str, str], bytes], Response]


class Receiver:
    """The callbacks of one test: `calls` has all of them, oldest first."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.calls: list[ReceivedCallback] = []
        self._responses: deque[tuple[int | None, Response]] = deque()
        self._received = Condition()

    def url(self, path: str = "/") -> str:
        """Return the URL of a path of this receiver."""
        return f"{self.root}/{path.lstrip('/')}"

    def answer_with(
        self,
        status: int,
        body: str = "",
        *,
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` callbacks with this response, then with 200 again; without `times`, all from now on.

        Several calls apply one after another.
        """
        with self._received:
            self._responses.append((times, Response(status, body, headers or {})))

    def wait_for(self, count: int = 1, *, timeout: float = 10.0) -> list[ReceivedCallback]:
        """Wait for `count` calls and return all; for clocks that run, as `advance` waits for callbacks itself.

        Raises:
            AssertionError: fewer have arrived after `timeout` seconds of real time.

        """
        until = monotonic() + timeout
        with self._received:
            # `Condition.wait_for` never ends while a test freezes the time of its process.
            while len(self.calls) < count and (left := until - monotonic()) > 0:
                self._received.wait(left)
            if len(self.calls) < count:
                seen = f"received {len(self.calls)} of {count} callbacks within {timeout:g} s"
                message = f"{seen}; a frozen clock must be advanced"
                raise AssertionError(message)
            return list(self.calls)

    def clear(self) -> None:
        """Delete the recorded calls and the configured answers."""
        with self._received:
            self.calls.clear()
            self._responses.clear()

    def receive(self, call: ReceivedCallback) -> Response:
        """Record a call and return the response to it."""
        with self._received:
            self.calls.append(call)
            self._received.notify_all()
            return self._next()

    def _next(self) -> Response:
        while self._responses:
            left, response = self._responses[0]
            if left is None:
                return response
            self._responses.popleft()
            if left > 0:
                self._responses.appendleft((left - 1, response))
                return response
        return Response()


class Listener:
    """An HTTP server in a thread of its own; the first segment of a path names the receiver."""

    def __init__(self) -> None:
        self.root = ""
        self._count = 0
        self._receivers: dict[str, Receiver] = {}

    @contextmanager
    def receiving(self) -> Iterator[Receiver]:
        """Yield a new receiver; its URL answers 404 afterwards."""
        self._count += 1
        name = f"r{self._count}"
        receiver = self._receivers[name] = Receiver(f"{self.root}/{name}")
        try:
            yield receiver
        finally:
            del self._receivers[name]

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Pass a request to its receiver and return the response."""
        parts = urlsplit(target)
        name, _, path = parts.path.lstrip("/").partition("/")
        receiver = self._receivers.get(name)
        if receiver is None:
            return Response(404, "this receiver is closed")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return receiver.receive(ReceivedCallback(method, f"/{path}", query, headers, body.decode("utf-8", "replace")))


@contextmanager
def listening(name: str | None = None) -> Iterator[Listener]:
    """Run a listener on loopback, or on all addresses if another machine reaches this one by `name`."""
    listener = Listener()
    host = LOOPBACK if name is None else ANY_ADDRESS
    with _Server((host, 0), partial(_Handler, listener.handle)) as server:
        listener.root = f"http://{name or LOOPBACK}:{server.server_port}"
        thread = Thread(target=server.serve, name="sms-sandbox receiver", daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            if not sys.is_finalizing():  # then the thread no longer runs
                server.is_closing = True
                create_connection((LOOPBACK, server.server_port)).close()  # the thread waits for a connection
                thread.join()


class _Server(ThreadingHTTPServer):
    # The sandbox opens up to 64 connections at once, and one that does not fit into this queue is delayed by a second.
    request_queue_size = 128
    is_closing = False

    def serve(self) -> None:
        """Handle connections until the server is closing. `serve_forever` would notice that up to its pause later."""
        while not self.is_closing:
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body are sent together

    def __init__(
        self,
        handle: Handler,
        connection: socket,
        address: tuple[str, int],
        server: ThreadingHTTPServer,
    ) -> None:
        self._handle = handle
        super().__init__(connection, address, server)

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        response = self._handle(self.command, self.path, headers, body)
        written = response.body.encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = do_PUT = _respond  # noqa: N815 - the names that the standard library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log nothing: `calls` has the callbacks."""
