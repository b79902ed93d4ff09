"""The tools about traffic: one-time codes, messages, requests and callbacks.

`filters_of(**locals())` passes every argument of a tool on, so each filter is listed once, in the signature.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from sandbox.agents.operations import describe_operation, find_operation, mask_keys
from sandbox.agents.results import (
    CallbackResult,
    ExplanationResult,
    MessagePage,
    MessageResult,
    MessageSummary,
    OtpResult,
    RequestPage,
    RequestSummary,
    VerdictResult,
)
from sandbox.agents.tool import Sandbox, make_tool
from sandbox.client import Callback, NotFoundError, Page, Request
from sandbox.client.errors import Mistake
from sandbox.core.callback import CallbackState

ATTEMPT = "30s"  # real time within which the attempt of a callback must end

Number = Annotated[str | None, Field(description="the number of the phone, compared by its digits")]
Provider = Annotated[str | None, Field(description="name of a provider (default: any)")]
OperationName = Annotated[str | None, Field(description="name of an operation, or a glob such as betatel.*")]
Text = Annotated[str | None, Field(description="a part of the text, in upper or lower case")]
Since = Annotated[str | None, Field(description="only what came after this id or time")]
Wait = Annotated[str | None, Field(description="real time to wait for the first, such as 10s; at most 60s")]
Limit = Annotated[int, Field(ge=1, le=50, description="number of results of a page")]
Cursor = Annotated[str | None, Field(description="`next` of the page before")]
MessageId = Annotated[str, Field(description="id of a message, or latest")]
CallbackId = Annotated[int, Field(description="id of a callback, from get_message")]


async def wait_for_otp(
    sandbox: Sandbox,
    to: Annotated[str, Field(description="the number that the code is sent to, compared by its digits")],
    provider: Provider = None,
    since: Since = None,
    wait: Annotated[str, Field(description="real time to wait, such as 10s; at most 60s")] = "10s",
) -> OtpResult:
    """Return the newest one-time code sent to a number, as soon as it is there.

    Use it after the application has sent a code, to type the code in.
    """
    try:
        return OtpResult.of(await sandbox.client.otp(to, provider=provider, since=since, wait=wait))
    except NotFoundError as error:
        if error.of_workspace:
            raise
        hint = "list_requests with refused=true shows what the application sent in vain"
        raise NotFoundError((*error.mistakes, Mistake("", hint))) from None


def filters_of(sandbox: Sandbox, **given: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - `locals()` of a tool
    """Return the arguments of a tool that are those of the client's call, too: all but the sandbox."""
    return given


async def list_messages(  # noqa: PLR0913 - what an agent may filter by
    sandbox: Sandbox,
    *,
    to: Number = None,
    text: Text = None,
    status: Annotated[str | None, Field(description="a status, in our word or the provider's")] = None,
    provider: Provider = None,
    direction: Annotated[str | None, Field(description="outbound: to phones; inbound: from phones")] = None,
    since: Since = None,
    wait: Wait = None,
    limit: Limit = 10,
    cursor: Cursor = None,
) -> MessagePage:
    """List accepted messages, newest first.

    Use it to see what the application sent and which status each message has.
    """
    page = await sandbox.client.messages(**filters_of(**locals()))
    return MessagePage(items=tuple(map(MessageSummary.of, page)), next=page.next)


async def get_message(sandbox: Sandbox, id: MessageId = "latest") -> MessageResult:  # noqa: A002 - the API's word
    """Return one message with its status history, what is planned, and its callbacks with every attempt.

    Use it to find out why a status or a delivery report did not arrive.
    """
    message = await sandbox.client.message(id)
    callbacks = (
        await sandbox.client.callbacks(message=message.id, limit=20) if message.callbacks else Page[Callback](())
    )
    return MessageResult.of(message, callbacks=callbacks.items[::-1])


async def list_requests(  # noqa: PLR0913 - what an agent may filter by
    sandbox: Sandbox,
    *,
    refused: Annotated[bool | None, Field(description="true: refused requests only; false: the others only")] = None,
    to: Number = None,
    provider: Provider = None,
    operation: OperationName = None,
    status: Annotated[int | None, Field(description="HTTP status of the reply")] = None,
    since: Since = None,
    wait: Wait = None,
    limit: Limit = 10,
    cursor: Cursor = None,
) -> RequestPage:
    """List the requests that the application made to providers, newest first.

    Use it when a message is missing, with refused=true for the requests that a provider refused.
    """
    page = await sandbox.client.requests(**filters_of(**locals()))
    return RequestPage(items=tuple(map(summarize, page)), next=page.next)


async def explain_request(
    sandbox: Sandbox,
    id: Annotated[int | Literal["latest"], Field(description="number of a request")] = "latest",  # noqa: A002 - the API's word
) -> ExplanationResult:
    """Explain one request: what was sent, why it was refused, which parameters are right, and an example that works.

    Use it to correct the application's code after a refusal.
    """
    request, providers = await sandbox.client.request(id), await sandbox.client.providers()
    found = find_operation(providers, request.operation)
    names = {name for each in providers for name in each.credentials}
    return ExplanationResult.of(
        request,
        request=summarize(request),
        body=mask_keys(request.body, names),
        reply=mask_keys(request.reply.body, names),
        operation=None if found is None else describe_operation(*found, url=sandbox.url, status=request.reply.status),
    )


async def verify_messages(  # noqa: PLR0913 - what an agent may filter by
    sandbox: Sandbox,
    *,
    to: Number = None,
    text: Text = None,
    sender: Annotated[str | None, Field(description="sender id or number")] = None,
    status: Annotated[str | None, Field(description="a status, in our word or the provider's")] = None,
    provider: Provider = None,
    operation: Annotated[str | None, Field(description="name of an operation")] = None,
    exactly: Annotated[int | None, Field(ge=0, description="the expected number")] = None,
    at_least: Annotated[int | None, Field(ge=0, description="the smallest number (default: 1)")] = None,
    at_most: Annotated[int | None, Field(ge=0, description="the largest number")] = None,
    since: Since = None,
    wait: Annotated[str | None, Field(description="real time to wait, such as 10s; at most 60s")] = None,
) -> VerdictResult:
    """Count the messages that match, and say how others differ.

    Use it as the assertion of a test.
    """
    return VerdictResult.of(await sandbox.client.verify(**filters_of(**locals())))


async def fire_callback(sandbox: Sandbox, id: CallbackId) -> CallbackResult:  # noqa: A002 - the API's word
    """Send a waiting callback now, and return what the application answered.

    Use it to test one delivery report without advancing the clock.
    """
    return await _outcome(sandbox, await sandbox.client.fire(id))


async def replay_callback(sandbox: Sandbox, id: CallbackId) -> CallbackResult:  # noqa: A002 - the API's word
    """Send an ended callback again, and return what the application answered.

    Use it after a correction of the application's callback handler, or to test a duplicate.
    """
    return await _outcome(sandbox, await sandbox.client.replay(id))


async def _outcome(sandbox: Sandbox, callback: Callback) -> CallbackResult:
    """Return a callback once its attempt has ended."""
    if callback.state is CallbackState.SENDING:
        callback = await sandbox.client.callback(callback.id, wait=ATTEMPT)
    return CallbackResult.of(callback)


def summarize(request: Request) -> RequestSummary:
    """Return a request without headers and bodies."""
    return RequestSummary.of(request, status=request.reply.status)


TRAFFIC_TOOLS = (
    make_tool(wait_for_otp),
    make_tool(list_messages),
    make_tool(get_message),
    make_tool(list_requests),
    make_tool(explain_request),
    make_tool(verify_messages),
    make_tool(fire_callback, changes=True),
    make_tool(replay_callback, changes=True),
)
