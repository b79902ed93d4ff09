"""Asks the scenario: each recipient of a request is judged, and what holds for the whole request is gathered."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from sandbox.core.change import Change
from sandbox.core.code_detection import find_code
from sandbox.core.effects import Effect
from sandbox.core.message import Draft
from sandbox.core.rules import RuleInput, RuleMemory, Verdict, first_decision
from sandbox.formats.phone_numbers import normalize_number
from sandbox.pipeline.read import Visit
from sandbox.providers.base import Outcome, Plan, Refusal
from sandbox.specs.spec import RequestedMessage

YES = frozenset({True, "true", "1"})  # 1 equals True here


NO_MESSAGE = RequestedMessage("", "", "")


class Ruling(NamedTuple):
    """What the scenario decided: a verdict for each recipient, None where no rule holds, and what its memory became."""

    verdicts: tuple[Verdict | None, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def accepts(self) -> bool:
        """Whether no verdict stands against the request."""
        return all(verdict is None or verdict.effect.accepts for verdict in self.verdicts)

    def first(self, has: Callable[[Effect], bool]) -> "Found | None":
        """Return the verdict of the first recipient whose effect has something."""
        for row, verdict in enumerate(self.verdicts):
            if verdict is not None and has(verdict.effect):
                return Found(row, verdict)
        return None


class Found(NamedTuple):
    """A verdict, and the place of its recipient in the request."""

    row: int
    verdict: Verdict


NO_RULING = Ruling()


def rule_on(visit: Visit, outcome: Outcome) -> Ruling:
    """Judge a request whose outcome at the provider is known."""
    world, call = visit.world, visit.call
    index = world.scenario.rules.get(call.operation)
    if index is None:
        return NO_RULING
    refused = isinstance(outcome, Refusal) or bool(_why(outcome))
    if refused and not index.matches_refused:
        return NO_RULING
    memory: RuleMemory | None = None
    parts: Sequence[RequestedMessage | Draft] = outcome.drafts if isinstance(outcome, Plan) and not refused else ()
    if refused:  # it made no drafts
        parts = tuple(visit.arrival.route.operation.message.messages(visit.call.values))
    verdicts: list[Verdict | None] = []
    for row, part in enumerate(parts or (NO_MESSAGE,)):
        to = normalize_number(part.recipient)
        rules = index.matches_refused if refused else index.candidates(to)
        memory = memory or world.rule_memory() if rules else memory
        verdicts.append(
            first_decision(rules, _case(visit, part, to, row=row, memory=memory)) if memory and rules else None
        )
    return NO_RULING if memory is None else Ruling(tuple(verdicts), memory.changes())


def _why(outcome: Outcome) -> tuple[str, ...]:
    return outcome.reply.why if isinstance(outcome, Plan) else outcome.why


def _case(visit: Visit, part: RequestedMessage | Draft, to: str, *, row: int, memory: RuleMemory) -> RuleInput:
    """Return what the rules see of a message; `to` is its recipient compared by digits."""
    world, arrival, call = visit
    return RuleInput(
        provider=arrival.pack.spec.name,
        operation=call.operation,
        account=call.key or "",
        to=to,
        from_=part.sender or "",
        text=part.text,
        headers=call.headers,
        is_otp=partial(_is_otp, visit, part),
        at=call.at,
        elapsed=call.at - world.scenario_began,
        seed=call.seed,
        request=world.last_request + 1,
        row=row,
        memory=memory,
    )


def _is_otp(visit: Visit, part: RequestedMessage | Draft) -> bool:
    """Whether a message is a one-time code: by its operation, by a flag, or as its text holds one."""
    if visit.arrival.route.operation.otp or part.code is not None:
        return True
    fields, values = visit.arrival.route.operation.message, visit.call.values
    flagged = any(isinstance(each, str | int) and each in YES for each in fields.flags(values))
    return flagged or fields.has_code(values) or find_code(part.text) is not None
