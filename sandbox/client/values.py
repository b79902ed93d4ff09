"""The results of the control API as frozen values. Times are aware, in UTC and on the workspace's clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.client.behaviour_values import KEY, LOCAL, Clock
from sandbox.core.account import Approval
from sandbox.core.callback import CallbackState, MessageCallbackState
from sandbox.core.message import Direction, Status

Keys = Mapping[str, Mapping[str, str]]  # by provider, then by the header or parameter that carries the key


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status that a message has had; `provider_status` is the provider's word for it."""

    status: Status
    provider_status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlannedStatus:
    """A status that a message is due to have."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """The W3C trace context of a request, and so of its messages; `parent_id` is the id of the span that sent it."""

    trace_id: str
    parent_id: str
    sampled: bool
    tracestate: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One text to one recipient, or one that a phone sent (`direction`).

    `number` is its place among all messages of the workspace. `request` is the number of the request that sent it
    (None: a phone did), `callback_state` the state of its callbacks together (None: it has none). `opt` is `stop` or
    `start` if a phone opted out or in. The account's key is masked.
    """

    id: str
    number: int
    direction: Direction
    provider: str
    operation: str
    channel: str
    account: str
    sender: str | None = field(metadata={KEY: "from"})
    to: str
    text: str
    opt: str | None
    code: str | None
    encoding: str
    segments: int
    status: Status
    provider_status: str
    rule: str | None
    request: int | None
    accepted_at: datetime
    scheduled_for: datetime | None
    history: tuple[StatusChange, ...]
    planned: tuple[PlannedStatus, ...]
    callbacks: tuple[int, ...]
    callback_state: MessageCallbackState | None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Otp:
    """The newest one-time code for a number; `message` is the id of its message."""

    code: str
    to: str
    provider: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a provider request; its body is cut to 16 KB."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Request:
    """A provider request and its reply.

    If the request was `refused`, `why` has the reasons; otherwise it has hints on what the provider ignored, such as
    unknown parameters. The body is cut to 16 KB; `body_size` is its full size in bytes. `resent`: the same text was
    sent to the same number within the minute before, in the request `resent_of`, whose reply was lost. `to` has
    its first 20 recipients.
    """

    id: int
    at: datetime
    provider: str | None
    operation: str | None
    to: tuple[str, ...]
    method: str
    path: str
    query: Mapping[str, object]
    headers: Mapping[str, str]
    body: str
    body_size: int
    body_cut: bool
    reply: Reply
    refused: bool
    why: tuple[str, ...]
    rule: str | None
    messages: tuple[str, ...]
    resent: bool
    resent_of: int | None
    ms: float
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A message or refused request that nearly matched, by its id, and how it differs."""

    id: str | int
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification, true if it passed. `matches` are message ids."""

    passed: bool
    count: int
    matches: tuple[str, ...]
    near: tuple[NearMiss, ...]

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        matched = "1 message matches" if self.count == 1 else f"{self.count} messages match"
        head = f"verification {'passed' if self.passed else 'failed'}: {matched}"
        return "\n".join([head, *(f"  near miss: {near.id}: {'; '.join(near.differs)}" for near in self.near)])


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """The HTTP request of a callback."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a callback: the `status` and the first 2 KB of the response, or an `error`.

    `url` is where it was sent, `ms` its real time. `interrupted`: the server stopped during it, so it was made again.
    """

    number: int
    at: datetime
    url: str | None
    status: int | None
    answer: str
    ms: float
    error: str | None
    replay: bool
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Callback:
    """The report of one status change; `reports` is the provider's word for the status.

    `failing`: it failed, or its last attempt did and another may follow. `to` is the recipient of the message.
    """

    id: int
    message: str
    to: str
    provider: str
    reports: str
    status: Status
    state: CallbackState
    failing: bool
    due: datetime
    request: CallbackRequest | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The URL that receives the callbacks of a provider; the key is masked."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the event stream; `kind` is message, status, deleted, callback, request, clock or scenario."""

    id: str
    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender id or brand of an account."""

    id: str
    name: str
    state: Approval


@dataclass(frozen=True, slots=True)
class Template:
    """A registered text of an account."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a key; `brands` is uBill's word for senders. The key is masked.

    `used` is False if no request has used the key: then it is the account that the first request opens.
    """

    provider: str
    key: str
    used: bool
    balance: Mapping[str, Decimal]
    senders: tuple[Sender, ...] = ()
    brands: tuple[Sender, ...] = ()
    templates: tuple[Template, ...] = ()
    stop_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """The name and version of the server, and the paths of its API by name."""

    name: str
    version: str
    links: Mapping[str, str]


def environment(url: str, workspace: str, keys: Keys, *, token: str | None = None) -> Mapping[str, str]:
    """Return environment variables for an application: `BETATEL_URL`, `BETATEL_API_KEY`, `UBILL_KEY` and so on.

    `SANDBOX_URL`, `SANDBOX_WORKSPACE` and, with a token, `SANDBOX_CONTROL_TOKEN` are read by the command `sms-sandbox`.
    """
    urls = {f"{provider.upper()}_URL": url for provider in keys}
    named = {
        f"{provider}_{field.removeprefix('x-')}".replace("-", "_").upper(): key
        for provider, fields in keys.items()
        for field, key in fields.items()
    }
    secret = {} if token is None else {"SANDBOX_CONTROL_TOKEN": token}
    return {"SANDBOX_URL": url, "SANDBOX_WORKSPACE": workspace, **urls, **named, **secret}


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; a request with one of its `keys` belongs to it. Any other key belongs to `default`, which has none.

    `ttl` is the real time in seconds after which an unused workspace is deleted; None means never. `server_url` and
    `server_token` are those of the client that the workspace came from.
    """

    id: str
    name: str | None
    scenario: str
    clock: Clock
    seed: int
    keys: Keys
    targets: Mapping[str, Target]
    ttl: float | None
    server_url: str = field(default="", repr=False, compare=False, metadata=LOCAL)
    server_token: str | None = field(default=None, repr=False, compare=False, metadata=LOCAL)

    @property
    def environ(self) -> Mapping[str, str]:
        """Environment variables for an application: `BETATEL_URL`, `BETATEL_API_KEY`, `UBILL_KEY` and so on.

        `SANDBOX_URL`, `SANDBOX_WORKSPACE` and `SANDBOX_CONTROL_TOKEN` are read by the command `sms-sandbox`.
        """
        return environment(self.server_url, self.id, self.keys, token=self.server_token)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and its operations, channels and settings, each with its source (documented, published or inferred).

    `credentials` are the names of what a request must have for its account, the key first. `authentication` has the
    ways in which a request carries them; empty if there are none, or if they are headers and parameters of these names.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    credentials: tuple[str, ...]
    authentication: tuple[tuple[Mapping[str, object], ...], ...]
    operations: tuple[Mapping[str, object], ...]
    channels: tuple[Mapping[str, object], ...]
    settings: tuple[Mapping[str, object], ...]
