"""With `--trace-callbacks`, callbacks carry a child of the trace context of the request that sent the message."""

from dataclasses import replace

import pytest

from sandbox.core.trace import TraceContext, parse_trace
from tests.conftest import SandboxMaker
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, FROZEN, SMSBUDDY_SMS, UBILL_SMS, Receiver, Sandbox, Sms, says

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
STATE = "congo=t61rcWkgMzE"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-03", "tracestate": STATE}
TRACING = replace(FROZEN, trace_callbacks=True)


@pytest.fixture
async def tracing(make_sandbox: SandboxMaker, receiver: Receiver) -> Sandbox:
    """Return a sandbox whose callbacks are traced, and arrive at the receiver."""
    sandbox = await make_sandbox(TRACING)
    for provider in sandbox.engine.packs:
        sandbox.set_target(provider, receiver.url())
    return sandbox


def carried(receiver: Receiver) -> list[TraceContext | None]:
    """Return the trace context of each call."""
    return [parse_trace(each.headers.get("traceparent", ""), each.headers.get("tracestate")) for each in receiver.calls]


@pytest.mark.parametrize("sms", [BETATEL_SMS, UBILL_SMS, SMSBUDDY_SMS])
async def test_a_callback_carries_a_child_with_the_flags_and_the_state(
    tracing: Sandbox, receiver: Receiver, sms: Sms
) -> None:
    await tracing.send(sms, **TRACED)
    await tracing.advance()
    children = carried(receiver)

    assert ({each._replace(parent_id="") for each in children if each}, all(children)) == (
        {TraceContext(TRACE, "", 3, STATE)},
        True,
    )


async def test_each_attempt_has_a_span_of_its_own(tracing: Sandbox, receiver: Receiver) -> None:
    receiver.answers.extend([says(500), says(500)])
    await tracing.send(BETATEL_SMS, **TRACED)
    await tracing.advance()
    await Control(tracing).post("/callbacks/1/replay")
    await tracing.engine.courier.settled("default")
    spans = [each.parent_id for each in carried(receiver) if each]

    assert (len(spans), len({*spans, PARENT})) == (5, 6)


async def test_the_same_seed_gives_the_same_spans(make_sandbox: SandboxMaker, receiver: Receiver) -> None:
    spans = []
    for _ in range(2):
        sandbox = await make_sandbox(TRACING)
        sandbox.set_target("betatel", receiver.url())
        await sandbox.send(BETATEL_SMS, **TRACED)
        await sandbox.advance()
        spans.append([each.headers["traceparent"] for each in receiver.calls])
        receiver.calls.clear()

    assert spans[0] == spans[1]


async def test_the_api_shows_what_a_callback_carried_or_would_have(tracing: Sandbox, receiver: Receiver) -> None:
    await tracing.send(BETATEL_SMS, **TRACED)
    await tracing.send(UBILL_SMS, **TRACED)
    tracing.workspace.set_target("ubill", None)
    await tracing.advance()
    shown = (await Control(tracing).get("/callbacks"))["items"]
    headers = {each["provider"]: each["request"]["headers"] for each in shown}

    assert (
        headers["betatel"]["traceparent"] in {each.headers["traceparent"] for each in receiver.calls},
        headers["ubill"]["tracestate"],
    ) == (True, STATE)


async def test_without_a_trace_or_the_option_a_callback_carries_none(
    tracing: Sandbox, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.set_target("betatel", receiver.url())
    for each, headers in ((tracing, {}), (tracing, {"traceparent": "00-no"}), (sandbox, TRACED)):
        await each.send(BETATEL_SMS, **headers)
        await each.advance()

    assert (len(receiver.calls), {*carried(receiver)}) == (6, {None})


async def test_a_workspace_that_a_call_made_is_traced_too(tracing: Sandbox, receiver: Receiver) -> None:
    made = await Control(tracing).post("/workspaces", {"targets": {"betatel": {"url": receiver.url()}}})
    workspace = tracing.engine.workspaces[made["id"]]
    await tracing.send(replace(BETATEL_SMS, headers=made["keys"]["betatel"]), **TRACED)
    await workspace.advance(None)

    assert (len(receiver.calls), all(carried(receiver))) == (2, True)
