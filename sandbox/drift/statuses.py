"""The ways through the statuses of a channel, and what of a recorded order none of them has."""

from collections.abc import Iterator
from typing import NamedTuple

from sandbox.core.message import Channel, Status


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
