"""Sends requests at a rate, each in a task of its own so that a slow reply delays no other, and counts outcomes.

Each request is a function of the seed and its number, so a seed gives the same traffic.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import count as counted
from itertools import takewhile
from math import ceil, inf
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import aiohttp
from yarl import URL

from sandbox.client import AsyncClient, NotFoundError, UnreachableError
from sandbox.core.seeded_random import DECIMAL_DIGITS, draw_bytes, draw_fraction, draw_text
from sandbox.demo.request_templates import DEFAULT_KEY, Keys, PreparedRequest, RequestTemplate
from sandbox.demo.texts import SENDERS, TEXTS, Topic, locales

if TYPE_CHECKING:
    from faker import Faker

Choice = TypeVar("Choice")

CUSTOMERS = 60  # of each provider; few enough that some get several messages
TAIL = 6  # the last digits of a number, by which customers and magic numbers differ
DELIVERY_MAGIC = ("01", "02", "03", "05", "07", "08", "09", "20")
REFUSAL_MAGIC = ("29", "40", "42", "50")
INVALID_KEY = "invalid-key"
TOPICS = (Topic.CODE, Topic.CODE, Topic.ORDER, Topic.ORDER, Topic.PAYMENT, Topic.PAYMENT, Topic.VISIT, Topic.RIDE)
TIMES = ("9:15", "10:30", "11:45", "14:00", "16:20")
# How many of a hundred requests have another delivery, are refused, have an invalid number, or an invalid key.
MAGIC_DELIVERY, MAGIC_REFUSAL, SHORT_NUMBER, WRONG_KEY = 15, 4, 1, 1


class Customer(NamedTuple):
    """A recipient of messages."""

    tail: str
    locale: str
    name: str
    street: str


class Traffic:
    """Requests from templates; `keys` has the credentials of providers that need particular ones."""

    def __init__(self, templates: Sequence[RequestTemplate], keys: Mapping[str, Keys], *, seed: int) -> None:
        self.providers: dict[str, dict[str, list[RequestTemplate]]] = {}
        for template in templates:
            operations = self.providers.setdefault(template.sample.provider, {})
            operations.setdefault(template.sample.operation.name, []).append(template)
        self.keys = keys
        self.seed = seed

    def request(self, number: int) -> tuple[str, PreparedRequest]:
        """Return the operation and the request with a number."""
        by_operation = self._pick(number, "provider", list(self.providers.values()))
        template = self._pick(number, "form", self._pick(number, "operation", list(by_operation.values())))
        return template.sample.operation.name, self._render(template, number)

    def _render(self, template: RequestTemplate, number: int) -> PreparedRequest:
        topic = self._topic(template, number)
        people = [self._customer(template, number, index) for index in range(len(template.numbers))]
        chance = draw_fraction(self.seed, number, "fate") * 100

        def recipient(index: int, sample: str) -> str:
            if chance < MAGIC_DELIVERY:
                return self._magic(sample, number, index, DELIVERY_MAGIC)
            if chance < MAGIC_DELIVERY + MAGIC_REFUSAL:
                return self._magic(sample, number, index, REFUSAL_MAGIC)
            whole = sample[:-TAIL] + people[index].tail
            return whole[:TAIL] if chance < MAGIC_DELIVERY + MAGIC_REFUSAL + SHORT_NUMBER else whole

        def text(sample: str, code: str | None) -> str:
            if code == sample:
                return self._digits(number, "code", len(sample))
            return self._text(topic, people[0], number, code=code)

        keys = self.keys.get(template.sample.provider)
        if keys is None:
            keys = dict.fromkeys(template.sample.credentials, INVALID_KEY if chance >= 100 - WRONG_KEY else DEFAULT_KEY)
        return template.render(keys, number=recipient, text=text, sender=SENDERS[topic])

    def _topic(self, template: RequestTemplate, number: int) -> Topic:
        if template.of_codes:
            return Topic.CODE
        return self._pick(number, "kind", TOPICS) if len(template.numbers) == 1 else Topic.NEWS

    def _customer(self, template: RequestTemplate, number: int, index: int) -> Customer:
        provider = template.sample.provider
        who = 1 + int(draw_fraction(self.seed, number, f"customer {index}") * CUSTOMERS)
        locale = self._pick(who, f"locale {provider}", locales(template.numbers[index]))
        faker = seeded_faker(self.seed, who, locale)
        return Customer(self._digits(who, f"tail {provider}", TAIL), locale, faker.first_name(), faker.street_name())

    def _text(self, topic: Topic, to: Customer, number: int, *, code: str | None) -> str:
        return self._pick(number, "text", TEXTS[to.locale[:2]][topic]).format(
            code=code or self._digits(number, "code", 6),
            order=self._digits(number, "order", 5),
            amount=f"{5 + draw_fraction(self.seed, number, 'amount') * 90:.2f}",
            time=self._pick(number, "time", TIMES),
            name=to.name,
            street=to.street,
            shop=seeded_faker(self.seed, number, to.locale).company(),
        )

    def _magic(self, sample: str, number: int, index: int, endings: Sequence[str]) -> str:
        """Return a magic number of the scenario `default`."""
        return sample[:-TAIL] + self._pick(number, f"magic {index}", endings).zfill(TAIL)

    def _digits(self, number: int, purpose: str, length: int) -> str:
        first = draw_text(self.seed, number, f"{purpose} first", length=1, alphabet="123456789")
        return first + draw_text(self.seed, number, purpose, length=length - 1, alphabet=DECIMAL_DIGITS)

    def _pick(self, number: int, purpose: str, choices: Sequence[Choice]) -> Choice:
        return choices[int(draw_fraction(self.seed, number, purpose) * len(choices))]


def seeded_faker(seed: int, number: int, locale: str | None = None) -> "Faker":
    """Return the Faker of subject `number`; its values, asked for in the same order, are the same for the same seed.

    There is one Faker for each locale, seeded anew by each call, so that of an earlier subject must not be used again.
    """
    faker = _faker(locale)
    faker.seed_instance(int.from_bytes(draw_bytes(seed, number, "samples", 8), "big"))
    return faker


@lru_cache(maxsize=8)
def _faker(locale: str | None) -> "Faker":
    from faker import Faker  # noqa: PLC0415 - takes 100 ms and 20 MB

    return Faker(locale)


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
