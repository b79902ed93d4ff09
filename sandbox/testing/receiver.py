"""A customer's server for tests: it hears callbacks, keeps them, and answers as it is told."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Condition, Thread
from urllib.parse import parse_qsl, urlsplit

from sandbox.core.clock import monotonic

POLL = 0.05  # seconds within which the thread notices that it is to end
LOOPBACK = "127.0.0.1"
EVERYWHERE = ""  # listens on every network


@dataclass(frozen=True, slots=True)
class Heard:
    """A callback as it came; `path` is without what only leads to this receiver, header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> object:
        """The body as JSON has it.

        Raises:
            ValueError: it is none.

        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a callback is answered."""

    status: int = 200
    body: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)


Hearing = Callable[[str, str, Mapping[str, str], bytes], Answer]


class Receiver:
    """What one test hears: `calls` has every callback, oldest first."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.calls: list[Heard] = []
        self._answers: deque[tuple[int | None, Answer]] = deque()
        self._heard = Condition()

    def url(self, path: str = "/") -> str:
        """Return an address of this receiver."""
        return f"{self.root}/{path.lstrip('/')}"

    def answer_with(
        self,
        status: int,
        body: str = "",
        *,
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` callbacks so, then 200 again; without `times`, all from now on.

        Several of these follow one another.
        """
        with self._heard:
            self._answers.append((times, Answer(status, body, headers or {})))

    def wait_for(self, count: int = 1, *, timeout: float = 10.0) -> list[Heard]:
        """Return the calls as soon as there are `count`; for a clock that runs, as `advance` waits by itself.

        Raises:
            AssertionError: there are fewer after `timeout` seconds of real time.

        """
        until = monotonic() + timeout
        with self._heard:
            # `Condition.wait_for` never ends while a test freezes the time of its process.
            while len(self.calls) < count and (left := until - monotonic()) > 0:
                self._heard.wait(left)
            if len(self.calls) < count:
                seen = f"{len(self.calls)} of {count} callbacks came within {timeout:g} s"
                message = f"{seen}; a frozen clock has to be advanced"
                raise AssertionError(message)
            return list(self.calls)

    def clear(self) -> None:
        """Forget the calls, and what was to be answered."""
        with self._heard:
            self.calls.clear()
            self._answers.clear()

    def hear(self, call: Heard) -> Answer:
        """Keep a call and return the answer to it."""
        with self._heard:
            self.calls.append(call)
            self._heard.notify_all()
            return self._next()

    def _next(self) -> Answer:
        while self._answers:
            left, answer = self._answers[0]
            if left is None:
                return answer
            self._answers.popleft()
            if left > 0:
                self._answers.appendleft((left - 1, answer))
                return answer
        return Answer()


class Listener:
    """An HTTP server in a thread of its own; the first step of a path says which receiver is meant."""

    def __init__(self) -> None:
        self.root = ""
        self._count = 0
        self._receivers: dict[str, Receiver] = {}

    @contextmanager
    def receiving(self) -> Iterator[Receiver]:
        """Yield a receiver of its own; what comes for it afterwards gets 404."""
        self._count += 1
        name = f"r{self._count}"
        receiver = self._receivers[name] = Receiver(f"{self.root}/{name}")
        try:
            yield receiver
        finally:
            del self._receivers[name]

    def hear(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Hand a request to its receiver and return the answer."""
        parts = urlsplit(target)
        name, _, path = parts.path.lstrip("/").partition("/")
        receiver = self._receivers.get(name)
        if receiver is None:
            return Answer(404, "this receiver is no more")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return receiver.hear(Heard(method, f"/{path}", query, headers, body.decode("utf-8", "replace")))


@contextmanager
def listening(name: str | None = None) -> Iterator[Listener]:
    """Yield a listener on loopback; with a `name` by which a sandbox elsewhere reaches us, on every network."""
    listener = Listener()
    where = LOOPBACK if name is None else EVERYWHERE
    with _Server((where, 0), partial(_Handler, listener.hear)) as server:
        listener.root = f"http://{name or LOOPBACK}:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(POLL,), name="sms-sandbox receiver", daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            if not sys.is_finalizing():  # the thread is gone by then
                server.shutdown()
                thread.join()


class _Server(ThreadingHTTPServer):
    # Connections that wait to be accepted: the sandbox opens up to 64 at once, and one that finds no room tries again
    # a second later.
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one piece

    def __init__(
        self,
        hear: Hearing,
        connection: socket,
        address: tuple[str, int],
        server: ThreadingHTTPServer,
    ) -> None:
        self._hand_over = hear
        super().__init__(connection, address, server)

    def _hear(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self._hand_over(self.command, self.path, headers, body)
        written = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_POST = do_PUT = _hear  # noqa: N815 - the names that the standard library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: what was heard is in `calls`."""
