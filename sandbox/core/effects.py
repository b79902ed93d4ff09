"""What a rule does to a request and its recipients: errors, replies, faults, lives, reporting, rates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.message import CallbackPolicy, Lifecycle, LifecycleStep, Status
from sandbox.core.seeded_random import Distribution, Fixed, draw_fraction

FIRST_ERROR_STATUS = 400  # HTTP statuses from here on refuse


class Fault(StrEnum):
    """How a reply may break on its way."""

    CONNECTION_RESET = "connection_reset"
    EMPTY_REPLY = "empty_reply"
    TRUNCATED_BODY = "truncated_body"
    MALFORMED_BODY = "malformed_body"
    HANG = "hang"
    SLOW_BODY = "slow_body"


class ReplyMoment(StrEnum):
    """When a reply leaves, other than after a span of time: once the callbacks that are due at once have been tried."""

    CALLBACKS = "callbacks"


class RenderedReply(NamedTuple):
    """A reply that a scenario wrote."""

    status: int
    headers: Mapping[str, str]
    body: str


class TemplateContext(NamedTuple):
    """What a reply's templates see."""

    seed: int
    number: int
    at: datetime
    request: Mapping[str, object]
    message: Mapping[str, object] | None
    account: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """A reply of the scenario's own: `write` is handed in, as templates need a library."""

    status: int
    write: Callable[[TemplateContext], RenderedReply]


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A planned step whose delay is yet to be drawn; `word` names the provider's own, where it has several."""

    status: Status
    delay: Distribution
    word: str | None = None


@dataclass(frozen=True, slots=True)
class LifecycleTemplate:
    """A life whose delays are drawn for each message; `name` sets its draws apart."""

    name: str
    steps: tuple[StepTemplate, ...]
    fixed: Lifecycle | None = None

    def draw(self, seed: int, number: int) -> Lifecycle:
        """Return the life of the message `number`."""
        if self.fixed is not None:
            return self.fixed
        return tuple(
            LifecycleStep(
                step.status, step.delay.at(draw_fraction(seed, number, f"{self.name} step {place}")), step.word
            )
            for place, step in enumerate(self.steps)
        )


def make_lifecycle_template(name: str, steps: tuple[StepTemplate, ...]) -> LifecycleTemplate:
    """Return a course; one without chance has its life at hand."""
    fixed = [LifecycleStep(step.status, step.delay.delay, step.word) for step in steps if isinstance(step.delay, Fixed)]
    return LifecycleTemplate(name, steps, tuple(fixed) if len(fixed) == len(steps) else None)


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of a request and a recipient; `error` is the name of a provider's error by operation."""

    error: Mapping[str, str] | None = None
    reply: ReplyTemplate | None = None
    after: Distribution | ReplyMoment | None = None
    fault: Fault | None = None
    accepted: bool = False
    lifecycle: LifecycleTemplate | None = None

    @property
    def accepts(self) -> bool:
        """Whether the request does what it asks for, whatever is answered."""
        replied = self.reply is not None and self.reply.status >= FIRST_ERROR_STATUS
        return self.accepted or not (self.error is not None or self.fault is not None or replied)


NO_EFFECT = Effect()


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` in each span `per`; what exceeds it gets the error. `apart`: each account has its own.

    `announced`: the operations whose provider says in Retry-After when there is room again.
    """

    limit: int
    per: timedelta
    error: Mapping[str, str]
    apart: bool = True
    announced: frozenset[str] = frozenset()


class WeightedEffect(NamedTuple):
    """One of several effects; a draw below `until`, and not below those before it, chooses it."""

    until: float
    effect: Effect


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does when it holds."""

    effect: Effect = NO_EFFECT
    outcomes: tuple[WeightedEffect, ...] = ()
    callback_policy: CallbackPolicy | None = None
    state: str | None = None
    rate: Rate | None = None

    @property
    def passes(self) -> bool:
        """Whether it acts and lets the request go on: it has but a state to set, or a rate that is not exceeded."""
        decides = self.effect is not NO_EFFECT or self.outcomes or self.callback_policy
        return not decides and (self.state is not None or self.rate is not None)
