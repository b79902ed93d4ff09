"""What a rule does to a request and its recipients: errors, replies, faults, lifecycles, callbacks, rate limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.message import CallbackPolicy, Lifecycle, LifecycleStep, PhoneReply, Status
from sandbox.core.seeded_random import Distribution, Fixed, draw_fraction

FIRST_ERROR_STATUS = 400  # an HTTP status from here on is a refusal


class Fault(StrEnum):
    """How the delivery of a reply fails."""

    CONNECTION_RESET = "connection_reset"
    EMPTY_REPLY = "empty_reply"
    TRUNCATED_BODY = "truncated_body"
    MALFORMED_BODY = "malformed_body"
    HANG = "hang"
    SLOW_BODY = "slow_body"


class ReplyMoment(StrEnum):
    """An event that a reply waits for: an attempt at each callback that is due immediately."""

    CALLBACKS = "callbacks"


class RenderedReply(NamedTuple):
    """A reply of a scenario, rendered; `failed`: a template failed, and the body is the reason."""

    status: int
    headers: Mapping[str, str]
    body: str
    failed: bool = False


class TemplateContext(NamedTuple):
    """The values that the templates of a reply can use."""

    seed: int
    number: int
    at: datetime
    request: Mapping[str, object]
    message: Mapping[str, object] | None
    account: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """A reply that a scenario defines; `write` is passed in, because templates need a library."""

    status: int
    write: Callable[[TemplateContext], RenderedReply]


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A lifecycle step whose delay is drawn for each message; `word` is the provider's, if it has several."""

    status: Status
    delay: Distribution
    word: str | None = None


@dataclass(frozen=True, slots=True)
class LifecycleTemplate:
    """A lifecycle whose delays are drawn for each message; `name` distinguishes its draws from others."""

    name: str
    steps: tuple[StepTemplate, ...]
    fixed: Lifecycle | None = None

    def draw(self, seed: int, number: int) -> Lifecycle:
        """Return the lifecycle of message `number`."""
        if self.fixed is not None:
            return self.fixed
        return tuple(
            LifecycleStep(
                step.status, step.delay.at(draw_fraction(seed, number, f"{self.name} step {place}")), step.word
            )
            for place, step in enumerate(self.steps)
        )


def make_lifecycle_template(name: str, steps: tuple[StepTemplate, ...]) -> LifecycleTemplate:
    """Return a template; if no delay of it is random, the lifecycle is made once."""
    fixed = [LifecycleStep(step.status, step.delay.delay, step.word) for step in steps if isinstance(step.delay, Fixed)]
    return LifecycleTemplate(name, steps, tuple(fixed) if len(fixed) == len(steps) else None)


@dataclass(frozen=True, slots=True)
class PhoneReplyTemplate:
    """What a phone replies by itself, with a delay that is drawn for each message; `name` distinguishes its draws."""

    name: str
    text: str
    after: Distribution

    def draw(self, seed: int, number: int) -> PhoneReply:
        """Return the reply to message `number`."""
        return PhoneReply(self.text, self.after.at(draw_fraction(seed, number, f"{self.name} inbound")))


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to a request and a recipient; `error` maps operations to the names of the provider's errors.

    `opted_out`: the provider treats the recipient as a number on the stop list of the account.
    """

    error: Mapping[str, str] | None = None
    reply: ReplyTemplate | None = None
    after: Distribution | ReplyMoment | None = None
    fault: Fault | None = None
    accepted: bool = False
    lifecycle: LifecycleTemplate | None = None
    inbound: PhoneReplyTemplate | None = None
    opted_out: bool = False

    @property
    def accepts(self) -> bool:
        """Whether the request is accepted and stored, whatever the reply says."""
        replied = self.reply is not None and self.reply.status >= FIRST_ERROR_STATUS
        return self.accepted or not (self.error is not None or self.fault is not None or replied)


NO_EFFECT = Effect()


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: at most `limit` in each span `per`; further requests get the error. `apart`: one limit per account.

    `announced`: the operations whose provider sends Retry-After.
    """

    limit: int
    per: timedelta
    error: Mapping[str, str]
    apart: bool = True
    announced: frozenset[str] = frozenset()


class WeightedEffect(NamedTuple):
    """One of several effects: the first whose `until` is above the draw is chosen."""

    until: float
    effect: Effect


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does if it matches; `from_reply`: lifecycles begin when the reply is sent, not with the request."""

    effect: Effect = NO_EFFECT
    outcomes: tuple[WeightedEffect, ...] = ()
    callback_policy: CallbackPolicy | None = None
    state: str | None = None
    rate: Rate | None = None
    from_reply: bool = False

    @property
    def passes(self) -> bool:
        """Whether later rules still apply: it only sets a state, or has a rate limit that is not exceeded."""
        decides = self.effect is not NO_EFFECT or self.outcomes or self.callback_policy
        return not decides and (self.state is not None or self.rate is not None)
