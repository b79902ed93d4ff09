"""Calls about a server and how its workspaces behave: targets, scenarios, clocks, accounts, workspaces, documents."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from sandbox.client.arguments import (
    ClockLike,
    ScenarioLike,
    TargetLike,
    read_clock,
    read_document,
    read_scenario,
    read_target,
    read_targets,
)
from sandbox.client.behaviour_values import Advance, Agenda, Clock, Scenario, ScenarioCheck, ScenarioEntry
from sandbox.client.call import ADVANCE_TIMEOUT, YAML, ApiCall, Result
from sandbox.client.codec import (
    Duration,
    Instant,
    Page,
    body,
    encode_json,
    mapping_of,
    no_content,
    one_of,
    page_of,
    path,
    query,
)
from sandbox.client.server_values import Health, Replica
from sandbox.client.values import Account, Index, Provider, Target, Workspace


def targets() -> ApiCall[Mapping[str, Target]]:
    """Return the callback targets by provider; the callbacks of a provider without one are collected."""
    return ApiCall("GET", path("targets"), mapping_of(Target))


def set_targets(targets: Mapping[str, TargetLike]) -> ApiCall[Mapping[str, Target]]:
    """Replace the callback targets; the callbacks of a provider that is not named are collected.

    Args:
        targets: by provider: a URL, a `Target`, or a mapping such as `{"url": …, "key": …}`.

    """
    return ApiCall("PUT", path("targets"), mapping_of(Target), body=encode_json(read_targets(targets)))


def target(provider: str) -> ApiCall[Target]:
    """Return the callback target of a provider.

    Raises:
        NotFoundError: nowhere; they are collected.

    """
    return ApiCall("GET", path("targets", provider), one_of(Target))


def set_target(provider: str, url: TargetLike, *, key: str | None = None) -> ApiCall[Target]:
    """Set where a provider's callbacks go: a URL, a `Target` or a mapping, as in `set_targets`.

    `key` is the secret by which the receiver knows the sender.
    """
    target = read_target(url) if key is None else {**read_target(url), "key": key}
    return ApiCall("PUT", path("targets", provider), one_of(Target), body=encode_json(target))


def delete_target(provider: str) -> ApiCall[None]:
    """Delete the callback target of a provider; its callbacks are collected from now on."""
    return ApiCall("DELETE", path("targets", provider), no_content)


def scenario() -> ApiCall[Scenario]:
    """Return the scenario in use."""
    return ApiCall("GET", path("scenario"), one_of(Scenario))


def use(name: str) -> ApiCall[Scenario]:
    """Use the scenario of that name from now on.

    Raises:
        RefusedError: 422, the scenario does not exist, or has mistakes: each with line and column.

    """
    return ApiCall("PUT", path("scenario"), one_of(Scenario), body=body(use=name))


def load_scenario(document: ScenarioLike) -> ApiCall[Scenario]:
    """Use a scenario from now on.

    Args:
        document: a file as a `Path` or its name such as `"evening.yaml"`, a text as YAML or JSON, or a mapping. To use
            a scenario by its name, call `use`.

    Raises:
        ArgumentError: the file cannot be read, or it is the name of a scenario.
        RefusedError: 422 with every mistake, each with line and column.

    """
    return _with_document(ApiCall("PUT", path("scenario"), one_of(Scenario)), document)


def check_scenario(document: ScenarioLike) -> ApiCall[ScenarioCheck]:
    """Check a scenario, given as in `load_scenario`, without using it.

    Raises:
        ArgumentError: the file cannot be read, or it is the name of a scenario.
        RefusedError: 422 with every mistake, each with line and column.

    """
    return _with_document(ApiCall("POST", path("scenario", "check"), one_of(ScenarioCheck)), document)


def _with_document(call: ApiCall[Result], document: ScenarioLike) -> ApiCall[Result]:
    given = read_document(document)
    if isinstance(given, str):
        return replace(call, body=given.encode(), type=YAML)
    return replace(call, body=encode_json(given))


def clock() -> ApiCall[Clock]:
    """Return the clock."""
    return ApiCall("GET", path("clock"), one_of(Clock))


def set_clock(
    mode: ClockLike | None = None,
    *,
    rate: float | None = None,
    start: Instant | None = None,
) -> ApiCall[Clock]:
    """Change the clock; arguments that are not given stay as they are.

    Args:
        mode: `frozen`, `real`, a speed such as `60x`, `scaled` with a `rate`, or a mapping such as `{"mode": …}`.
        rate: the speed relative to real time; for scaled clocks only.
        start: the new present time.

    Raises:
        RefusedError: 409, `start` is in the past.

    """
    given = {"rate": rate, "start": start}
    wanted = {
        **({} if mode is None else read_clock(mode)),
        **{name: each for name, each in given.items() if each is not None},
    }
    return ApiCall("PUT", path("clock"), one_of(Clock), body=body(**wanted))


def advance(
    by: Duration | None = None,
    *,
    to: Instant | None = None,
    until: Literal["idle", "next"] | None = None,
) -> ApiCall[Advance]:
    """Advance the clock; return once all that is due has happened and every callback has been attempted.

    Args:
        by: a duration.
        to: a time.
        until: `idle`, to advance until nothing is pending, or `next`, to advance to what is due next.

    Raises:
        RefusedError: 409, the time is in the past, the workspace was reset meanwhile, or `idle` is more than 30 days
            away.

    """
    goal = body(by=by, to=to, until=until)
    return ApiCall("POST", path("clock", "advance"), one_of(Advance), body=goal, timeout=ADVANCE_TIMEOUT)


def agenda(*, limit: int | None = None) -> ApiCall[Agenda]:
    """Return what is due next on the clock: status changes and callbacks, the first entry first."""
    return ApiCall("GET", path("agenda"), one_of(Agenda), query(limit=limit))


def accounts(
    *,
    provider: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> ApiCall[Page[Account]]:
    """List the accounts that have been used, newest first."""
    return ApiCall("GET", path("accounts"), page_of(Account), query(provider=provider, limit=limit, cursor=cursor))


def account(provider: str, key: str) -> ApiCall[Account]:
    """Return the account of a key, in full or masked; for a key that was never used, the account that it would open.

    Raises:
        NotFoundError: the key has no account.

    """
    return ApiCall("GET", path("accounts", provider, key), one_of(Account))


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
    """Change an account; arguments that are not given stay as they are.

    Args:
        provider: a provider, such as `smsbuddy`.
        key: the account's key.
        balance: an amount, or amounts by balance type such as `{"trans": 5}`.
        senders: each with `id` and optionally `name` and `state`.
        brands: uBill's word for senders.
        templates: each with `id` and `text`.
        stop_list: numbers that refuse messages.

    """
    changes = body(balance=balance, senders=senders, brands=brands, templates=templates, stop_list=stop_list)
    return ApiCall("PATCH", path("accounts", provider, key), one_of(Account), body=changes)


def reset() -> ApiCall[Workspace]:
    """Reset the workspace to its start; nothing sent before arrives afterwards. Targets and scenario stay."""
    return ApiCall("POST", path("reset"), one_of(Workspace))


def index() -> ApiCall[Index]:
    """Return the server's name and version, and the paths of its API; needs no token."""
    return ApiCall("GET", "/", one_of(Index), scoped=False)


def health() -> ApiCall[Health]:
    """Check that the server is ready; needs no token."""
    return ApiCall("GET", path("health"), one_of(Health), scoped=False)


def replicas() -> ApiCall[Page[Replica]]:
    """List the servers that share the store, and the workspaces that each has at work."""
    return ApiCall("GET", path("replicas"), page_of(Replica), scoped=False)


def providers() -> ApiCall[Page[Provider]]:
    """List the providers with their operations, channels and settings."""
    return ApiCall("GET", path("providers"), page_of(Provider), scoped=False)


def scenarios() -> ApiCall[Page[ScenarioEntry]]:
    """List the scenarios that can be used by name."""
    return ApiCall("GET", path("scenarios"), page_of(ScenarioEntry), scoped=False)


def workspaces(*, limit: int | None = None, cursor: str | None = None) -> ApiCall[Page[Workspace]]:
    """List the workspaces, newest first; `default` comes last."""
    return ApiCall("GET", path("workspaces"), page_of(Workspace), query(limit=limit, cursor=cursor), scoped=False)


def make_workspace(  # noqa: PLR0913 - as many as the API has
    *,
    scenario: ScenarioLike | None = None,
    clock: ClockLike | None = None,
    seed: int | None = None,
    targets: Mapping[str, TargetLike] | None = None,
    ttl: Duration | None = None,
    name: str | None = None,
) -> ApiCall[Workspace]:
    """Create a workspace and return it with its id and keys; `workspace(id)` gives a client of it.

    The default for each argument is as the server was started: without `--clock`, the clock is real.

    Args:
        scenario: the name of a scenario, a file as a `Path` or its name such as `"evening.yaml"`, or a mapping.
        clock: `frozen`, `real`, a speed such as `60x`, or an object such as `{"mode": "frozen", "start": …}`.
        seed: the same seed and requests give the same bytes.
        targets: callback targets by provider, as in `set_targets`.
        ttl: real time after which an unused workspace is deleted (default: 1h).
        name: what people call it (default: nothing but its id).

    Raises:
        ArgumentError: the scenario's file cannot be read.
        RefusedError: 422, the scenario does not exist, or has mistakes.

    """
    wanted = body(
        scenario=None if scenario is None else read_scenario(scenario),
        clock=None if clock is None else read_clock(clock),
        seed=seed,
        targets=None if targets is None else read_targets(targets),
        ttl=ttl,
        name=name,
    )
    return ApiCall("POST", path("workspaces"), one_of(Workspace), body=wanted, scoped=False)


def show_workspace(id: str) -> ApiCall[Workspace]:  # noqa: A002 - the API's word
    """Return one workspace.

    Raises:
        NotFoundError: it does not exist.

    """
    return ApiCall("GET", path("workspaces", id), one_of(Workspace), scoped=False)


def rename_workspace(id: str, name: str | None) -> ApiCall[Workspace]:  # noqa: A002 - the API's word
    """Change the name of a workspace; None removes it.

    Raises:
        NotFoundError: the workspace does not exist.

    """
    wanted = encode_json({"name": name})
    return ApiCall("PATCH", path("workspaces", id), one_of(Workspace), body=wanted, scoped=False)


def delete_workspace(id: str) -> ApiCall[None]:  # noqa: A002 - the API's word
    """Delete a workspace; its keys stop working.

    Raises:
        NotFoundError: it does not exist.
        RefusedError: 409, the workspace is `default`.

    """
    return ApiCall("DELETE", path("workspaces", id), no_content, scoped=False)
