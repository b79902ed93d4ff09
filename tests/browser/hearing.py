"""A customer's server in a thread: it hears callbacks and answers as it is told."""

from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Receiver:
    """Hears callbacks at `url`; `answers` are the statuses of the next ones, 200 when there is no more."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.answers: deque[int] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/dlr"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the base class names its methods so
                receiver.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.answers.popleft() if receiver.answers else 200
                body = b"OK" if status == 200 else b"not now"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler
