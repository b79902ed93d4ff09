"""A sandbox that runs, and a customer's server that hears its callbacks: both real, on loopback."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from sandbox.callbacks.egress import Egress, Policy
from sandbox.core.callback import Attempt, Callback, Outgoing, Target
from sandbox.core.change import Batch
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.engine.advance import Advance
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace, WorkspaceConfig
from sandbox.server.aiohttp_connection import Runner
from sandbox.server.app import make_app
from sandbox.store.base import Store
from tests.builders import NOON, packs

PATIENCE = 10  # real seconds after which something that should have happened counts as not happening
LEASE = timedelta(minutes=1)  # of a replica; no test waits for its end
NOBODY = "http://127.0.0.1:1"  # the address of a replica that no other one calls
BARE = Scenario("bare")
FROZEN = WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig(ClockMode.FROZEN, start=NOON))

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that the customer's server was sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> dict[str, str]:
        """The body's JSON: callbacks have text alone in it."""
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise TypeError(self.body)
        return value

    @property
    def outgoing(self) -> Outgoing:
        """What the sandbox must have sent for this."""
        kind = {"Content-Type": self.headers["content-type"]} if "content-type" in self.headers else {}
        return Outgoing(self.method, str(URL(self.path).with_query(self.query)), kind, self.body)


async def turn() -> None:
    """Let everybody else on the loop have a turn."""
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


def says(status: int, body: str = "", **headers: str) -> Behaviour:
    """Answer with a status; a header's underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behave(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=named)

    return behave


async def hangs(_: web.Request) -> web.StreamResponse:
    """Never answer; the handler ends when the caller goes away."""
    await asyncio.Event().wait()
    raise AssertionError


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a response."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


class Gate:
    """A behaviour that answers only once it is opened; `waiting` counts the requests before it."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self._open = asyncio.Event()
        self._change = asyncio.Condition()

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        async with self._change:
            self._change.notify_all()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1
            async with self._change:
                self._change.notify_all()
        return web.Response()

    def open(self) -> None:
        """Let everybody through, now and later."""
        self._open.set()

    async def until(self, waiting: int) -> None:
        """Return when so many requests wait."""
        async with asyncio.timeout(PATIENCE), self._change:
            await self._change.wait_for(lambda: self.waiting >= waiting)

    async def until_empty(self) -> None:
        """Return when nobody waits any more: their callers went away."""
        await self.until_only(0)

    async def until_only(self, waiting: int) -> None:
        """Return when no more than so many wait: the callers of the others went away."""
        async with asyncio.timeout(PATIENCE), self._change:
            await self._change.wait_for(lambda: self.waiting <= waiting)


class Receiver:
    """The customer's server: `calls` is what it heard, `answers` what it does next (200 when there is no more)."""

    def __init__(self) -> None:
        self.calls: list[Heard] = []
        self.answers: deque[Behaviour] = deque()
        self.otherwise: Behaviour = says(200, "OK")
        self._server: TestServer | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        self._server = TestServer(app)
        await self._server.start_server(shutdown_timeout=0.1)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()

    @property
    def port(self) -> int:
        if self._server is None or self._server.port is None:
            raise AssertionError
        return self._server.port

    def url(self, path: str = "/dlr", *, host: str = "127.0.0.1") -> str:
        """Return an address of this server; `host` a name or another form of the loopback address."""
        return f"http://{host}:{self.port}{path}"

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Heard(request.method, request.path, dict(request.query), headers, await request.text()))
        behave = self.answers.popleft() if self.answers else self.otherwise
        return await behave(request)


@dataclass(frozen=True, slots=True)
class Sms:
    """A request that sends, as a client would write it; `body` is its JSON, or `form` its fields."""

    path: str
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    form: bool = False

    def with_values(self, **values: object) -> "Sms":
        """Return the same with some values changed or added."""
        return replace(self, body={**self.body, **values})


BETATEL_SMS = Sms(
    "/api/smpp/client/send",
    {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"},
    {"x-api-key": "k1"},
)
CONNECT_SMS = Sms("/api/v1/connect-hub/sms", BETATEL_SMS.body, {"x-api-key": "k1", "x-user-id": "u1"})
WHATSAPP = Sms(
    "/api/v1/connect-hub/whatsapp/otp",
    {"to": "38761444555", "text": "482910"},
    {"x-api-key": "k1", "x-account-id": "a1"},
)
UBILL_SMS = Sms("/v1/sms/send", {"brandID": 1, "numbers": "995511194242", "text": "message"}, {"key": "k1"})
SMSBUDDY_SMS = Sms(
    "/api/v1/sms/send",
    {"key": "k1", "type": "1", "to": "9812345678", "sender": "SMSBDY", "message": "test message"},
    form=True,
)
SMSBUDDY_OTP = Sms(
    "/api/v1/otp/create",
    {"key": "k1", "to": "9812345678", "sender": "SMSBDY", "message": "Your code is {#otp#}."},
    form=True,
)


class Sandbox:
    """A sandbox behind its own port."""

    def __init__(self, engine: Engine, client: "TestClient[web.Request, web.Application]") -> None:
        self.engine = engine
        self.client = client

    @property
    def store_kind(self) -> str:
        """Where the state is kept."""
        return "memory" if self.engine.persistence is None else self.engine.persistence.store.kind

    @property
    def workspace(self) -> Workspace:
        return self.engine.workspaces["default"]

    @property
    def world(self) -> World:
        return self.engine.worlds["default"]

    @property
    def callbacks(self) -> list[Callback]:
        """Every callback, oldest first."""
        return list(self.world.callbacks.values())

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt, callback by callback."""
        return [attempt for callback in self.callbacks for attempt in callback.attempts]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as a change of the world makes a condition true."""
        met = asyncio.Event()

        def hear(_: Batch) -> None:
            if condition():
                met.set()

        self.world.batch_subscribers.append(hear)
        if not condition():
            async with asyncio.timeout(PATIENCE):
                await met.wait()
        self.world.batch_subscribers.remove(hear)

    async def send(self, sms: Sms = BETATEL_SMS, **headers: str) -> ClientResponse:
        """Send and return the answer, read; a header's underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        every = {**sms.headers, **named}
        if sms.form:
            reply = await self.client.post(sms.path, data=sms.body, headers=every)
        else:
            reply = await self.client.post(sms.path, json=sms.body, headers=every)
        await reply.read()
        return reply

    async def advance(self, by: timedelta | datetime | None = None) -> Advance:
        """Let the clock pass; without a goal, until nothing is pending."""
        return await self.workspace.advance(by)

    async def reset(self) -> None:
        await self.workspace.reset()

    def set_target(self, provider: str, url: str, key: str | None = None) -> None:
        """Send a provider's callbacks to `url` from now on."""
        self.workspace.set_target(provider, Target(url, key))

    def message(self, number: int = 1) -> Message:
        return self.world.messages[number]


def make_engine(start: WorkspaceConfig = FROZEN, *, policy: Policy | None = None) -> Engine:
    """Return an engine that serves the shipped packs; it opens with the application."""
    return Engine(packs(), egress=Egress(policy or Policy()), start=start)


def ignore(_: str) -> None:
    """Drop a line of the log."""


async def make_sandbox(
    start: WorkspaceConfig = FROZEN,
    *,
    policy: Policy | None = None,
    store: Store | None = None,
    report: Callable[[str], None] = ignore,
) -> Sandbox:
    """Return a sandbox that listens and keeps everything in a store, if there is one; its client must be closed."""
    engine = make_engine(start, policy=policy)
    if store is not None:
        await engine.open_store(store, report, address=NOBODY if store.kind == "postgres" else None)
    client = TestClient(OwnServer(engine))
    await client.start_server()
    return Sandbox(engine, client)


class OwnServer(TestServer):
    """A server for tests on connections of ours."""

    def __init__(self, engine: Engine, cors: Collection[str] = ()) -> None:
        super().__init__(make_app(engine, cors=cors))
        self._engine = engine

    async def _make_runner(self, **_: object) -> Runner:
        return Runner(self._engine, self.app, grace=0.1)
