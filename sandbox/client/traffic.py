"""Calls about traffic: messages, one-time codes, the journal of requests, verification, callbacks.

`query(**locals())` sends every argument of a call as a parameter, so each filter is listed once, in the signature.
"""

from sandbox.client.call import ApiCall, timeout_for
from sandbox.client.codec import Duration, Page, Since, body, encode_parameter, no_content, one_of, page_of, path, query
from sandbox.client.overview_values import Overview
from sandbox.client.values import Callback, Message, Otp, Request, Verdict


def messages(  # noqa: PLR0913 - as many as the API has
    *,
    direction: str | None = None,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    to: str | None = None,
    to_contains: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    callback_state: str | None = None,
    code: str | None = None,
    trace_id: str | None = None,
    search: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Message]]:
    """List messages, newest first.

    Args:
        direction: `outbound` for messages to phones only, `inbound` for those from phones only.
        provider: a provider, such as `betatel`.
        operation: an operation such as `betatel.sms.send`, or a glob.
        account: a key, in full or masked.
        to: a number, compared by its digits.
        to_contains: a part of a number.
        sender: a sender id or number.
        text: a part of the text, in upper or lower case.
        status: a status, in our word or the provider's.
        callback_state: failing, waiting, cancelled, collected or delivered.
        code: the one-time code in the text.
        trace_id: the id of the trace that its request belongs to.
        search: a part of number, text, sender, id or code, in upper or lower case, or the whole id of the trace.
        since: the id of a message (or `latest`) or a time, exclusive.
        wait: real time to wait for a first result, at most 60 s.
        limit: maximum number of results (default: 50, at most 1,000).
        cursor: `next` of the page before.

    """
    return ApiCall("GET", path("messages"), page_of(Message), query(**locals()), timeout=timeout_for(wait))


def message(id: str = "latest", *, wait: Duration | None = None) -> ApiCall[Message]:  # noqa: A002 - the API's word
    """Return one message with its history (default: the newest).

    Raises:
        NotFoundError: it does not exist, or did not appear within `wait`.

    """
    return ApiCall("GET", path("messages", id), one_of(Message), query(wait=wait), timeout=timeout_for(wait))


def delete_messages(  # noqa: PLR0913 - as many as the API has
    *,
    direction: str | None = None,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    to: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    callback_state: str | None = None,
    code: str | None = None,
    trace_id: str | None = None,
    search: str | None = None,
    since: Since | None = None,
) -> ApiCall[None]:
    """Delete the matching messages, their callbacks and what is planned for them; without a filter, all messages.

    The filters are those of `messages`.
    """
    return ApiCall("DELETE", path("messages"), no_content, query(**locals()))


def delete_message(id: str) -> ApiCall[None]:  # noqa: A002 - the API's word
    """Delete one message, its callbacks and what is planned for it.

    Raises:
        NotFoundError: it does not exist.

    """
    return ApiCall("DELETE", path("messages", id), no_content)


def move(id: str, status: str) -> ApiCall[Message]:  # noqa: A002 - the API's word
    """Move a message to a status now and send its callback; later planned statuses are dropped.

    Raises:
        RefusedError: 409, the status cannot follow the present one.

    """
    return ApiCall("POST", path("messages", id, "status"), one_of(Message), body=body(status=status))


def inbound(  # noqa: PLR0913 - as many as the API has
    provider: str,
    sender: str,
    text: str,
    *,
    to: str | None = None,
    account: str | None = None,
    channel: str | None = None,
    message: str | None = None,
) -> ApiCall[Message]:
    """Let a phone send a text to an account, whose server gets the provider's callback for messages from phones.

    A word such as STOP puts the phone on the stop list of the account, one such as START takes it off.

    Args:
        provider: a provider whose document describes messages from phones.
        sender: the number of the phone.
        text: what it sends.
        to: the sender or number that gets it (default: the one that sent to the phone last, or else the only sender).
        account: a key, in full or masked (default: the account that sent to the phone last, or else the only one).
        channel: the channel (default: that of the last message to the phone, or else the only one).
        message: the id of the message that the text replies to, of the account, sender and channel that get it.

    Raises:
        RefusedError: 409, the provider has no messages from phones, or account, `to` or channel must be named.

    """
    given = body(provider=provider, sender=sender, text=text, to=to, account=account, channel=channel, message=message)
    return ApiCall("POST", path("inbound"), one_of(Message), body=given)


def otp(  # noqa: PLR0913 - as many as the API has
    to: str | None = None,
    *,
    to_contains: str | None = None,
    provider: str | None = None,
    code: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
) -> ApiCall[Otp]:
    """Return the newest one-time code for a number, available as soon as its message is accepted.

    Args:
        to: the number, compared by its digits. Give it or `to_contains`.
        to_contains: a part of the number.
        provider: a provider, such as `smsbuddy` (default: any).
        code: the expected code.
        since: the id of a message or a time, exclusive.
        wait: real time to wait for it, at most 60 s.

    Raises:
        NotFoundError: there is no code, or none came within `wait`.
        RefusedError: 409, several numbers contain `to_contains`.

    """
    return ApiCall("GET", path("otp"), one_of(Otp), query(**locals()), timeout=timeout_for(wait))


def requests(  # noqa: PLR0913 - as many as the API has
    *,
    provider: str | None = None,
    operation: str | None = None,
    status: int | None = None,
    refused: bool | None = None,
    rule: str | None = None,
    trace_id: str | None = None,
    to: str | None = None,
    to_contains: str | None = None,
    reason: str | None = None,
    search: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Request]]:
    """List provider requests with their replies, newest first, refused ones included.

    Args:
        provider: a provider, such as `betatel`.
        operation: an operation such as `betatel.sms.send`, or a glob.
        status: the HTTP status of the reply.
        refused: True for refused requests only, False for the others only.
        rule: the scenario rule that applied.
        trace_id: the id of the trace that it belongs to.
        to: a number that it was for, compared by its digits.
        to_contains: a part of such a number.
        reason: the reason of a refusal, as `overview` has it.
        search: a part of path, operation, reason, rule, id of a message or number, or the whole id of the trace.
        since: the number of a request (or `latest`) or a time, exclusive.
        wait: real time to wait for a first result, at most 60 s.
        limit: maximum number of results (default: 50, at most 1,000).
        cursor: `next` of the page before.

    """
    return ApiCall("GET", path("requests"), page_of(Request), query(**locals()), timeout=timeout_for(wait))


def request(id: int | str = "latest", *, wait: Duration | None = None) -> ApiCall[Request]:  # noqa: A002 - the API's word
    """Return one provider request with its reply (default: the newest).

    Raises:
        NotFoundError: it does not exist, or did not appear within `wait`.

    """
    return ApiCall("GET", path("requests", id), one_of(Request), query(wait=wait), timeout=timeout_for(wait))


def verify(  # noqa: PLR0913 - as many as the API has
    *,
    operation: str | None = None,
    provider: str | None = None,
    account: str | None = None,
    to: str | None = None,
    to_contains: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    exactly: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    direction: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
) -> ApiCall[Verdict]:
    """Count the messages that match, and describe near misses.

    Args:
        operation: an operation, such as `betatel.sms.send`.
        provider: a provider, such as `betatel`.
        account: a key, in full or masked.
        to: a number, compared by its digits.
        to_contains: a part of a number.
        sender: a sender id or number.
        text: a part of the text, in upper or lower case.
        status: a status, in our word or the provider's, at the time of the call.
        exactly: the expected number. Give one of the three at most (default: `at_least=1`).
        at_least: the smallest number that passes.
        at_most: the largest number that passes.
        direction: `inbound` to count messages from phones (default: messages to phones).
        since: the id of a message or a time, exclusive.
        wait: real time to wait, at most 60 s. `at_least` returns as soon as it holds, the others once it is over or
            the number is exceeded.

    """
    given = locals()
    bounds = {name: given.pop(name) for name in ("exactly", "at_least", "at_most")}
    count = {name: bound for name, bound in bounds.items() if bound is not None} or {"at_least": 1}
    wanted = body(**{**given, "count": count, "since": None if since is None else encode_parameter(since)})
    return ApiCall("POST", path("verify"), one_of(Verdict), body=wanted, timeout=timeout_for(wait))


def overview(window: Duration | None = None) -> ApiCall[Overview]:
    """Return what has happened lately and what is pending, in numbers.

    Args:
        window: how far back to count, on the workspace's clock, from 1 s to 30 d (default: 15m).

    """
    return ApiCall("GET", path("overview"), one_of(Overview), query(window=window))


def callbacks(  # noqa: PLR0913 - as many as the API has
    *,
    state: str | None = None,
    provider: str | None = None,
    message: str | None = None,
    failing: bool | None = None,
    search: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Callback]]:
    """List callbacks with all their attempts, newest first.

    Args:
        state: pending, held, sending, delivered, failed, cancelled or collected.
        provider: a provider, such as `betatel`.
        message: the id of the message.
        failing: True for those that failed or whose last attempt did, False for the others only.
        search: a part of number, id of the message, status, or URL, answer or error of an attempt.
        since: the number of a callback (or `latest`) or a due time, exclusive.
        wait: real time to wait for a first result, at most 60 s.
        limit: maximum number of results (default: 50, at most 1,000).
        cursor: `next` of the page before.

    """
    return ApiCall("GET", path("callbacks"), page_of(Callback), query(**locals()), timeout=timeout_for(wait))


def callback(id: int | str = "latest", *, wait: Duration | None = None) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Return one callback with all its attempts (default: the newest); with `wait`, once no attempt is under way.

    Raises:
        NotFoundError: it does not exist, or did not appear within `wait`.

    """
    return ApiCall("GET", path("callbacks", id), one_of(Callback), query(wait=wait), timeout=timeout_for(wait))


def fire(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Send a callback now; raise RefusedError (409) if it has ended or is being sent."""
    return _change(id, "fire")


def hold(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Hold a pending callback until it is released; raise RefusedError (409) if it is not pending."""
    return _change(id, "hold")


def release(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Release a held callback; raise RefusedError (409) if it is not held."""
    return _change(id, "release")


def cancel(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Cancel a callback; raise RefusedError (409) if it has ended."""
    return _change(id, "cancel")


def replay(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Send an ended callback again, marked as a replay; raise RefusedError (409) if it has not ended."""
    return _change(id, "replay")


def _change(id: int, verb: str) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    return ApiCall("POST", path("callbacks", id, verb), one_of(Callback))
