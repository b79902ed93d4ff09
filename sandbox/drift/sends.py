"""The messages that recorded requests have sent, by exchange and by the provider's ids; those of the last sends.

The statuses that callbacks report of one must be a way through those of its channel.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sandbox.core.message import Channel, Status

SENDS_KEPT = 10_000


@dataclass(slots=True)
class Reported:
    """A status that was reported: the attempts, and whether the last was answered with 2xx."""

    status: Status
    at: datetime
    received: bool
    attempts: int = 1


@dataclass(slots=True)
class Sent:
    """The messages of one request, by number, and the statuses that callbacks have reported of each, in order."""

    provider: str
    messages: tuple[int, ...]
    at: datetime
    reported: dict[int, list[Reported]] = field(default_factory=dict)


class SentMessages:
    """What was sent; `finished` is called with a send that is forgotten, as there are too many."""

    def __init__(self, finished: Callable[[Sent, int], None] = lambda *_: None) -> None:
        self.finished = finished
        self._sends: OrderedDict[int, Sent] = OrderedDict()
        self._by_id: OrderedDict[str, int] = OrderedDict()

    def add(self, entry: int, sent: Sent, ids: Iterable[str]) -> None:
        """Keep the messages of an exchange."""
        self._sends[entry] = sent
        for each in ids:
            self._by_id[each] = entry
        while len(self._by_id) > SENDS_KEPT:
            self._by_id.popitem(last=False)
        while len(self._sends) > SENDS_KEPT:
            number, oldest = self._sends.popitem(last=False)
            self.finished(oldest, number)

    def of(self, entry: int) -> Sent | None:
        """Return what an exchange has sent."""
        return self._sends.get(entry)

    def of_id(self, given: str) -> Sent | None:
        """Return what was sent under an id of the provider."""
        entry = self._by_id.get(given)
        return None if entry is None else self._sends.get(entry)

    def drain(self) -> Iterator[tuple[int, Sent]]:
        """Yield all that is left, with its exchange."""
        while self._sends:
            yield self._sends.popitem(last=False)


class OrderProblem(NamedTuple):
    """What is otherwise in a sequence of statuses: a status that is missing, out of order, or cannot follow."""

    aspect: str
    status: Status
    text: str


def judge_order(channel: Channel, seen: tuple[Status, ...]) -> OrderProblem | None:
    """Return how a sequence of reported statuses differs from every way through a channel; None if it is one.

    A recording may end before the last callbacks have come, so that a way may go on.
    """
    seen = _reported(channel, seen)
    ways = [_reported(channel, way) for way in ways_to(channel, seen[-1])] if seen else []
    if not seen or seen in ways:
        return None
    here = ", ".join(seen)
    every = [_reported(channel, way) for each in channel.words for way in ways_to(channel, each)]
    same = next((way for way in every if sorted(way) == sorted(seen)), None)
    if same is not None:
        return OrderProblem("order", seen[0], f"they come as {here} here, as {', '.join(same)} in the document")
    least = min(ways, key=lambda way: (len({*seen} - {*way}), len(way)), default=())
    missing = next((each for each in least if each not in seen), None)
    if missing is not None:
        return OrderProblem("missing", missing, f"none of {missing} comes before {seen[-1]} here")
    odd = next((each for each in seen if each not in least), seen[-1])
    return OrderProblem("moves", odd, f"they come as {here} here, which no order of statuses allows")


def _reported(channel: Channel, way: tuple[Status, ...]) -> tuple[Status, ...]:
    return tuple(each for each in way if each in channel.reports)


def ways_to(channel: Channel, end: Status, start: Status = Status.QUEUED) -> Iterator[tuple[Status, ...]]:
    """Yield every way from one status to another, the shortest first."""
    waiting: list[tuple[Status, ...]] = [(start,)]
    for way in waiting:
        if way[-1] is end:
            yield way
        else:
            waiting += [(*way, each) for each in sorted(channel.may_follow(way[-1])) if each not in way]
