"""What the tools return: the client's values, cut to what an agent reads, with a JSON Schema for each.

Keys and other credentials come masked from the server; `create_workspace` alone returns those of the new workspace.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from sandbox.core.callback import CallbackState, MessageCallbackState
from sandbox.core.clock import ClockMode, format_time
from sandbox.core.message import Direction, Status

LONGEST = 4_000  # characters of a body
MOST = 20  # strings, attempts, effects of an advance, mistakes


def cut_text(text: str) -> str:
    """Return a text, or its beginning and how much is left out."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"


def cut_list(items: tuple[object, ...]) -> tuple[object, ...]:
    """Return the first items of a list."""
    return items[:MOST]


Text = Annotated[str, BeforeValidator(cut_text)]
Time = Annotated[datetime, PlainSerializer(format_time, return_type=str)]
Strings = Annotated[tuple[str, ...], BeforeValidator(cut_list)]


class Result(BaseModel):
    """The base class of the results."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, value: object, **more: object) -> Self:
        """Return the result for a value of the client; `more` has the fields that the value does not have."""
        names = cls.model_fields.keys() - more.keys()
        return cls.model_validate({**{name: getattr(value, name) for name in names}, **more})


class OtpResult(Result):
    """A one-time code, and the id of the message that it came in."""

    code: str
    to: str
    provider: str
    message: str
    at: Time


class MessageSummary(Result):
    """A message: one text to one recipient, or one from a phone. `provider_status` is the provider's word."""

    id: str
    accepted_at: Time
    direction: Direction
    provider: str
    operation: str
    channel: str
    sender: str | None = None
    to: str
    text: Text
    code: str | None = None
    status: Status
    provider_status: str
    rule: str | None = None
    request: int | None = None
    callback_state: MessageCallbackState | None = None


class MessagePage(Result):
    """Messages, newest first; `next` is the cursor of the page that follows."""

    items: tuple[MessageSummary, ...]
    next: str | None = None


class StatusStep(Result):
    """A status that a message has had."""

    status: Status
    provider_status: str
    at: Time


class PlannedStep(Result):
    """A status that a message is due to have."""

    status: Status
    at: Time


class CallbackRequest(Result):
    """The HTTP request of a callback."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Text


class CallbackAttempt(Result):
    """One attempt at a callback: the status and the beginning of the answer, or an error."""

    number: int
    at: Time
    url: str | None = None
    status: int | None = None
    answer: Text
    error: str | None = None
    replay: bool


class CallbackResult(Result):
    """The report of one status change to the application; `reports` is the provider's word for the status."""

    id: int
    message: str
    to: str
    provider: str
    reports: str
    status: Status
    state: CallbackState
    failing: bool
    due: Time
    request: CallbackRequest | None = None
    attempts: Annotated[tuple[CallbackAttempt, ...], BeforeValidator(lambda attempts: attempts[-MOST:])]


class MessageResult(MessageSummary):
    """A message with its history, what is planned for it, and its callbacks."""

    account: str
    encoding: str
    segments: int
    scheduled_for: Time | None = None
    history: tuple[StatusStep, ...]
    planned: tuple[PlannedStep, ...]
    callbacks: tuple[CallbackResult, ...]


class RequestSummary(Result):
    """A request of the application to a provider; `status` is that of the reply, `why` says why it was refused."""

    id: int
    at: Time
    provider: str | None = None
    operation: str | None = None
    to: Strings
    method: str
    path: str
    status: int
    refused: bool
    why: Strings
    rule: str | None = None
    messages: Strings


class RequestPage(Result):
    """Requests, newest first; `next` is the cursor of the page that follows."""

    items: tuple[RequestSummary, ...]
    next: str | None = None


class ParameterResult(Result):
    """A parameter of an operation; `word` says whether it is documented, published, observed or inferred."""

    name: str
    place: str
    required: bool
    description: str | None = None
    word: str


class ErrorResult(Result):
    """A refusal of an operation, with the provider's own code."""

    name: str
    status: int
    code: str | int | None = None
    word: str


class ExampleResult(Result):
    """A request that the provider accepts, with the values of its documentation; `demo` stands for the keys."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Text


class OperationResult(Result):
    """An operation of a provider. Parameters, errors and examples are there if one operation was asked for."""

    name: str
    summary: str | None = None
    channel: str | None = None
    calls: tuple[str, ...]
    word: str
    parameters: tuple[ParameterResult, ...] | None = None
    errors: tuple[ErrorResult, ...] | None = None
    examples: tuple[ExampleResult, ...] | None = None


class ExplanationResult(Result):
    """A request with its reply, why it was refused, and how the operation is used."""

    request: RequestSummary
    query: Mapping[str, object]
    headers: Mapping[str, str]
    body: Text
    reply: Text
    operation: OperationResult | None = None


class NearMissResult(Result):
    """A message or refused request that nearly matched, and how it differs."""

    id: str | int
    differs: tuple[str, ...]


class VerdictResult(Result):
    """The result of a verification; `matches` has the first ids."""

    passed: bool
    count: int
    matches: Strings
    near: Annotated[tuple[NearMissResult, ...], BeforeValidator(cut_list)]


class ClockResult(Result):
    """The clock of the workspace."""

    mode: ClockMode
    rate: float
    start: Time
    now: Time


class EffectResult(Result):
    """One effect of an advance: a message reached a status, or a callback was attempted."""

    at: Time
    kind: str
    message: str
    to: str
    status: Status | None = None
    callback: int | None = None
    attempt: int | None = None
    state: CallbackState | None = None
    http_status: int | None = None
    error: str | None = None


class AdvanceResult(Result):
    """The effects of an advance: their number, and the first of them."""

    begin: Time
    end: Time
    count: int
    items: Annotated[tuple[EffectResult, ...], BeforeValidator(cut_list)]


class ScenarioResult(Result):
    """The scenario in use; `rules` says in words what it does, `warnings` what in it has no effect."""

    name: str
    description: str
    rules: Strings
    warnings: Strings


class MistakeResult(Result):
    """A mistake in a scenario, with line and column from 1."""

    problem: str
    line: int | None = None
    column: int | None = None


class CheckResult(Result):
    """Whether a scenario can be used, its mistakes, and what in it has no effect."""

    valid: bool
    name: str | None = None
    mistakes: Annotated[tuple[MistakeResult, ...], BeforeValidator(cut_list)] = ()
    warnings: Strings = ()


class ScenarioEntryResult(Result):
    """A scenario that can be used by its name."""

    name: str
    description: str
    mistakes: tuple[str, ...]


class ScenarioList(Result):
    """The scenarios of the server, and the name of the one in use."""

    items: tuple[ScenarioEntryResult, ...]
    used: str


class ProviderResult(Result):
    """A provider. `statuses` has, for each channel, the provider's words by ours, `settings` what scenarios change."""

    name: str
    title: str
    hosts: tuple[str, ...]
    credentials: tuple[str, ...]
    operations: tuple[OperationResult, ...]
    statuses: Mapping[str, Mapping[str, str]] | None = None
    settings: Mapping[str, str] | None = None


class ProviderList(Result):
    """Providers; the application sends to the paths of their operations at `url`."""

    url: str
    items: tuple[ProviderResult, ...]


class WorkspaceResult(Result):
    """A workspace; a request with one of its `keys` belongs to it. `environment` is for the application."""

    id: str
    name: str | None = None
    url: str
    scenario: str
    clock: ClockResult
    seed: int
    targets: Mapping[str, str]
    keys: Mapping[str, Mapping[str, str]]
    environment: Mapping[str, str]
