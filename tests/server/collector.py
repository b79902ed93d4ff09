"""An OTLP/HTTP collector in the test's process."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

KINDS = {Sent.SPAN_KIND_SERVER: "server", Sent.SPAN_KIND_CLIENT: "client", Sent.SPAN_KIND_INTERNAL: "internal"}


class Span(NamedTuple):
    """A span as the collector got it; `parent` is empty for a root, `error` unless it failed."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    state: str
    begun: int
    ended: int
    error: str
    attributes: dict[str, object]


class Collector:
    """What a collector got; `requests` has the paths and headers with which that came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answering = threading.Event()  # if it is clear, answers wait
        self.answering.set()
        self.spans: list[Span] = []
        self.resources: list[dict[str, object]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []

    def take(self, body: bytes) -> None:
        """Take what an exporter sends."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            self.resources.append(values(resource.resource.attributes))
            self.spans += [read(span) for scope in resource.scope_spans for span in scope.spans]

    @property
    def tree(self) -> list[tuple[str, str, str, str]]:
        """Each span by kind, name and error, with the name of its parent or its id, as they began and ended."""
        names = {span.id: span.name for span in self.spans}
        ordered = sorted(self.spans, key=lambda span: (span.ended, span.begun))
        return [(span.kind, span.name, names.get(span.parent, span.parent), span.error) for span in ordered]


def read(span: Sent) -> Span:
    return Span(
        span.name,
        KINDS[span.kind],
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.trace_state,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.message,
        values(span.attributes),
    )


def values(attributes: "Iterator[object]") -> dict[str, object]:
    """Return attributes by name."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}  # type: ignore[attr-defined]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector in a thread."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            collector.answering.wait()
            body = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
