"""The interface between providers and the rest: plain values, no request object, no I/O.

An operation is a function from a world and a call to a `Reply` (it only reads), a `Refusal`, or a `Plan` (what to store
and charge). It changes nothing itself: the pipeline applies the scenario's rules, then commits the plan or drops it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core import seeded_random
from sandbox.core.account import Account
from sandbox.core.callback import Outgoing, Target
from sandbox.core.change import Change
from sandbox.core.message import Channel, Draft, Message, Step
from sandbox.core.world import World
from sandbox.specs.body_parsing import Request
from sandbox.specs.types import JSON, Body, ErrorReply, Violation

__all__ = [
    "JSON",
    "Authenticate",
    "Body",
    "Call",
    "ErrorReply",
    "Function",
    "Inbound",
    "Outcome",
    "Plan",
    "Provider",
    "Refusal",
    "Reply",
    "Report",
    "Violation",
    "render_error",
]


class Reply(NamedTuple):
    """A provider's reply: `body` is a mapping, sent as JSON, or a text; `why` has the reasons of a refusal.

    `notes` say what was ignored in an accepted request. `X-Sandbox-Why` and the journal have them after the reasons;
    a reply with notes alone is not a refusal.
    """

    status: int
    body: Body
    type: str = JSON
    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}


class Refusal(NamedTuple):
    """A refusal: `error` names an error of the spec, `why` has the reasons, `message` replaces that of the example."""

    error: str
    why: tuple[str, ...]
    message: str | None = None


class Plan(NamedTuple):
    """What a call would do: its reply, the messages to send, and other values to store, such as a charged account."""

    reply: Reply
    drafts: tuple[Draft, ...] = ()
    changes: tuple[Change, ...] = ()


Outcome = Reply | Refusal | Plan


class Call(NamedTuple):
    """A request to an operation, read and checked against its schema.

    `values` has the path, header, query and body parameters, merged. `account` is None if the key is missing or
    unknown. `violations` has the ways in which the request breaks its schema. `settings` are the provider's, from its
    spec and the scenario. `number` is the number of the first message that this call may create; draws depend on it.
    """

    operation: str
    channel: Channel | None
    at: datetime
    number: int
    seed: int
    values: Mapping[str, object]
    headers: Mapping[str, str]
    key: str | None
    account: Account | None
    violations: tuple[Violation, ...]
    settings: Mapping[str, object]
    errors: Mapping[str, ErrorReply]
    type: str = JSON  # the media type of the success reply
    request: Request | None = None
    request_number: int = 0  # of the request in the journal

    @property
    def owner(self) -> Account:
        """The account, in operations that `authenticate` has let through."""
        if self.account is None:
            message = f"{self.operation}: authenticate let a request through without an account"
            raise ValueError(message)
        return self.account

    def draw(self, purpose: str, size: int, *, row: int = 0) -> bytes:
        """Return `size` random bytes for `purpose` and the message number `row` of this call."""
        return seeded_random.draw_bytes(self.seed, self.number + row, purpose, size)

    def text(self, name: str) -> str:
        """Return a parameter as text, empty if it is absent; numbers as they were written."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else "" if value is None else str(value)


class Report(NamedTuple):
    """A status change to report: the message as it is now, the step that is reported, and the target.

    `at` is the time of the attempt on the clock of the workspace; None for a callback that is not sent. `callback` is
    the number of the callback, `attempt` that of the attempt.
    """

    message: Message
    step: Step
    target: Target | None
    settings: Mapping[str, object]
    world: World | None = None
    at: datetime | None = None
    callback: int = 0
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Inbound:
    """How a channel takes messages from phones.

    `draw_id` returns the id of a message from the seed, its number and its time. `stop` and `start` are the words, in
    capitals, with which a phone opts out and in again.
    """

    channel: Channel
    draw_id: Callable[[int, int, datetime], str]
    stop: frozenset[str] = frozenset()
    start: frozenset[str] = frozenset()

    def opt(self, text: str) -> str | None:
        """Return `stop` or `start` if a text is such a word, whatever its case; None if it is not."""
        word = text.strip().upper()
        return "stop" if word in self.stop else "start" if word in self.start else None


Authenticate = Callable[[World, Call], Refusal | None]
Function = Callable[[World, Call], Outcome]


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:  # noqa: ARG001 - providers may use the call
    """Return the spec's example of an error, with the refusal's message if it has one."""
    body = error.body
    if refusal.message is not None and isinstance(body, Mapping):
        body = {**body, "message": refusal.message}
    return Reply(error.status, body, error.type, refusal.why)


def write_no_callback(report: Report) -> Outgoing:
    """Raise ValueError, as neither the channel nor a module describes a callback."""
    message = f"the channel {report.message.channel.name} reports statuses, but describes no callback"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's functions; `operations` maps the operation names of its spec to functions.

    `key` returns the credential from a call's values and headers. `authenticate` runs before every operation. `report`
    returns the callback of a status change. `target` returns a message's own target, such as a `dlr_url`.
    `render_error` turns a refusal into a reply. `secret` returns the second part of a credential, which must stay the
    same for one key. `retries` are retry schedules, `received` says what counts as received, both by the key of a
    channel. `inbound` says how channels take messages from phones, by name.
    """

    name: str
    operations: Mapping[str, Function]
    key: Callable[[Mapping[str, object], Mapping[str, str]], str | None]
    authenticate: Authenticate
    report: Callable[[Report], Outgoing] = write_no_callback
    target: Callable[[Message], Target | None] = lambda _: None
    render_error: Callable[[ErrorReply, Refusal, Call], Reply] = render_error
    secret: Callable[[Mapping[str, object], Mapping[str, str]], str | None] | None = None
    retries: Mapping[str, tuple[timedelta, ...]] = field(default_factory=dict)
    received: Mapping[str, Callable[[int, str], bool]] = field(default_factory=dict)
    inbound: Mapping[str, Inbound] = field(default_factory=dict)
