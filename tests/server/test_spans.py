"""Spans of a send arrive at an OTLP collector: request, statuses and callback attempts, in the trace of the request."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.core.clock import microseconds
from sandbox.core.errors import SandboxError
from sandbox.server import spans
from sandbox.server.startup import make_span_recorder
from tests.builders import NOON
from tests.commands import PATIENCE, launched, run, url_of
from tests.conftest import SandboxMaker
from tests.providers.phones.serving import send, serving, text
from tests.server.collector import Collector, collecting
from tests.servers import BETATEL_SMS, FROZEN, WHATSAPP, Receiver, Sandbox, says

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "congo=t61rcWkgMzE"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Return a collector to which the environment leads."""
    with collecting() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        yield running


class Recorded:
    """A sandbox of which spans are recorded."""

    def __init__(self, sandbox: Sandbox, environ: dict[str, str]) -> None:
        self.sandbox = sandbox
        self.said: list[str] = []
        self._recorder = make_span_recorder(sandbox.engine, environ, self.said.append)

    async def export(self) -> None:
        """Export what was recorded, and stop."""
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close)


@pytest.fixture
async def recorded(collector: Collector, make_sandbox: SandboxMaker, receiver: Receiver) -> Recorded:
    """Return a sandbox whose spans go to the collector, and whose traced callbacks go to the receiver."""
    sandbox = await make_sandbox(replace(FROZEN, trace_callbacks=True))
    sandbox.set_target("betatel", receiver.url("/dlr?secret=s"))
    return Recorded(sandbox, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})


async def test_a_send_is_one_trace_from_the_request_to_the_last_callback(
    recorded: Recorded, collector: Collector, receiver: Receiver
) -> None:
    receiver.answers.append(says(503))
    await recorded.sandbox.send(BETATEL_SMS, **TRACED)
    await recorded.sandbox.advance()
    await recorded.export()

    assert ({(span.trace, span.state) for span in collector.spans}, collector.tree) == (
        {(TRACE, TRACED["tracestate"])},
        [
            ("server", "betatel.sms.send", PARENT, ""),
            ("internal", "message sent", "betatel.sms.send", ""),
            ("client", "POST callback", "message sent", "HTTP status 503"),
            ("internal", "message delivered", "betatel.sms.send", ""),
            ("client", "POST callback", "message delivered", ""),
            ("client", "POST callback", "message sent", ""),
        ],
    )


async def test_a_callback_carries_the_id_of_its_span(
    recorded: Recorded, collector: Collector, receiver: Receiver
) -> None:
    receiver.answers.append(says(503))
    await recorded.sandbox.send(BETATEL_SMS, **TRACED)
    await recorded.sandbox.advance()
    await recorded.export()

    assert {each.headers["traceparent"] for each in receiver.calls} == {
        f"00-{TRACE}-{span.id}-01" for span in collector.spans if span.kind == "client"
    }


async def test_a_span_says_what_happened_without_number_text_and_secret(
    recorded: Recorded, collector: Collector, receiver: Receiver
) -> None:
    await recorded.sandbox.send(BETATEL_SMS, **TRACED)
    await recorded.sandbox.advance(timedelta(seconds=1))
    await recorded.export()
    message = {
        "sandbox.workspace": "default",
        "sandbox.provider": "betatel",
        "sandbox.operation": "betatel.sms.send",
        "sandbox.message.id": recorded.sandbox.message().id,
        "sandbox.request.id": 1,
        "sandbox.channel": "sms",
        "sandbox.status": "sent",
        "sandbox.provider_status": "sent",
        "sandbox.clock": "2026-03-02T12:00:00.200Z",
    }

    assert [span.attributes for span in collector.spans] == [
        {
            "sandbox.workspace": "default",
            "sandbox.provider": "betatel",
            "sandbox.operation": "betatel.sms.send",
            "http.request.method": "POST",
            "http.response.status_code": 200,
            "url.path": "/api/smpp/client/send",
            "sandbox.request.id": 1,
            "sandbox.refused": False,
            "sandbox.message.count": 1,
            "sandbox.clock": "2026-03-02T12:00:00.000Z",
        },
        message,
        {
            **message,
            "http.request.method": "POST",
            "http.response.status_code": 200,
            "url.full": receiver.url("/dlr"),
            "server.address": "127.0.0.1",
            "sandbox.callback.id": 1,
            "sandbox.callback.attempt": 1,
            "sandbox.callback.state": "delivered",
            "sandbox.replay": False,
        },
    ]


async def test_spans_have_real_times_on_a_frozen_clock(recorded: Recorded, collector: Collector) -> None:
    begun = microseconds() * 1000
    await recorded.sandbox.send(BETATEL_SMS, **TRACED)
    await recorded.sandbox.advance(timedelta(hours=9))
    await recorded.export()
    request, sent, *_, delivered = [span for span in collector.spans if span.kind != "client"]

    assert begun <= request.begun <= sent.begun <= sent.ended == delivered.begun <= delivered.ended
    assert delivered.ended <= microseconds() * 1000
    assert request.ended > NOON.timestamp() * 1e9


async def test_a_request_without_a_trace_begins_one_of_its_own(recorded: Recorded, collector: Collector) -> None:
    await recorded.sandbox.send()
    await recorded.sandbox.reset()
    await recorded.sandbox.send()
    await recorded.sandbox.send(BETATEL_SMS, traceparent="00-no")
    await recorded.sandbox.advance()
    await recorded.export()
    roots = [span for span in collector.spans if not span.parent]
    lengths = [sum(each.trace == root.trace for each in collector.spans) for root in roots]

    assert ([root.name for root in roots], lengths) == (["betatel.sms.send"] * 3, [1, 5, 5])


async def test_a_text_from_a_phone_begins_a_trace(collector: Collector, receiver: Receiver) -> None:
    async with serving() as acme:
        recorded = Recorded(acme, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        acme.set_target("acme", receiver.url())
        await send(acme)
        await text(acme, "Yes, please")
        await acme.engine.courier.settled("default")
        await recorded.export()

    assert collector.tree == [
        ("server", "acme.sms.send", "", ""),
        ("internal", "message received", "", ""),
        ("client", "POST callback", "message received", ""),
    ]


async def test_the_url_of_an_attempt_is_without_credentials(recorded: Recorded, collector: Collector) -> None:
    for url in ("http://name:secret@127.0.0.1:9/dlr?id=1", "http://[::1/dlr"):  # as a provider's function may say
        recorded.sandbox.set_target("betatel", url)
        await recorded.sandbox.send()
        await recorded.sandbox.advance(timedelta(seconds=1))
    await recorded.export()
    calls = [span for span in collector.spans if span.kind == "client"]

    assert [(call.attributes.get("url.full"), bool(call.error)) for call in calls] == [
        ("http://127.0.0.1:9/dlr", True),
        (None, True),
    ]


async def test_a_refusal_has_its_reason_without_the_clients_values(recorded: Recorded, collector: Collector) -> None:
    await recorded.sandbox.send(WHATSAPP.with_values(to="+38761930305"), **TRACED)
    await recorded.export()
    (span,) = collector.spans

    assert (span.error, span.attributes["sandbox.refused"], span.attributes["sandbox.why"]) == (
        "",
        True,
        r"body.to: '…' does not match ^[1-9]\d{6,14}$ (documented: E.164 without +)",
    )


async def test_a_trace_that_its_sender_does_not_record_is_not_exported(
    recorded: Recorded, collector: Collector
) -> None:
    await recorded.sandbox.send(BETATEL_SMS, traceparent=f"00-{TRACE}-{PARENT}-00")
    await recorded.sandbox.advance()
    await recorded.export()

    assert collector.spans == []


async def test_without_its_variables_nothing_is_recorded(sandbox: Sandbox) -> None:
    every = [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"},
    ]

    assert [make_span_recorder(sandbox.engine, environ, print) for environ in every] == [None] * 4


async def test_without_the_extra_the_log_names_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sandbox.server.spans", None)  # as if its imports failed
    said: list[str] = []
    made = make_span_recorder(sandbox.engine, {"OTEL_TRACES_EXPORTER": "otlp"}, said.append)

    assert (made, said) == (
        None,
        ["no spans are exported: OTEL_ variables ask for them, but this needs pip install 'sms-sandbox[otel]'"],
    )


async def test_an_exporter_that_there_is_none_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"^OTEL_TRACES_EXPORTER: 'zipkin' is not one of otlp, console, none$"):
        make_span_recorder(sandbox.engine, {"OTEL_TRACES_EXPORTER": "zipkin"}, print)


def test_the_server_exports_by_the_usual_variables_until_it_stops(collector: Collector) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=sms",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    with launched(**environ) as process:
        assert process.stdout is not None
        url = url_of(process.stdout.readline())
        sent = run("send", "--operation", "betatel.sms.send", "--url", url)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    path, headers = collector.requests[0]
    named = {name: collector.resources[0][name] for name in ("service.name", "deployment.environment")}
    assert (sent[0], process.returncode, path, headers["x-team"], collector.tree[0][:3], named) == (
        0,
        0,
        "/v1/traces",
        "sms",
        ("server", "betatel.sms.send", ""),
        {"service.name": "sms-sandbox", "deployment.environment": "test"},
    )


async def test_a_stop_does_not_wait_for_a_collector_that_does_not_answer(
    recorded: Recorded, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "STOP_TIMEOUT", 0.05)
    collector.answering.clear()
    await recorded.sandbox.send()
    await recorded.export()
    unanswered = not collector.answering.is_set()
    collector.answering.set()

    assert unanswered


async def test_the_log_says_that_spans_could_not_be_exported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    recorded = Recorded(sandbox, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    await sandbox.send()
    await recorded.export()

    assert recorded.said == ["OpenTelemetry: Failed to export spans batch due to timeout, max retries or shutdown."]


def test_a_server_without_the_variables_loads_nothing_of_the_sdk() -> None:
    with launched(PYTHONPROFILEIMPORTTIME="1") as process:
        assert process.stdout is not None
        run("send", "--operation", "betatel.sms.send", "--url", url_of(process.stdout.readline()))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in errors.splitlines() if "|" in line}

    assert ("sandbox" in loaded, loaded & {"opentelemetry", "google", "requests"}) == (True, set())
