"""Calls about how a workspace behaves: its scenario, its clock, its accounts, and the way back to its start."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from sandbox.client.call import (
    JSON,
    LONG,
    YAML,
    ApiCall,
    Duration,
    Instant,
    body,
    encode,
    one,
    page,
    path,
    query,
)
from sandbox.client.values import Account, Advance, Clock, Page, Scenario, Workspace


def scenario() -> ApiCall[Scenario]:
    """Return the scenario in use."""
    return ApiCall("GET", path("scenario"), one(Scenario))


def use(name: str) -> ApiCall[Scenario]:
    """Behave as the scenario of that name says from now on.

    Raises:
        RefusedError: 422, there is none, or it has mistakes: each with line and column.

    """
    return ApiCall("PUT", path("scenario"), one(Scenario), body=body(use=name))


def load_scenario(document: str | Mapping[str, object]) -> ApiCall[Scenario]:
    """Behave as a whole scenario says from now on: its YAML text, or its values.

    Raises:
        RefusedError: 422 with every mistake, each with line and column.

    """
    if isinstance(document, str):
        return ApiCall("PUT", path("scenario"), one(Scenario), body=document.encode(), type=YAML)
    return ApiCall("PUT", path("scenario"), one(Scenario), body=encode(document), type=JSON)


def clock() -> ApiCall[Clock]:
    """Return how the clock runs and where it stands."""
    return ApiCall("GET", path("clock"), one(Clock))


def set_clock(
    mode: Literal["real", "scaled", "frozen"] | None = None,
    *,
    rate: float | None = None,
    start: Instant | None = None,
) -> ApiCall[Clock]:
    """Let the clock run otherwise from now on; what is not given stays.

    Args:
        mode: real, scaled or frozen.
        rate: how many times as fast as the real one; goes with scaled.
        start: where it is to stand now.

    Raises:
        RefusedError: 409, `start` is before now.

    """
    return ApiCall("PUT", path("clock"), one(Clock), body=body(mode=mode, rate=rate, start=start))


def advance(
    by: Duration | None = None,
    *,
    to: Instant | None = None,
    until: Literal["idle"] | None = None,
) -> ApiCall[Advance]:
    """Let the clock pass; answers when everything due on the way was done and every callback was tried.

    Args:
        by: for so long.
        to: up to this time.
        until: `idle`, until nothing is pending.

    Raises:
        RefusedError: 409, a time before now, a reset meanwhile, or no end within 30 days.

    """
    goal = body(by=by, to=to, until=until)
    return ApiCall("POST", path("clock", "advance"), one(Advance), body=goal, patience=LONG)


def accounts(
    *,
    provider: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Account]]:
    """List the accounts that have been used, newest first."""
    return ApiCall("GET", path("accounts"), page(Account), query(provider=provider, limit=limit, cursor=cursor))


def account(provider: str, key: str) -> ApiCall[Account]:
    """Return the account of a key, in full or as it is shown; of one never used, what it would open.

    Raises:
        NotFoundError: there is none.

    """
    return ApiCall("GET", path("accounts", provider, key), one(Account))


def patch_account(  # noqa: PLR0913 - as many as the API has
    provider: str,
    key: str,
    *,
    balance: Decimal | float | str | Mapping[str, Decimal | float | str] | None = None,
    senders: Sequence[Mapping[str, str]] | None = None,
    brands: Sequence[Mapping[str, str]] | None = None,
    templates: Sequence[Mapping[str, str]] | None = None,
    stop_list: Sequence[str] | None = None,
) -> ApiCall[Account]:
    """Change what is given of an account; its next request sees it.

    Args:
        provider: such as `smsbuddy`.
        key: the account's key.
        balance: an amount, or amounts by purse such as `{"trans": 5}`.
        senders: each with `id` and, where told, `name` and `state`.
        brands: what uBill calls its senders.
        templates: each with `id` and `text`.
        stop_list: numbers that refuse messages.

    """
    changes = body(balance=balance, senders=senders, brands=brands, templates=templates, stop_list=stop_list)
    return ApiCall("PATCH", path("accounts", provider, key), one(Account), body=changes)


def reset() -> ApiCall[Workspace]:
    """Bring the workspace back to its start: nothing of before arrives afterwards; targets and scenario stay."""
    return ApiCall("POST", path("reset"), one(Workspace))
