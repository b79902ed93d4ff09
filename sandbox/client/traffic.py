"""Calls about what was sent: messages, one-time codes, the journal of requests, verification."""

from collections.abc import Mapping

from sandbox.client.call import (
    ApiCall,
    Duration,
    Since,
    body,
    nothing,
    one,
    page,
    path,
    patience,
    query,
    write,
)
from sandbox.client.values import Message, Otp, Page, Request, Verdict


def messages(  # noqa: PLR0913 - as many as the API has
    *,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    to: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    code: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Message]]:
    """List accepted messages, newest first.

    Args:
        provider: such as `betatel`.
        operation: such as `betatel.sms.send`, or a glob.
        account: a key, in full or masked.
        to: a number, compared by digits.
        sender: a sender id or number.
        text: what the text has in it.
        status: our word or the provider's.
        code: the one-time code that is in it.
        since: after the message of this id (`latest` too), or after this time.
        wait: how long, in real time and at most 60 s, to wait until there is one.
        limit: how many at most; 50 unless told, 1,000 at most.
        cursor: `next` of the page before.

    """
    filters = query(
        provider=provider,
        operation=operation,
        account=account,
        to=to,
        from_=sender,
        text=text,
        status=status,
        code=code,
        since=since,
        wait=wait,
        limit=limit,
        cursor=cursor,
    )
    return ApiCall("GET", path("messages"), page(Message), filters, patience=patience(wait))


def message(id: str = "latest", *, wait: Duration | None = None) -> ApiCall[Message]:  # noqa: A002 - the API's word
    """Return one message with its history; the newest one unless told which.

    Raises:
        NotFoundError: there is none, or none came within `wait`.

    """
    return ApiCall("GET", path("messages", id), one(Message), query(wait=wait), patience=patience(wait))


def delete_messages(  # noqa: PLR0913 - as many as the API has
    *,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    to: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    code: str | None = None,
    since: Since | None = None,
) -> ApiCall[None]:
    """Forget the messages that match, their callbacks and what is planned for them; without a filter, every message.

    Args:
        provider: such as `betatel`.
        operation: such as `betatel.sms.send`, or a glob.
        account: a key, in full or masked.
        to: a number, compared by digits.
        sender: a sender id or number.
        text: what the text has in it.
        status: our word or the provider's.
        code: the one-time code that is in it.
        since: after the message of this id (`latest` too), or after this time.

    """
    filters = query(
        provider=provider,
        operation=operation,
        account=account,
        to=to,
        from_=sender,
        text=text,
        status=status,
        code=code,
        since=since,
    )
    return ApiCall("DELETE", path("messages"), nothing, filters)


def move(id: str, status: str) -> ApiCall[Message]:  # noqa: A002 - the API's word
    """Move a message to a status now, callback included; the rest of its plan is given up.

    Raises:
        RefusedError: 409, the status may not follow the present one.

    """
    return ApiCall("POST", path("messages", id, "status"), one(Message), body=body(status=status))


def otp(
    to: str,
    *,
    provider: str | None = None,
    code: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
) -> ApiCall[Otp]:
    """Return the newest one-time code for a number, readable as soon as its message is accepted.

    Args:
        to: the number, compared by digits.
        provider: such as `smsbuddy`; any unless told.
        code: the code itself, to see whether it was sent.
        since: after the message of this id, or after this time.
        wait: how long, in real time and at most 60 s, to wait for it.

    Raises:
        NotFoundError: there is none, or none came within `wait`.

    """
    filters = query(to=to, provider=provider, code=code, since=since, wait=wait)
    return ApiCall("GET", path("otp"), one(Otp), filters, patience=patience(wait))


def requests(  # noqa: PLR0913 - as many as the API has
    *,
    provider: str | None = None,
    operation: str | None = None,
    status: int | None = None,
    refused: bool | None = None,
    rule: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Request]]:
    """List provider requests with their replies, newest first, refused ones too.

    Args:
        provider: such as `betatel`.
        operation: such as `betatel.sms.send`, or a glob.
        status: the HTTP status of the reply.
        refused: only those that were refused, or only the others.
        rule: the scenario rule that shaped the reply.
        since: after the request of this number (`latest` too), or after this time.
        wait: how long, in real time and at most 60 s, to wait until there is one.
        limit: how many at most; 50 unless told, 1,000 at most.
        cursor: `next` of the page before.

    """
    filters = query(
        provider=provider,
        operation=operation,
        status=status,
        refused=refused,
        rule=rule,
        since=since,
        wait=wait,
        limit=limit,
        cursor=cursor,
    )
    return ApiCall("GET", path("requests"), page(Request), filters, patience=patience(wait))


def request(id: int | str = "latest", *, wait: Duration | None = None) -> ApiCall[Request]:  # noqa: A002 - the API's word
    """Return one provider request with its reply; the newest one unless told which.

    Raises:
        NotFoundError: there is none, or none came within `wait`.

    """
    return ApiCall("GET", path("requests", id), one(Request), query(wait=wait), patience=patience(wait))


def verify(  # noqa: PLR0913 - as many as the API has
    *,
    operation: str | None = None,
    provider: str | None = None,
    to: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    exactly: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
) -> ApiCall[Verdict]:
    """Count the accepted messages that match; what nearly matches is told in words.

    Args:
        operation: such as `betatel.sms.send`.
        provider: such as `betatel`.
        to: a number, compared by digits.
        sender: a sender id or number.
        text: what the text has in it.
        status: our word or the provider's, as it is when the message is looked at.
        exactly: passes with this many; one of the three, at least 1 unless told.
        at_least: passes with this many or more.
        at_most: passes with this many or fewer.
        since: after the message of this id, or after this time.
        wait: how long to wait, in real time and at most 60 s: `at_least` answers as soon as it holds, the others
            watch to the end unless they are exceeded already.

    """
    bounds = {"exactly": exactly, "at_least": at_least, "at_most": at_most}
    count: Mapping[str, int] = {name: bound for name, bound in bounds.items() if bound is not None} or {"at_least": 1}
    wanted = body(
        operation=operation,
        provider=provider,
        to=to,
        from_=sender,
        text=text,
        status=status,
        count=count,
        since=None if since is None else write(since),
        wait=wait,
    )
    return ApiCall("POST", path("verify"), one(Verdict), body=wanted, patience=patience(wait))
