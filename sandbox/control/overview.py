"""What has happened in a workspace lately and what is pending, in numbers: the call behind the inbox's overview.

Everything is counted when the call is made, from what the workspace keeps, so that sends cost nothing more, and numbers
survive a restart. The newest entries are read first, a slice at a time, until they are older than the window: the call
takes time in proportion to what arrived within the window, and holds the loop for a slice. Durations are a histogram
with percentiles, in bounded memory and without a sort that would hold the loop.

The agenda is what waits for its time on the clock: status changes, callbacks and replies of phones.
"""

import asyncio
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from math import ceil, inf
from typing import NamedTuple, TypeVar

from aiohttp import web

from sandbox.control.accounts import show_amounts
from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import LIMIT, STRIDE, Object
from sandbox.control.masking import mask
from sandbox.control.problems import refuse
from sandbox.control.requests import reason_of
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.clock import format_time
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message, Status
from sandbox.core.world import World

# Upper bounds of the buckets in seconds: about six in each power of ten, in round numbers of the unit.
BOUNDS = (
    *(digit * unit for unit in (0.001, 0.01, 0.1) for digit in (1, 1.5, 2, 3, 5, 7)),
    *(1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45),
    *(60 * minutes for minutes in (1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45)),
    *(3600 * hours for hours in (1, 1.5, 2, 3, 4, 6, 8, 12, 18)),
    *(86400 * days for days in (1, 2, 3, 5, 7, 14, 30)),
)
PERCENTILES = (50, 95, 99)


class Durations:
    """Durations in seconds, counted to three significant digits."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, seconds: float) -> None:
        """Count a duration; a negative one counts as 0."""
        self._counts[float(f"{seconds:.2e}") if seconds > 0 else 0.0] += 1

    def show(self) -> dict[str, object]:
        """Return their number, the percentiles in seconds (null without durations), and the buckets in use."""
        return {"count": self._counts.total(), **self._percentiles(), "buckets": list(self._buckets())}

    def _percentiles(self) -> dict[str, float | None]:
        """Return the smallest duration that so many percent of all do not exceed, for each percentile."""
        total, passed = self._counts.total(), 0
        found: dict[str, float | None] = {f"p{percent}": None for percent in PERCENTILES}
        for seconds, count in sorted(self._counts.items()):
            before, passed = passed, passed + count
            for percent in PERCENTILES:
                if before < ceil(total * percent / 100) <= passed:
                    found[f"p{percent}"] = seconds
        return found

    def _buckets(self) -> Iterator[dict[str, float | None]]:
        """Yield the buckets from the first to the last that is not empty; the last bound of all is null."""
        counts: Counter[int] = Counter()
        for seconds, count in self._counts.items():
            counts[bisect_left(BOUNDS, seconds)] += count
        for place in range(min(counts, default=0), max(counts, default=-1) + 1):
            upper = (*BOUNDS, inf)[place]
            yield {"up_to": None if upper == inf else round(upper, 4), "count": counts[place]}


KINDS: Mapping[EntryKind, str] = {
    EntryKind.MOVE: "status",
    EntryKind.CALLBACK: "callback",
    EntryKind.INBOUND: "inbound",
}


async def list_agenda(call: ControlCall) -> web.Response:
    """Reply with what is due next, and with how much is pending altogether."""
    agenda = call.world.agenda
    entries = agenda.soonest(call.query.get("limit", int) or LIMIT)
    return reply({"items": [show_entry(each, call.world) for each in entries], "count": len(agenda)})


def show_entry(entry: AgendaEntry, world: World) -> Object:
    """Return a status change, the next attempt of a callback, or the reply of a phone to a message."""
    more: Object = {"callback": None, "attempt": None}
    if entry.kind is EntryKind.CALLBACK:
        callback = world.callbacks[entry.number]
        message, status = world.messages[callback.message], callback.step.status
        more = {"callback": callback.id, "attempt": callback.next_attempt}
    else:
        message = world.messages[entry.number]
        status = message.steps[message.reached].status if entry.kind is EntryKind.MOVE else Status.RECEIVED
    return {
        "at": format_time(entry.at),
        "kind": KINDS[entry.kind],
        "message": message.id,
        "to": message.recipient,
        "provider": message.provider,
        "status": status,
        **more,
    }


Item = TypeVar("Item")

WINDOW = timedelta(minutes=15)
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=30)
STEPS = tuple(timedelta(seconds=each) for each in (1, 5, 10, 60, 300, 900, 1800, 3600, 7200, 21600, 43200))
MOST_STEPS = 60
REASONS = 20  # reasons of refusals that are listed
BALANCES = 20  # accounts that are listed
AHEAD = tuple(each for each in BOUNDS if each >= 0.1)  # seconds; what is due earlier is in the first bucket  # noqa: PLR2004
UNDER_WAY = frozenset({Status.SCHEDULED, Status.QUEUED, Status.SENT})
TRIED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """What the overview covers, on the workspace's clock: it begins with a whole step and ends now."""

    begin: datetime
    end: datetime
    step: timedelta

    def place(self, at: datetime) -> int:
        """Return the number of the step that an instant is in."""
        return (at - self.begin) // self.step


async def get_overview(call: ControlCall) -> web.Response:
    """Reply with sends, delivery times, callbacks, refusals, what is pending, and balances."""
    given = call.query.get("window", timedelta)
    window = WINDOW if given is None else given
    if not SHORTEST <= window <= LONGEST:
        raise refuse(400, "/window", "the window must be between 1s and 30d")
    world, period = call.world, _period(call.world.now(), window)
    statuses, delivery = await _count_messages(world, period)
    refused, refusals = await _count_refusals(world, period)
    kept = _kept_since(world, period)
    return reply(
        {
            "from": format_time(period.begin),
            "to": format_time(period.end),
            "step": period.step.total_seconds(),
            "kept_since": {name: None if at is None else format_time(at) for name, at in kept.items()},
            "sends": [
                {
                    "at": format_time(period.begin + place * period.step),
                    "statuses": statuses[place],
                    "refused": refused[place],
                }
                for place in range(period.place(period.end) + 1)
            ],
            "delivery": delivery,
            "callbacks": await _count_callbacks(world, period),
            "refusals": refusals,
            "pending": await _count_pending(world, period.end),
            "balances": await _balances(call),
        }
    )


def _period(now: datetime, window: timedelta) -> Period:
    step = next(each for each in STEPS if window <= each * MOST_STEPS)
    begin = now - window
    return Period(begin - (begin - EPOCH) % step, now, step)


async def _newest(items: dict[int, Item], at: Callable[[Item], datetime], period: Period) -> AsyncIterator[list[Item]]:
    """Yield the items of a period in slices, newest first; a later item never has an earlier time."""
    numbers = list(items)
    while numbers:
        found = [item for number in reversed(numbers[-STRIDE:]) if (item := items.get(number)) is not None]
        yield [item for item in found if period.begin <= at(item) <= period.end]
        if found and at(found[-1]) < period.begin:
            return
        del numbers[-STRIDE:]
        await asyncio.sleep(0)


async def _count_messages(world: World, period: Period) -> tuple[dict[int, Counter[Status]], list[Object]]:
    """Return the statuses of the accepted messages by step, and the delivery times by provider and channel."""
    statuses: dict[int, Counter[Status]] = defaultdict(Counter)
    durations: dict[tuple[str, str], Durations] = defaultdict(Durations)
    async for messages in _newest(world.messages, lambda message: message.accepted_at, period):
        for message in messages:
            if message.is_inbound:
                continue
            statuses[period.place(message.accepted_at)][message.status] += 1
            if not message.is_moving and message.status not in UNDER_WAY:
                taken = message.status_at - _handed_over(message)
                durations[message.provider, message.channel.name].add(taken.total_seconds())
    return statuses, [
        {"provider": provider, "channel": channel, **each.show()}
        for (provider, channel), each in sorted(durations.items())
    ]


def _handed_over(message: Message) -> datetime:
    """Return when the delivery of a message began: when it was accepted, or at the time that it was scheduled for."""
    accepted = message.accepted_at
    return accepted if message.scheduled_for is None else max(accepted, message.scheduled_for)


async def _count_refusals(world: World, period: Period) -> tuple[Counter[int], Object]:
    """Return the number of refused requests by step, and the most frequent reasons, each with its newest request."""
    by_step: Counter[int] = Counter()
    counts: Counter[tuple[str | None, str]] = Counter()
    newest: dict[tuple[str | None, str], RequestRecord] = {}
    async for records in _newest(world.requests, lambda record: record.at, period):
        for record in records:
            if record.refused:
                subject = (record.provider, reason_of(record))
                by_step[period.place(record.at)] += 1
                counts[subject] += 1
                newest.setdefault(subject, record)
    items = [
        {
            "provider": provider,
            "reason": reason,
            "count": count,
            "latest": newest[provider, reason].id,
            "status": newest[provider, reason].status,
        }
        for (provider, reason), count in counts.most_common(REASONS)
    ]
    return by_step, {"count": counts.total(), "reasons": len(counts), "items": items}


async def _count_callbacks(world: World, period: Period) -> Object:
    """Return the callbacks whose status change falls into the period: by state, the failing ones, their lateness."""
    states: Counter[CallbackState] = Counter()
    failing, lateness = 0, Durations()
    async for callbacks in _newest(world.callbacks, lambda callback: callback.step.at, period):
        for callback in callbacks:
            states[callback.state] += 1
            failing += callback.is_failing
            if (late := _lateness(callback)) is not None:
                lateness.add(late.total_seconds())
    return {"states": {state: states[state] for state in CallbackState}, "failing": failing, "late": lateness.show()}


def _lateness(callback: Callback) -> timedelta | None:
    """Return how long after its due time the last attempt began; None if none has ended, or it was a replay."""
    if callback.state not in TRIED or not callback.attempts or callback.attempts[-1].replay:
        return None
    return callback.attempts[-1].at - callback.due


async def _count_pending(world: World, now: datetime) -> Object:
    """Return what is pending by when it is due: in buckets that grow with the distance from now."""
    base = now.replace(microsecond=now.microsecond // 1000 * 1000)
    bounds = [base + timedelta(seconds=each) for each in AHEAD]
    counts: dict[str, Counter[int]] = {name: Counter() for name in KINDS.values()}
    last, entries = base, list(world.agenda)
    for start in range(0, len(entries), STRIDE):
        for entry in entries[start : start + STRIDE]:
            counts[KINDS[entry.kind]][bisect_left(bounds, entry.at)] += 1
            last = max(last, entry.at)
        await asyncio.sleep(0)
    farthest = max((place for each in counts.values() for place in each), default=-1)
    items = []
    for place in range(farthest + 1):
        # The last entry may lie beyond all bounds; the API rounds times down, so one more millisecond includes it.
        upper = bounds[place] if place < len(bounds) else last + timedelta(milliseconds=1)
        items.append({"up_to": format_time(upper), **{name: each[place] for name, each in counts.items()}})
    return {"count": len(entries), "buckets": items}


async def _balances(call: ControlCall) -> Object:
    """Return the accounts that have spent the largest share of a balance."""
    world, known = call.world, call.engine.providers.known
    fresh = {name: pack.spec.fresh_account("", at=world.now()) for name, pack in known.items()}
    accounts, spent = list(world.accounts.values()), list[tuple[float, int, Object]]()
    for start in range(0, len(accounts), STRIDE):
        for place, account in enumerate(accounts[start : start + STRIDE], start):
            opened = fresh.get(account.provider, account)  # the provider's document may be gone
            opening = world.scenario.applied(opened._replace(key=account.key))
            shares = [account.balance.get(name, most) / most for name, most in opening.balance.items() if most > 0]
            shown: Object = {
                "provider": account.provider,
                "key": mask(account.key),
                "balance": show_amounts(account.balance),
                "opening": show_amounts(opening.balance),
            }
            spent.append((float(min(shares, default=1)), -place, shown))
        spent = nsmallest(BALANCES, spent)
        await asyncio.sleep(0)
    return {"count": len(accounts), "items": [shown for *_, shown in sorted(spent)]}


def _kept_since(world: World, period: Period) -> dict[str, datetime | None]:
    """Return since when messages and requests are complete, if retention has deleted some of the period."""
    evicting, found = world.retention.next, dict[str, datetime | None](messages=None, requests=None)
    if world.evicted["messages"]:
        # Older ones that had something pending were passed over; there are few of them.
        oldest = next((number for number in world.messages if number >= evicting), None)
        found["messages"] = period.end if oldest is None else world.messages[oldest].accepted_at
    if world.evicted["requests"] and (record := next(iter(world.requests.values()), None)) is not None:
        found["requests"] = record.at
    return {name: at if at is not None and at > period.begin else None for name, at in found.items()}
