"""What a verification claims about messages, and what nearly fits it, in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import NamedTuple

from sandbox.control.phone_numbers import Same
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message, Status
from sandbox.formats.phone_numbers import normalize_number
from sandbox.specs.types import show

NEAR = 5  # how many near misses are told
LOOKED_AT = 1_000  # messages and requests, the newest, among which near misses are looked for
COMPARED = 100  # of them, those of the fewest differences, whose likeness is measured
ALIKE = 0.6  # likeness from which something that shares nothing else still counts as near


class Criterion(NamedTuple):
    """One thing that is claimed: whether a message has it, and what it has instead, in words and as a text."""

    name: str
    wanted: str
    actual: Callable[[Message], str]
    holds: Callable[[Message], bool]
    verb: str = "is not"

    def differs(self, message: Message) -> str:
        """Return what a message has instead."""
        return f"{self.name}: {self._shown(self.actual(message))} {self.verb} {self._shown(self.wanted)}"

    def _shown(self, text: str) -> str:
        return show(text) if self.name == "text" else text or "nothing"


@dataclass(frozen=True, slots=True)
class Bound:
    """How many are claimed: exactly, at_least or at_most `number`."""

    kind: str
    number: int

    def holds(self, count: int) -> bool:
        """Whether a count is as claimed."""
        return {
            "exactly": count == self.number,
            "at_least": count >= self.number,
            "at_most": count <= self.number,
        }[self.kind]

    def settled(self, count: int) -> bool:
        """Whether later messages can no longer change the verdict."""
        return count >= self.number if self.kind == "at_least" else count > self.number


class Near(NamedTuple):
    """A message, or a refused request by its number, and in what it differs."""

    id: str | int
    differs: tuple[str, ...]


def criteria(claim: Mapping[str, str], same: Callable[[str], Same]) -> tuple[Criterion, ...]:
    """Return the criteria of a claim: some of provider, operation, to, from, text and status."""
    return tuple(MAKERS[name](wanted, same) for name, wanted in claim.items() if name in MAKERS)


def near_messages(messages: Iterable[Message], wanted: Sequence[Criterion]) -> list[Near]:
    """Return the messages that differ least, each with its differences; those that fit are left out."""
    failing = [(message, [each for each in wanted if not each.holds(message)]) for message in messages]
    missed = sorted((each for each in failing if each[1]), key=lambda each: len(each[1]))[:COMPARED]
    likely = [(len(misses), -likeness(message, misses), message, misses) for message, misses in missed]
    likely.sort(key=lambda each: each[:2])
    return [
        Near(message.id, tuple(each.differs(message) for each in misses))
        for count, unlike, message, misses in likely[:NEAR]
        if count < len(wanted) or -unlike >= ALIKE
    ]


def likeness(message: Message, misses: Sequence[Criterion]) -> float:
    """Return how much a message looks like what it misses, from 0 to 1."""
    ratios = [SequenceMatcher(None, each.actual(message)[:200], each.wanted[:200]).ratio() for each in misses]
    return sum(ratios) / len(ratios)


def near_requests(exchanges: Iterable[RequestRecord], claim: Mapping[str, str]) -> list[Near]:
    """Return the refused requests that may have been meant; one that names another number was not."""
    return [
        Near(exchange.id, (f"refused with {exchange.status}: {'; '.join(exchange.why)}",))
        for exchange in exchanges
        if exchange.refused and _meant(exchange, claim)
    ][:NEAR]


def _meant(exchange: RequestRecord, claim: Mapping[str, str]) -> bool:
    if claim.get("provider", exchange.provider) != exchange.provider:
        return False
    if not fnmatchcase(exchange.operation or "", claim.get("operation", "*")):
        return False
    said = exchange.query + exchange.body.decode("utf-8", "replace")
    return normalize_number(claim.get("to", "")) in "".join(filter(str.isdigit, said))


MAKERS: Mapping[str, Callable[[str, Callable[[str], Same]], Criterion]] = {
    "provider": lambda wanted, _: Criterion(
        "provider",
        wanted,
        lambda message: message.provider,
        lambda message: message.provider == wanted,
    ),
    "operation": lambda wanted, _: Criterion(
        "operation",
        wanted,
        lambda message: message.operation,
        lambda message: fnmatchcase(message.operation, wanted),
    ),
    "to": lambda wanted, same: _number("to", wanted, same(wanted), lambda message: message.recipient),
    "from": lambda wanted, same: _number("from", wanted, same(wanted), lambda message: message.sender or ""),
    "text": lambda wanted, _: Criterion(
        "text",
        wanted,
        lambda message: message.text,
        lambda message: wanted in message.text,
        "does not contain",
    ),
    "status": lambda wanted, _: Criterion(
        "status",
        wanted,
        lambda message: message.status if wanted in set(Status) else message.provider_status,
        lambda message: wanted in (message.status, message.provider_status),
    ),
}


def _number(name: str, wanted: str, same: Same, actual: Callable[[Message], str]) -> Criterion:
    return Criterion(name, wanted, actual, lambda message: same(actual(message), message.provider))
