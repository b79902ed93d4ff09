"""Sends requests at a rate, each in a task of its own so that a slow reply delays no other, and counts outcomes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count as counted
from itertools import takewhile
from math import ceil, inf
from typing import NamedTuple

import aiohttp
from yarl import URL

from sandbox.client import AsyncClient, NotFoundError, UnreachableError
from sandbox.demo.request_templates import PreparedRequest
from sandbox.demo.traffic import Traffic

TIMEOUT = 40.0  # seconds; a scenario may delay a reply by 30
CONCURRENCY = 200  # requests at the same time
JOURNAL, WHY = "X-Sandbox-Request", "X-Sandbox-Why"


class Outcome(StrEnum):
    """The outcome of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Reply(NamedTuple):
    """A reply: whether its status is a success, whether it carries hints, and the request's number in the journal."""

    ok: bool
    hints: bool
    request: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate in requests per second, and the maximum number of requests and seconds."""

    rate: float
    count: int | None = None
    seconds: float | None = None

    @property
    def maximum(self) -> float:
        """The maximum number of requests."""
        return min(self.count or inf, inf if self.seconds is None else ceil(self.rate * self.seconds))


@dataclass(slots=True)
class Totals:
    """The outcomes and operations of the requests so far, and the seconds they took."""

    seconds: float = 0.0
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    operations: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """The number of completed requests."""
        return self.operations.total()


class Connection:
    """A connection to the providers of a sandbox."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def send(self, request: PreparedRequest) -> Reply | None:
        """Send a request and return the reply; None if there is none.

        Raises:
            UnreachableError: the server has stopped.

        """
        url = URL(self._url + request.target, encoded=True)
        try:
            async with self._session.request(
                request.method, url, headers=request.headers, data=request.body or None
            ) as reply:
                await reply.read()
                return Reply(reply.ok, WHY in reply.headers, int(reply.headers.get(JOURNAL, 0)))
        except aiohttp.ClientConnectorError:
            message = f"the sandbox at {self._url} no longer answers"
            raise UnreachableError(message) from None
        except (aiohttp.ClientError, OSError):
            return None

    async def number_of(self, request: PreparedRequest) -> int:
        """Send a request and return its number in the journal; 0 if there is no reply."""
        reply = await self.send(request)
        return 0 if reply is None else reply.request


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """Yield a connection to a sandbox."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        yield Connection(session, url)


async def outcome_of(reply: Reply | None, client: AsyncClient) -> Outcome:
    """Return the outcome of a request.

    A reply with a successful status and hints may be a refusal (uBill has such) or not, so the journal decides.
    """
    if reply is None:
        return Outcome.UNANSWERED
    refused = not reply.ok
    if reply.ok and reply.hints:
        with suppress(NotFoundError):  # the workspace was reset meanwhile
            refused = (await client.request(reply.request)).refused
    return Outcome.REFUSED if refused else Outcome.ACCEPTED


async def send_all(  # noqa: PLR0913, PLR0917 - called once
    client: AsyncClient,
    connection: Connection,
    traffic: Traffic,
    limits: Limits,
    totals: Totals,
    on_reply: Callable[[], None],
) -> None:
    """Send requests up to the limits; add each outcome to the totals, then call `on_reply`.

    Raises:
        UnreachableError: the server has stopped.

    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    slots = asyncio.Semaphore(CONCURRENCY)

    async def send(number: int) -> None:
        try:
            operation, request = traffic.request(number)
            reply = await connection.send(request)
            totals.outcomes[await outcome_of(reply, client)] += 1
            totals.operations[operation] += 1
            totals.seconds = loop.time() - started
            on_reply()
        finally:
            slots.release()

    try:
        async with asyncio.TaskGroup() as group:
            for number in takewhile(lambda number: number <= limits.maximum, counted(1)):
                await asyncio.sleep(max(0.0, started + (number - 1) / limits.rate - loop.time()))
                if limits.seconds is not None and number > 1 and loop.time() - started >= limits.seconds:
                    break  # the server is slower than the rate
                await slots.acquire()
                group.create_task(send(number))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
