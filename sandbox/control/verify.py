"""Verification: whether the expected number of messages was accepted, now or within a wait, else the near misses."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import islice
from operator import eq, ge, le
from typing import NamedTuple, TypeVar

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import Collection, Object, filter_items, newest_first, wait_for
from sandbox.control.masking import mask
from sandbox.control.messages import FILTERS, MessageFilter, messages_of
from sandbox.control.parameters import Since
from sandbox.control.requests import NO_ROUTES, requests_of
from sandbox.core.change import Change
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Direction, Message, Status
from sandbox.core.world import World
from sandbox.formats.phone_numbers import contains_number, normalize_number
from sandbox.specs.types import show

Item = TypeVar("Item")

MATCH_LIMIT = 1_000  # ids in a reply
NEAR_MISS_LIMIT = 5  # near misses of each kind in a reply
EXAMINED_LIMIT = 1_000  # newest messages and requests that may be near misses
MEASURED_LIMIT = 100  # of them, those with the fewest differences, whose similarity is measured
LEAST_SIMILARITY = 0.6  # from this similarity on, a message that meets no criterion still counts as near


# What a message has in place of a wanted value, by the name of the filter that the value is for.
ACTUAL: Mapping[str, Callable[[Message, str], str]] = {
    "provider": lambda message, _: message.provider,
    "operation": lambda message, _: message.operation,
    "to": lambda message, _: message.recipient,
    "to_contains": lambda message, _: message.recipient,
    "account": lambda message, _: mask(message.account),
    "from": lambda message, _: message.sender or "",
    "text": lambda message, _: message.text,
    "status": lambda message, wanted: message.status if wanted in set(Status) else message.provider_status,
}
PARTS = frozenset({"to_contains", "text"})  # what a part of the value is wanted of


class Criterion(NamedTuple):
    """One expected value: whether a message has it, and what it has instead."""

    name: str
    wanted: str
    holds: MessageFilter

    def actual(self, message: Message) -> str:
        """Return what a message has in place of the wanted value."""
        return ACTUAL[self.name](message, self.wanted)

    def difference(self, message: Message) -> str:
        """Return in words what a message has instead."""
        name, verb = self.name.removesuffix("_contains"), "does not contain" if self.name in PARTS else "is not"
        return f"{name}: {self._shown(self.actual(message))} {verb} {self._shown(self.wanted)}"

    def _shown(self, text: str) -> str:
        return show(text) if self.name == "text" else text or "nothing"


@dataclass(frozen=True, slots=True)
class ExpectedCount:
    """The expected number of messages: `exactly`, `at_least` or `at_most` so many."""

    kind: str
    number: int

    def holds(self, count: int) -> bool:
        """Whether a count is as expected."""
        return COMPARISONS[self.kind](count, self.number)

    def is_final(self, count: int) -> bool:
        """Whether later messages can no longer change the result."""
        return count >= self.number if self.kind == "at_least" else count > self.number


COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {"exactly": eq, "at_least": ge, "at_most": le}
ANY = ExpectedCount("at_least", 1)  # without a count


async def verify(call: ControlCall) -> web.Response:
    """Reply whether the expected messages were accepted."""
    since = call.body.get("since", Since) or Since()
    expected = {name: value for name, value in call.body.values.items() if isinstance(value, str)}
    criteria = [Criterion(name, each, FILTERS[name](call, each)) for name, each in expected.items() if name in ACTUAL]
    counts = call.body.nested("count").values.items()
    count = next((ExpectedCount(kind, number) for kind, number in counts if isinstance(number, int)), ANY)
    direction = Direction(call.body.get("direction", str) or Direction.OUTBOUND)
    messages = messages_of(call.world)

    def fits(message: Message) -> bool:
        if message.channel.direction is not direction or not since.admits(message.number, message.accepted_at):
            return False
        return all(each.holds(message) for each in criteria)

    async def search() -> list[Message] | None:
        found = await filter_items(messages, fits, after=since.number)
        return found if count.is_final(len(found)) else None

    def is_relevant(change: Change) -> bool:
        return isinstance(change, Message) and fits(change)

    final = await wait_for(call, search, is_relevant, wait=call.body.get("wait", timedelta))
    found = await filter_items(messages, fits, after=since.number) if final is None else final
    near = [] if len(found) >= count.number else near_misses(call.world, expected, criteria, since)
    return reply(
        {
            "passed": count.holds(len(found)),
            "count": len(found),
            "matches": [message.id for message in found[:MATCH_LIMIT]],
            "near": near,
        },
    )


def near_misses(world: World, expected: Mapping[str, str], criteria: Sequence[Criterion], since: Since) -> list[Object]:
    """Return what nearly fits among the newest messages and refused requests after `since`, and how it differs.

    Only messages of the expected direction count, and no request if that is `inbound`.
    """
    direction = Direction(expected.get("direction", Direction.OUTBOUND))
    start = world.messages.get(since.number)
    since_request = Since(0 if start is None else start.request, since.at)
    messages = (
        message
        for message in _newest(messages_of(world), since.number)
        if message.channel.direction is direction and since.admits(message.number, message.accepted_at)
    )
    records = (
        record
        for record in _newest(requests_of(world, NO_ROUTES), since_request.number)
        if direction is Direction.OUTBOUND and since_request.admits(record.id, record.at)
    )
    return [*_near_messages(messages, criteria), *_near_requests(records, expected)]


def _newest(collection: Collection[Item], after: int) -> Iterator[Item]:
    return islice(newest_first(collection, before=None, after=after), EXAMINED_LIMIT)


def _near_messages(messages: Iterable[Message], criteria: Sequence[Criterion]) -> list[Object]:
    """Return the messages with the fewest differences; those that fit are left out."""
    failing = [(message, [each for each in criteria if not each.holds(message)]) for message in messages]
    compared = sorted((each for each in failing if each[1]), key=lambda each: len(each[1]))[:MEASURED_LIMIT]
    ranked = [(len(failed), -_similarity(message, failed), message, failed) for message, failed in compared]
    ranked.sort(key=lambda each: each[:2])
    return [
        {"id": message.id, "differs": [each.difference(message) for each in failed]}
        for count, dissimilarity, message, failed in ranked[:NEAR_MISS_LIMIT]
        if count < len(criteria) or -dissimilarity >= LEAST_SIMILARITY
    ]


def _similarity(message: Message, failed: Sequence[Criterion]) -> float:
    """Return how similar a message is to the criteria that it does not meet, from 0 to 1."""
    ratios = [SequenceMatcher(None, each.actual(message)[:200], each.wanted[:200]).ratio() for each in failed]
    return sum(ratios) / len(ratios)


def _near_requests(records: Iterable[RequestRecord], expected: Mapping[str, str]) -> list[Object]:
    """Return the refused requests that may have been meant; those with another number were not."""
    return [
        {"id": record.id, "differs": [f"refused with {record.status}: {'; '.join(record.why)}"]}
        for record in records
        if record.refused and _may_be_meant(record, expected)
    ][:NEAR_MISS_LIMIT]


def _may_be_meant(record: RequestRecord, expected: Mapping[str, str]) -> bool:
    if expected.get("provider", record.provider) != record.provider:
        return False
    if not fnmatchcase(record.operation or "", expected.get("operation", "*")):
        return False
    sent = record.query + record.body.decode("utf-8", "replace")
    digits, part = "".join(filter(str.isdigit, sent)), expected.get("to_contains", "")
    return normalize_number(expected.get("to", "")) in digits and contains_number(digits, part)
