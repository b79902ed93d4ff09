"""Calls about callbacks and where they go."""

from collections.abc import Mapping

from sandbox.client.call import (
    ApiCall,
    Duration,
    Since,
    body,
    encode,
    mapping,
    nothing,
    one,
    page,
    path,
    patience,
    query,
)
from sandbox.client.values import Callback, Page, Target


def callbacks(  # noqa: PLR0913 - as many as the API has
    *,
    state: str | None = None,
    provider: str | None = None,
    message: str | None = None,
    since: Since | None = None,
    wait: Duration | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Callback]]:
    """List callbacks with every attempt, newest first.

    Args:
        state: pending, held, sending, delivered, failed, cancelled or collected.
        provider: such as `betatel`.
        message: the id of the message they report on.
        since: after the callback of this number (`latest` too), or due after this time.
        wait: how long, in real time and at most 60 s, to wait until there is one.
        limit: how many at most; 50 unless told, 1,000 at most.
        cursor: `next` of the page before.

    """
    filters = query(
        state=state,
        provider=provider,
        message=message,
        since=since,
        wait=wait,
        limit=limit,
        cursor=cursor,
    )
    return ApiCall("GET", path("callbacks"), page(Callback), filters, patience=patience(wait))


def callback(id: int | str = "latest", *, wait: Duration | None = None) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Return one callback with every attempt; the newest one unless told which.

    Raises:
        NotFoundError: there is none, or none came within `wait`.

    """
    return ApiCall("GET", path("callbacks", id), one(Callback), query(wait=wait), patience=patience(wait))


def fire(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Send a callback now, whatever it waits for.

    Raises:
        RefusedError: 409, it has ended or is being sent.

    """
    return _act(id, "fire")


def hold(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Keep a pending callback until it is released.

    Raises:
        RefusedError: 409, it is not pending.

    """
    return _act(id, "hold")


def release(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Let a held callback go.

    Raises:
        RefusedError: 409, it is not held.

    """
    return _act(id, "release")


def cancel(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """End a callback that has not ended yet.

    Raises:
        RefusedError: 409, it has ended.

    """
    return _act(id, "cancel")


def replay(id: int) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    """Send a callback that has ended once more, as a further attempt that is marked.

    Raises:
        RefusedError: 409, it has not ended.

    """
    return _act(id, "replay")


def _act(id: int, verb: str) -> ApiCall[Callback]:  # noqa: A002 - the API's word
    return ApiCall("POST", path("callbacks", id, verb), one(Callback))


def targets() -> ApiCall[Mapping[str, Target]]:
    """Return where callbacks go, by provider; one that is not named has its callbacks collected."""
    return ApiCall("GET", path("targets"), mapping(Target))


def set_targets(urls: Mapping[str, str | Target]) -> ApiCall[Mapping[str, Target]]:
    """Set where callbacks go, by provider; those that are not named have their callbacks collected."""
    named = {name: _target(url) for name, url in urls.items()}
    return ApiCall("PUT", path("targets"), mapping(Target), body=encode(named))


def _target(url: str | Target) -> Mapping[str, str]:
    if isinstance(url, str):
        return {"url": url}
    return {"url": url.url} if url.key is None else {"url": url.url, "key": url.key}


def target(provider: str) -> ApiCall[Target]:
    """Return where a provider's callbacks go.

    Raises:
        NotFoundError: nowhere; they are collected.

    """
    return ApiCall("GET", path("targets", provider), one(Target))


def set_target(provider: str, url: str, *, key: str | None = None) -> ApiCall[Target]:
    """Set where a provider's callbacks go; `key` is the secret by which the receiver knows the sender."""
    return ApiCall("PUT", path("targets", provider), one(Target), body=body(url=url, key=key))


def delete_target(provider: str) -> ApiCall[None]:
    """Let a provider's callbacks be collected from now on."""
    return ApiCall("DELETE", path("targets", provider), nothing)
