"""The tools about how a sandbox behaves: clock, scenarios, providers and workspaces."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from sandbox.agents.operations import describe_operation, find_operation, summarize_operation
from sandbox.agents.operations import describe_provider as describe_whole_provider
from sandbox.agents.results import (
    AdvanceResult,
    CheckResult,
    ClockResult,
    MistakeResult,
    ProviderList,
    ProviderResult,
    ScenarioEntryResult,
    ScenarioList,
    ScenarioResult,
    WorkspaceResult,
)
from sandbox.agents.tool import Sandbox, make_tool
from sandbox.client import ArgumentError, RefusedError, Workspace
from sandbox.client.arguments import names_file
from sandbox.client.call import YAML, ApiCall
from sandbox.client.server import check_scenario as check_call
from sandbox.client.server import load_scenario, use
from sandbox.client.values import environment
from sandbox.core.errors import near_miss

Answer = TypeVar("Answer")

UNUSABLE = 422  # the status of the reply to a scenario with mistakes

Name = Annotated[str | None, Field(description="name of a scenario, from list_scenarios")]
DOCUMENT = "a whole scenario as YAML or JSON, as the resource sandbox://schemas/scenario describes it"


async def advance_clock(
    sandbox: Sandbox,
    by: Annotated[str | None, Field(description="a duration such as 5m or 1h30m")] = None,
    to: Annotated[datetime | None, Field(description="a time with its zone, such as 2026-03-02T12:00:00Z")] = None,
    until: Annotated[
        Literal["idle", "next"] | None, Field(description="idle: until nothing is pending; next: to what is due next")
    ] = None,
) -> AdvanceResult:
    """Advance the clock, and return what happened: statuses and callbacks, each at its time.

    Use it in place of waiting for statuses, callbacks, retries and expiries. Give exactly one of the arguments.
    """
    return AdvanceResult.of(await sandbox.client.advance(by, to=to, until=until))


async def freeze_clock(
    sandbox: Sandbox,
    at: Annotated[datetime | None, Field(description="the time to show, not in the past (default: now)")] = None,
) -> ClockResult:
    """Stop the clock, so that nothing happens before advance_clock.

    Use it at the start of a test, which then repeats exactly. reset_workspace sets the clock back to its start.
    """
    return ClockResult.of(await sandbox.client.set_clock("frozen", start=at))


async def list_scenarios(sandbox: Sandbox) -> ScenarioList:
    """List the scenarios that can be used by name, with what each is for.

    Use it before use_scenario.
    """
    entries = await sandbox.client.scenarios()
    return ScenarioList(items=tuple(map(ScenarioEntryResult.of, entries)), used=(await sandbox.client.scenario()).name)


async def use_scenario(
    sandbox: Sandbox,
    name: Name = None,
    document: Annotated[str | None, Field(description=DOCUMENT)] = None,
) -> ScenarioResult:
    """Switch to a scenario, by its name or as a document: providers then refuse, delay, fail or repeat as it says.

    Use it to test how the application copes with a provider's failures.
    """
    if (name is None) is (document is None):
        message = "give either name or document"
        raise ArgumentError(message)
    call = load_scenario({}) if name is None else use(name)
    used = await sandbox.client.execute(call if document is None else with_text(call, document))
    return ScenarioResult.of(used, rules=tuple(f"{rule.name}: {rule.words}" for rule in used.rules))


async def check_scenario(sandbox: Sandbox, document: Annotated[str, Field(description=DOCUMENT)]) -> CheckResult:
    """Check a scenario without using it, and list its mistakes by line and column.

    Use it while you write a scenario.
    """
    try:
        checked = await sandbox.client.execute(with_text(check_call({}), document))
    except RefusedError as error:
        if error.status != UNUSABLE:
            raise
        return CheckResult(valid=False, mistakes=tuple(map(MistakeResult.of, error.mistakes)))
    return CheckResult(valid=True, name=checked.name, warnings=checked.warnings)


async def describe_provider(
    sandbox: Sandbox,
    provider: Annotated[str | None, Field(description="name of a provider (default: the operations of all)")] = None,
    operation: Annotated[
        str | None, Field(description="name of one operation, such as betatel.sms.send, to describe in full")
    ] = None,
) -> ProviderList:
    """Describe providers: paths, credentials, words for statuses; of one operation, parameters, errors and examples.

    Use it before you write or correct code that calls a provider.
    """
    providers = await sandbox.client.providers()
    if operation is not None:
        found = find_operation(providers, operation)
        if found is None:
            names = [str(each["name"]) for every in providers for each in every.operations]
            message = f"no operation is called '{operation}'.{near_miss(operation, names)}"
            raise ArgumentError(message)
        details = describe_operation(*found, url=sandbox.url)
        items = [describe_whole_provider(found[0]).model_copy(update={"operations": (details,)})]
    elif provider is not None:
        items = [describe_whole_provider(each) for each in providers if each.name == provider]
        if not items:
            message = f"no provider is called '{provider}'; use one of {', '.join(each.name for each in providers)}"
            raise ArgumentError(message)
    else:
        items = [
            ProviderResult.of(
                each, operations=tuple(map(summarize_operation, each.operations)), statuses=None, settings=None
            )
            for each in providers
        ]
    return ProviderList(url=sandbox.url, items=tuple(items))


async def create_workspace(  # noqa: PLR0913 - what a workspace is made of
    sandbox: Sandbox,
    *,
    name: Annotated[str | None, Field(description="what people call it in the inbox")] = None,
    scenario: Name = None,
    clock: Annotated[str | None, Field(description="frozen, real, or a speed such as 60x")] = None,
    seed: Annotated[int | None, Field(ge=0, description="the same seed and requests give the same bytes")] = None,
    targets: Annotated[
        dict[str, str] | None, Field(description="URL of the application for callbacks, by provider")
    ] = None,
    ttl: Annotated[str | None, Field(description="real time after which it is deleted if unused (default: 1h)")] = None,
) -> WorkspaceResult:
    """Create an isolated sandbox with keys of its own.

    Use it once for a task: give its keys to the application, and its id to the other tools.
    """
    if scenario is not None and names_file(scenario):  # which the client would read, from the disk of the server
        message = f"'{scenario}' is not the name of a scenario; to use a document, call use_scenario"
        raise ArgumentError(message)
    created = await sandbox.client.make_workspace(
        name=name, scenario=scenario, clock=clock, seed=seed, targets=targets, ttl=ttl
    )
    return describe_workspace(created, sandbox)


async def reset_workspace(sandbox: Sandbox) -> WorkspaceResult:
    """Delete all messages, requests and callbacks, and set clock and accounts back to the start.

    Use it between two tests. Keys, targets and scenario stay.
    """
    return describe_workspace(await sandbox.client.reset(), sandbox)


def describe_workspace(workspace: Workspace, sandbox: Sandbox) -> WorkspaceResult:
    """Return a workspace with what an application needs to use it; the control token is not for an agent."""
    return WorkspaceResult.of(
        workspace,
        url=sandbox.url,
        targets={provider: target.url for provider, target in workspace.targets.items()},
        environment=environment(sandbox.url, workspace.id, workspace.keys),
    )


def with_text(call: ApiCall[Answer], document: str) -> ApiCall[Answer]:
    """Return a call with a scenario as its body; the client itself would take a short text for the name of a file."""
    return replace(call, body=document.encode(), type=YAML)


SERVER_TOOLS = (
    make_tool(advance_clock, changes=True),
    make_tool(freeze_clock, changes=True),
    make_tool(use_scenario, changes=True),
    make_tool(check_scenario),
    make_tool(list_scenarios),
    make_tool(describe_provider, scoped=False),
    make_tool(create_workspace, changes=True, scoped=False),
    make_tool(reset_workspace, changes=True, deletes=True),
)
