"""Applies the scenario's rules to each recipient of a request, and combines their verdicts."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from sandbox.core.change import Change
from sandbox.core.code_detection import find_code
from sandbox.core.effects import Effect
from sandbox.core.message import Draft
from sandbox.core.rules import RuleInput, RuleMemory, Verdict, first_decision
from sandbox.formats.phone_numbers import normalize_number
from sandbox.pipeline.read import RequestContext
from sandbox.providers.base import Outcome, Plan, Refusal
from sandbox.specs.spec import RequestedMessage

YES = frozenset({True, "true", "1"})  # 1 equals True here
NO_MESSAGE = RequestedMessage("", "", "")


class Ruling(NamedTuple):
    """What the scenario decided: a verdict for each recipient, None if no rule matches, and its changes of state."""

    verdicts: tuple[Verdict | None, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def accepts(self) -> bool:
        """Whether no verdict refuses the request."""
        return all(verdict is None or verdict.effect.accepts for verdict in self.verdicts)

    def first(self, has: Callable[[Effect], bool]) -> "RecipientVerdict | None":
        """Return the first verdict whose effect `has` accepts."""
        for row, verdict in enumerate(self.verdicts):
            if verdict is not None and has(verdict.effect):
                return RecipientVerdict(row, verdict)
        return None


class RecipientVerdict(NamedTuple):
    """A verdict and the position of its recipient in the request."""

    row: int
    verdict: Verdict


NO_RULING = Ruling()


def evaluate_rules(context: RequestContext, outcome: Outcome) -> Ruling:
    """Return what the scenario's rules decide, given the provider's outcome of the request."""
    call = context.call
    index = context.world.scenario.rules.get(call.operation)
    if index is None:
        return NO_RULING
    refused = isinstance(outcome, Refusal) or bool(outcome.reply.why if isinstance(outcome, Plan) else outcome.why)
    if refused and not index.matches_refused:
        return NO_RULING
    memory: RuleMemory | None = None
    messages: Sequence[RequestedMessage | Draft] = outcome.drafts if isinstance(outcome, Plan) and not refused else ()
    if refused:  # it made no drafts
        messages = tuple(context.route.operation.message.messages(call.values))
    verdicts: list[Verdict | None] = []
    for row, message in enumerate(messages or (NO_MESSAGE,)):
        to = normalize_number(message.recipient)
        rules = index.matches_refused if refused else index.candidates(to)
        memory = memory or context.world.rule_memory() if rules else memory
        verdicts.append(
            first_decision(rules, _rule_input(context, message, to, row=row, memory=memory))
            if memory and rules
            else None
        )
    return NO_RULING if memory is None else Ruling(tuple(verdicts), memory.changes())


def _rule_input(
    context: RequestContext, message: RequestedMessage | Draft, to: str, *, row: int, memory: RuleMemory
) -> RuleInput:
    """Return what the rules can test of a message; `to` is its recipient, the digits alone."""
    world, call = context.world, context.call
    return RuleInput(
        provider=context.pack.spec.name,
        operation=call.operation,
        account=call.key or "",
        to=to,
        from_=message.sender or "",
        text=message.text,
        headers=call.headers,
        is_otp=partial(_is_otp, context, message),
        at=call.at,
        elapsed=call.at - world.scenario_began,
        seed=call.seed,
        request=world.last_request + 1,
        row=row,
        memory=memory,
    )


def _is_otp(context: RequestContext, message: RequestedMessage | Draft) -> bool:
    """Return whether a message is a one-time code: by its operation, by a flag, or because its text contains one."""
    operation, values = context.route.operation, context.call.values
    if operation.otp or message.code is not None:
        return True
    flagged = any(isinstance(each, str | int) and each in YES for each in operation.message.flags(values))
    return flagged or operation.message.has_code(values) or find_code(message.text) is not None
