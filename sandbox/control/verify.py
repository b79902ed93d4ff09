"""Verification: whether so many messages were accepted, now or within a wait, with near misses where not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from aiohttp import web

from sandbox.control import messages, requests
from sandbox.control.call import ControlCall, reply
from sandbox.control.criteria import LOOKED_AT, Bound, Criterion, Near, criteria, near_messages, near_requests
from sandbox.control.long_poll import wait_for
from sandbox.control.pagination import Table, newest_first, sift
from sandbox.control.parameter_types import Since
from sandbox.control.phone_numbers import same_as
from sandbox.core.change import Change
from sandbox.core.message import Message
from sandbox.core.world import World

Row = TypeVar("Row")

SHOWN = 1_000  # ids of matches
SOME = Bound("at_least", 1)  # what is claimed without a count


async def verify(ask: ControlCall) -> web.Response:
    """Answer the verdict on a claim."""
    since = ask.body.get("since", Since) or Since()
    claim = {name: value for name, value in ask.body.values.items() if isinstance(value, str)}
    wanted = criteria(claim, lambda number: same_as(number, ask.homes))
    counted = ask.body.part("count").values.items()
    bound = next((Bound(kind, number) for kind, number in counted if isinstance(number, int)), SOME)
    rows = messages.table(ask.world)

    def fits(message: Message) -> bool:
        return since.admits(message.number, message.accepted_at) and all(each.holds(message) for each in wanted)

    async def look() -> list[Message] | None:
        found = await sift(rows, fits, after=since.number)
        return found if bound.settled(len(found)) else None

    def stirs(change: Change) -> bool:
        return isinstance(change, Message) and fits(change)

    settled = await wait_for(ask.memory.waits, ask.world, look, stirs=stirs, wait=ask.body.get("wait", timedelta))
    found = await sift(rows, fits, after=since.number) if settled is None else settled
    enough = len(found) >= bound.number
    return reply(
        {
            "passed": bound.holds(len(found)),
            "count": len(found),
            "matches": [message.id for message in found[:SHOWN]],
            "near": [] if enough else [show_near(each) for each in near_misses(ask.world, claim, wanted, since)],
        },
    )


def near_misses(world: World, claim: Mapping[str, str], wanted: Sequence[Criterion], since: Since) -> list[Near]:
    """Return what nearly fits among the newest messages and refused requests after `since`."""
    start = world.messages.get(since.number)
    late = (
        message
        for message in _newest(messages.table(world), since.number)
        if since.admits(message.number, message.accepted_at)
    )
    asked = Since(0 if start is None else start.request, since.at)
    came = (each for each in _newest(requests.table(world), asked.number) if asked.admits(each.id, each.at))
    return [*near_messages(late, wanted), *near_requests(came, claim)]


def show_near(near: Near) -> dict[str, object]:
    """Return a near miss."""
    return {"id": near.id, "differs": list(near.differs)}


def _newest(table: Table[Row], after: int) -> Iterator[Row]:
    return islice(newest_first(table, before=None, after=after), LOOKED_AT)
