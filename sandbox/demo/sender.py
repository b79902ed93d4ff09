"""Sends at a rate, each request by itself, so that a slow reply holds nothing up; counts how they were answered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count as counted
from itertools import takewhile
from math import ceil, inf
from typing import NamedTuple

import aiohttp
from yarl import URL

from sandbox.client import UnreachableError
from sandbox.demo.sample_requests import Wire
from sandbox.demo.traffic import Traffic

PATIENCE = 40.0  # seconds until a reply counts as none; a scenario may hold one back for 30
AT_ONCE = 200  # requests under way
JOURNAL, WHY = "X-Sandbox-Request", "X-Sandbox-Why"


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Reply(NamedTuple):
    """How a request was answered; `request` is its number in the journal."""

    outcome: Outcome
    request: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: so many requests a second, `count` of them at most, for so many seconds at most."""

    rate: float
    count: int | None = None
    seconds: float | None = None

    @property
    def most(self) -> float:
        """How many requests there are at most."""
        return min(self.count or inf, inf if self.seconds is None else ceil(self.rate * self.seconds))


@dataclass(slots=True)
class Tally:
    """How far it is: what became of the requests so far, which operations they were of, and how long it took."""

    seconds: float = 0.0
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    operations: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """How many requests have ended."""
        return self.operations.total()


class Line:
    """A connection to the providers that a sandbox stands for."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def send(self, wire: Wire) -> Reply:
        """Return how a request was answered.

        Raises:
            UnreachableError: nobody listens any more.

        """
        url = URL(self._url + wire.target, encoded=True)
        try:
            async with self._session.request(wire.method, url, headers=wire.headers, data=wire.body or None) as reply:
                await reply.read()
                good = reply.ok and WHY not in reply.headers
                return Reply(Outcome.ACCEPTED if good else Outcome.REFUSED, int(reply.headers.get(JOURNAL, 0)))
        except aiohttp.ClientConnectorError:
            message = f"the sandbox at {self._url} answers no more"
            raise UnreachableError(message) from None
        except (aiohttp.ClientError, OSError):
            return Reply(Outcome.UNANSWERED, 0)

    async def ask(self, wire: Wire) -> int:
        """Send a request and return its number in the journal."""
        return (await self.send(wire)).request


@asynccontextmanager
async def dialled(url: str) -> AsyncIterator[Line]:
    """Yield a line to a sandbox."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield Line(session, url)


async def drive(line: Line, traffic: Traffic, wish: Wish, tally: Tally, hear: Callable[[], None]) -> None:
    """Send until the wish is met; each answer is counted in the tally, and `hear` is told.

    Raises:
        UnreachableError: the server is gone.

    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    room = asyncio.Semaphore(AT_ONCE)

    async def send(number: int) -> None:
        try:
            operation, wire = traffic.request(number)
            reply = await line.send(wire)
            tally.outcomes[reply.outcome] += 1
            tally.operations[operation] += 1
            tally.seconds = loop.time() - begun
            hear()
        finally:
            room.release()

    try:
        async with asyncio.TaskGroup() as group:
            for number in takewhile(lambda number: number <= wish.most, counted(1)):
                await asyncio.sleep(max(0.0, begun + (number - 1) / wish.rate - loop.time()))
                if wish.seconds is not None and number > 1 and loop.time() - begun >= wish.seconds:
                    break  # the server is slower than the rate
                await room.acquire()
                group.create_task(send(number))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
