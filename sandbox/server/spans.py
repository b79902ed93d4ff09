"""Spans of requests, status changes and callback attempts, exported by the OpenTelemetry SDK.

Imported only if the environment asks for spans; see `startup.make_span_recorder`. Spans have real times, as those of
the application have, whatever the workspace's clock says. Their ids follow from the request's trace context and the
seed, so that each finds its parent, and a traced callback carries the id of its own span.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from threading import Thread
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from sandbox import __version__
from sandbox.control.masking import masked_text
from sandbox.core.callback import OPEN_STATES, Attempt, Callback
from sandbox.core.change import Batch, MessagesDeleted, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import format_time, microseconds
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message
from sandbox.core.seeded_random import make_token
from sandbox.core.trace import TraceContext, callback_span, child_span, trace_of
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.server.logs import ATTEMPTED, mask

EXPORTERS: Mapping[str, Callable[[], SpanExporter]] = {"otlp": OTLPSpanExporter, "console": ConsoleSpanExporter}
STOP_TIMEOUT = 1.0  # seconds that the last spans have to be exported when the server stops
FIRST_ERROR = 500  # the lowest HTTP status that marks the span of a request as failed
SECRET_LENGTH = 32

Attributes = dict[str, str | int | float | bool]


class ChosenIds(IdGenerator):
    """Gives the next span the ids that are set here."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        """Return the id of the trace that begins."""
        return self.trace_id

    def generate_span_id(self) -> int:
        """Return the id of the next span."""
        return self.span_id


class LogHandler(logging.Handler):
    """Passes what the SDK logs, such as a failed export, to the server's own log."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record."""
        self._report(f"OpenTelemetry: {record.getMessage()}")


class SpanRecorder:
    """Makes a span of each request, status change and callback attempt, and exports them in batches.

    A request without a trace context begins a trace of its own.
    """

    def __init__(self, engine: Engine, exporter: str, report: Callable[[str], None]) -> None:
        self._log = LogHandler(report)
        logging.getLogger("opentelemetry").addHandler(self._log)
        self._engine = engine
        self._ids = ChosenIds()
        own = Resource.create({"service.name": "sms-sandbox", "service.version": __version__})
        resource = own.merge(OTELResourceDetector().detect())  # what the environment says comes first
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(EXPORTERS[exporter]()))
        self._tracer = self._provider.get_tracer("sms-sandbox", __version__)
        self._secret = make_token(SECRET_LENGTH).encode()  # traces of other runs have other ids, whatever the seed
        self._resets: dict[str, int] = {}  # by workspace: a reset one counts its requests anew
        self._since: dict[tuple[str, int], int] = {}  # when an unfinished message got its status, by its number
        self._attempts: dict[tuple[str, int], int] = {}  # attempts seen of each open callback, by its number
        engine.subscribers.add(self._on_request, RequestRecord)
        engine.subscribers.add(self._on_message, Message)
        engine.subscribers.add(self._on_callback, Callback)
        engine.subscribers.add(self._on_deletion, WorkspaceReset, MessagesDeleted, WorkspaceDeleted)

    def close(self) -> None:
        """Export what is left, for at most `STOP_TIMEOUT`: without a collector the SDK would try for longer."""
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(STOP_TIMEOUT)
        logging.getLogger("opentelemetry").removeHandler(self._log)

    def _on_request(self, record: RequestRecord, batch: Batch) -> None:
        world = self._world(batch)
        if world is None:
            return
        given = trace_of(record.headers)
        trace = given or self._own_trace(batch.workspace, f"request {record.id}")
        attributes: Attributes = {
            **_named(batch, record.provider, record.operation),
            "http.request.method": record.method,
            "http.response.status_code": record.status,
            "url.path": masked_text(record.path, record.key),
            "sandbox.request.id": record.id,
            "sandbox.refused": record.refused,
            "sandbox.message.count": len(record.messages),
            "sandbox.clock": format_time(record.at),
        }
        if record.refused and record.why:
            attributes["sandbox.why"] = mask(record.why[0])
        if record.rule:
            attributes["sandbox.rule"] = record.rule
        if record.delay:
            attributes["sandbox.delay"] = record.delay
        now = _real_time()
        failed = record.status >= FIRST_ERROR or not record.status
        self._export(
            record.operation or record.method,
            trace,
            parent=given.parent_id if given else None,
            span=_request_span(trace, world, record.id),
            times=(now - round(record.ms * 1e6), now),
            kind=SpanKind.SERVER,
            attributes=attributes,
            error=f"HTTP status {record.status}" if failed else None,
        )

    def _on_message(self, message: Message, batch: Batch) -> None:
        """Export the span of a status: it lasts from the status before, which is unknown after a restart."""
        now, name = _real_time(), (batch.workspace, message.number)
        before = self._since.pop(name, now)
        if message.is_moving:
            self._since[name] = now
        world, index = self._world(batch), message.reached - 1
        if world is None or (index == 0 and not message.is_inbound):
            return  # of a new message, the request has the span
        trace = self._trace(batch.workspace, message)
        self._export(
            f"message {message.status}",
            trace,
            parent=None if message.is_inbound else _request_span(trace, world, message.request),
            span=_step_span(trace, world, message, index),
            times=(before, now),
            kind=SpanKind.INTERNAL,
            attributes={
                **_named(batch, message.provider, message.operation),
                **_of_message(message),
                "sandbox.clock": format_time(message.status_at),
            },
        )

    def _on_callback(self, callback: Callback, batch: Batch) -> None:
        if not callback.attempts or not self._is_new_attempt(batch.workspace, callback):
            return
        world = self._world(batch)
        message = world.messages.get(callback.message) if world else None
        if world is None or message is None:
            return
        trace, attempt = self._trace(batch.workspace, message), callback.attempts[-1]
        index = message.history.index(callback.step)
        below_status = index or message.is_inbound
        method = callback.request.method if callback.request else "POST"
        now = _real_time()
        self._export(
            f"{method} callback",
            trace,
            parent=_step_span(trace, world, message, index)
            if below_status
            else _request_span(trace, world, message.request),
            span=callback_span(trace, seed=world.seed, callback=callback.id, attempt=attempt.number),
            times=(now - round(attempt.ms * 1e6), now),
            kind=SpanKind.CLIENT,
            attributes={
                **_named(batch, message.provider, message.operation),
                **_of_message(message),
                "http.request.method": method,
                **_of_attempt(callback, attempt),
            },
            error=None if attempt.succeeded else attempt.error or f"HTTP status {attempt.status}",
        )

    def _on_deletion(self, change: WorkspaceReset | MessagesDeleted | WorkspaceDeleted, batch: Batch) -> None:
        """Forget what is gone."""
        if isinstance(change, WorkspaceReset):
            self._resets[batch.workspace] = self._resets.get(batch.workspace, 0) + 1
        if isinstance(change, WorkspaceDeleted):
            self._resets.pop(batch.workspace, None)
        world = self._world(batch)
        messages, callbacks = (world.messages, world.callbacks) if world else ((), ())
        since, attempts = self._since.items(), self._attempts.items()
        self._since = {each: at for each, at in since if each[0] != batch.workspace or each[1] in messages}
        self._attempts = {each: seen for each, seen in attempts if each[0] != batch.workspace or each[1] in callbacks}

    def _is_new_attempt(self, workspace: str, callback: Callback) -> bool:
        """Return whether an attempt has ended; a callback changes for other reasons too."""
        seen = self._attempts.pop((workspace, callback.id), 0)
        if callback.state in OPEN_STATES:
            self._attempts[workspace, callback.id] = len(callback.attempts)
        return callback.state in ATTEMPTED and len(callback.attempts) > seen

    def _world(self, batch: Batch) -> World | None:
        """Return the state of the workspace of a batch; None if it is being deleted."""
        workspace = self._engine.workspaces.get(batch.workspace)
        return None if workspace is None else workspace.world

    def _trace(self, workspace: str, message: Message) -> TraceContext:
        """Return the trace of a message: that of its request, or one that begins with it if a phone sent it."""
        subject = f"message {message.number}" if message.is_inbound else f"request {message.request}"
        return message.trace or self._own_trace(workspace, subject)

    def _own_trace(self, workspace: str, subject: str) -> TraceContext:
        """Return the trace that begins with a subject: the same at each call, as long as the server runs."""
        named = f"{workspace}/{self._resets.get(workspace, 0)}/{subject}"
        drawn = blake2b(named.encode(), digest_size=24, key=self._secret).hexdigest()
        decision = self._provider.sampler.should_sample(None, int(drawn[:32], 16), "").decision
        return TraceContext(drawn[:32], drawn[32:], TraceFlags(decision is Decision.RECORD_AND_SAMPLE))

    def _export(  # noqa: PLR0913 - the parts of a span, by keyword
        self,
        name: str,
        trace: TraceContext,
        *,
        parent: str | None,
        span: str,
        times: tuple[int, int],
        kind: SpanKind,
        attributes: Attributes,
        error: str | None = None,
    ) -> None:
        self._ids.trace_id, self._ids.span_id = int(trace.trace_id, 16), int(span, 16)
        begun, ended = times
        context = Context() if parent is None else _below(trace, parent)
        made = self._tracer.start_span(name, context, kind, attributes, start_time=begun)
        if error is not None:
            made.set_status(Status(StatusCode.ERROR, error))
        made.end(ended)


def _below(trace: TraceContext, parent: str) -> Context:
    """Return the context of spans below a parent."""
    state = TraceState.from_header([trace.state]) if trace.state else None
    remote = parent == trace.parent_id
    ids = int(trace.trace_id, 16), int(parent, 16)
    return set_span_in_context(NonRecordingSpan(SpanContext(*ids, remote, TraceFlags(trace.flags), state)), Context())


def _request_span(trace: TraceContext, world: World, request: int) -> str:
    return child_span(trace, seed=world.seed, number=request, purpose="request")


def _step_span(trace: TraceContext, world: World, message: Message, index: int) -> str:
    """Return the id of the span of a message's status, by its place in the history."""
    return child_span(trace, seed=world.seed, number=message.number, purpose=f"status {index}")


def _named(batch: Batch, provider: str | None, operation: str | None) -> Attributes:
    named = {"sandbox.workspace": batch.workspace, "sandbox.provider": provider, "sandbox.operation": operation}
    return {name: value for name, value in named.items() if value is not None}


def _of_message(message: Message) -> Attributes:
    """Return which message it is, without numbers and text."""
    return {
        "sandbox.message.id": message.id,
        "sandbox.request.id": message.request,
        "sandbox.channel": message.channel.name,
        "sandbox.status": str(message.status),
        "sandbox.provider_status": message.provider_status,
    }


def _of_attempt(callback: Callback, attempt: Attempt) -> Attributes:
    """Return what an attempt was: its URL without credentials and query, which may have keys and numbers."""
    attributes: Attributes = {
        "sandbox.callback.id": callback.id,
        "sandbox.callback.attempt": attempt.number,
        "sandbox.callback.state": str(callback.state),
        "sandbox.status": str(callback.step.status),
        "sandbox.provider_status": callback.step.word,
        "sandbox.replay": attempt.replay,
        "sandbox.clock": format_time(attempt.at),
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    with suppress(ValueError):  # the attempt failed because its URL is none
        scheme, place, path, _, _ = urlsplit(attempt.url)
        host = place.rpartition("@")[2]
        attributes |= {"url.full": f"{scheme}://{host}{path}", "server.address": urlsplit(f"//{host}").hostname or ""}
    return attributes


def _real_time() -> int:
    """Return the real time in nanoseconds since 1970."""
    return microseconds() * 1000
