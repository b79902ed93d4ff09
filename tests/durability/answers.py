"""What the client of one workspace was answered, and where an answer contradicts an earlier one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

History = Sequence[str]  # the statuses of a message, oldest first


class Sent(NamedTuple):
    """A send was acknowledged, with the id of its message."""

    message: str


class Listed(NamedTuple):
    """The list of messages: their histories by id."""

    messages: Mapping[str, History]


class Balance(NamedTuple):
    """The balance of the account, which each message makes smaller."""

    amount: Decimal


class ClockNow(NamedTuple):
    """The time on the workspace's clock, as text that sorts."""

    now: str


Answer = Sent | Listed | Balance | ClockNow


@dataclass
class _Known:
    """What the answers up to now have told."""

    acknowledged: list[str] = field(default_factory=list)
    messages: dict[str, History] = field(default_factory=dict)
    balance: Decimal | None = None
    now: str = ""


def find_contradictions(answers: Iterable[Answer]) -> list[str]:
    """Return what contradicts earlier answers; each request began after the answer to the one before it."""
    known, found = _Known(), []
    for number, answer in enumerate(answers):
        found += [f"answer {number}: {each}" for each in _contradictions(answer, known)]
    return found


def _contradictions(answer: Answer, known: _Known) -> list[str]:
    match answer:
        case Sent(message):
            problems = [f"the id {message} was given twice"] if message in known.acknowledged else []
            known.acknowledged.append(message)
        case Listed(messages):
            problems = [
                f"{each} was acknowledged and is missing" for each in known.acknowledged if each not in messages
            ]
            problems += [
                f"the history of {each} ran back from {[*before]} to {[*messages.get(each, ())]}"
                for each, before in known.messages.items()
                if [*messages.get(each, ())][: len(before)] != [*before]
            ]
            known.messages.update(messages)
        case Balance(amount):
            risen = known.balance is not None and amount > known.balance
            problems = [f"the balance rose from {known.balance} to {amount}"] if risen else []
            known.balance = amount
        case ClockNow(now):
            problems = [f"the clock ran back from {known.now} to {now}"] if now < known.now else []
            known.now = now
    return problems
