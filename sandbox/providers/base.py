"""What a provider pack offers and what it is given: values alone, no request object, no I/O.

An operation is a function from a world and a call to a `Reply` (it only reads), a `Refusal`, or a `Plan` (what it would
store and charge). It writes nothing itself: the engine asks the scenario, then commits the plan or drops it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sandbox.core import seeded_random
from sandbox.core.account import Account
from sandbox.core.callback import Outgoing, Target
from sandbox.core.change import Change
from sandbox.core.message import Channel, Draft, Message, Step
from sandbox.core.world import World
from sandbox.specs.types import JSON, Body, ErrorReply, Violation

__all__ = [
    "JSON",
    "Authenticate",
    "Body",
    "Call",
    "ErrorReply",
    "Function",
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
    """An answer: `body` a mapping for JSON, or text; `why` explains a refusal to a person.

    `notes` say what was passed over in a request that is accepted all the same: they stand behind the reasons in
    `X-Sandbox-Why` and the journal, but a reply that has notes alone is no refusal.
    """

    status: int
    body: Body
    type: str = JSON
    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """The name of an error of the provider's spec, why in words, and a `message` where the sample's does not fit."""

    error: str
    why: tuple[str, ...]
    message: str | None = None


class Plan(NamedTuple):
    """What a call would do: its reply, the messages it sends, and other values that change (account, code, window)."""

    reply: Reply
    drafts: tuple[Draft, ...] = ()
    changes: tuple[Change, ...] = ()


Outcome = Reply | Refusal | Plan


class Call(NamedTuple):
    """A request that has found its operation, read and checked against its schema.

    `values` has path, header, query and body parameters merged. `account` is None when no key came or it is unknown.
    `settings` are the provider's, from its spec and the scenario. `number` is that of the first message this call may
    make, and the subject of its draws.
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
    type: str = JSON  # of the success reply

    @property
    def owner(self) -> Account:
        """The account, in operations that the gate has let through."""
        if self.account is None:
            message = f"{self.operation} was let through without an account"
            raise ValueError(message)
        return self.account

    def draw(self, purpose: str, size: int, *, row: int = 0) -> bytes:
        """Return `size` bytes for the `row`-th message of this call."""
        return seeded_random.draw_bytes(self.seed, self.number + row, purpose, size)

    def text(self, name: str) -> str:
        """Return a parameter as text, empty when it is absent; numbers as they are written."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else "" if value is None else str(value)


class Report(NamedTuple):
    """A status change to be reported: the message as it is now, the step it is about, where it goes."""

    message: Message
    step: Step
    target: Target | None
    settings: Mapping[str, object]


Authenticate = Callable[[World, Call], Refusal | None]
Function = Callable[[World, Call], Outcome]


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:  # noqa: ARG001 - packs may look at the call
    """Return the reply for a refusal as the spec's example has it, with the refusal's own message if it has one."""
    body = error.body
    if refusal.message is not None and isinstance(body, Mapping):
        body = {**body, "message": refusal.message}
    return Reply(error.status, body, error.type, refusal.why)


@dataclass(frozen=True, slots=True)
class Provider:
    """A pack. `operations` maps operation names of its spec to functions.

    `key` finds the credential in a call's values and headers; `authenticate` makes the checks before every operation,
    in the provider's own order; `report` writes the callback of a status change; `target` lets a message name its own
    target (`dlr_url`); `render_error` turns a refusal into the provider's bytes.
    """

    name: str
    operations: Mapping[str, Function]
    key: Callable[[Mapping[str, object], Mapping[str, str]], str | None]
    authenticate: Authenticate
    report: Callable[[Report], Outgoing]
    target: Callable[[Message], Target | None] = lambda _: None
    render_error: Callable[[ErrorReply, Refusal, Call], Reply] = render_error
