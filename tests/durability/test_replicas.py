"""Three replicas on one PostgreSQL, of which one after the other is killed, paused, cut off and stopped under load."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.durability.answers import Answer, Balance, ClockNow, Listed, Sent, find_contradictions
from tests.durability.cluster import Cluster, Replica, Reply, running_cluster
from tests.durability.history import Account, Faults, History, count_faults
from tests.durability.traffic import Arrival, CallbackServer
from tests.postgres import embedded_server, restart_server

REPLICAS = 3
WORKSPACES = 20
LEASE, SHORT_LEASE = 1.0, 0.5  # seconds, in a long run and in a short one
PAUSE = 0.1  # seconds between two requests of one client
SEED = 16
PRICES = {"betatel": ("USD", Decimal("0.05")), "ubill": ("sms", Decimal(1))}
BEFORE = Decimal(1_000_000)
# What may be answered with 503: the workspace was lost under the request, or the database was away.
EXPLAINED = ("which may be stored", "has taken over the workspace", "was suspended", "postgresql://", "is stopping")


class Client:
    """Uses one workspace, one request after the other, each at another replica."""

    def __init__(self, cluster: Cluster, created: dict[str, Any], provider: str, callbacks: CallbackServer) -> None:
        self.path = f"/_sandbox/workspaces/{created['id']}"
        self.frozen = created["clock"]["mode"] == "frozen"
        self.provider = provider
        self.callbacks = callbacks
        self.answers: list[Answer] = []
        self.failures: list[Reply] = []
        self._keys = created["keys"][provider]
        self._cluster = cluster
        self._numbers = count(100_000)

    async def run(self, stop: asyncio.Event) -> None:
        """Send, read and advance until `stop`."""
        steps = [self._send, self._list, self._send, self._read_balance, self._read_clock]
        while not stop.is_set():
            for step in (*steps, self._advance) if self.frozen else steps:
                await step()
                await asyncio.sleep(PAUSE)  # the pace of the load

    async def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Return the value of a reply; None if it was refused or did not come."""
        keys = None if path.startswith(self.path) else self._keys
        reply = await self._cluster.call(method, path, body, keys)
        if reply.status == 200:
            return reply.value
        if reply.status not in {0, 503}:
            self.failures.append(reply)
        return None

    async def _send(self) -> None:
        digits = next(self._numbers)
        if self.provider == "betatel":
            body: dict[str, object] = {"to": f"38761{digits}", "text": "482910"}
            value = await self._call("POST", "/api/v1/connect-hub/whatsapp/otp", body)
            ids = value and value["uuid"]
        else:
            body = {"brandID": 1, "numbers": f"995511{digits}", "text": "message"}
            value = await self._call("POST", "/v1/sms/send", body)
            ids = value and f"{value['smsID']}-1"
        if ids:
            self.answers.append(Sent(ids))

    async def _list(self) -> None:
        value = await self._call("GET", f"{self.path}/messages?limit=1000")
        if value is not None:
            self.answers.append(
                Listed({each["id"]: [step["status"] for step in each["history"]] for each in value["items"]})
            )

    async def _read_balance(self) -> None:
        value = await self._call("GET", f"{self.path}/accounts")
        if value is not None and value["items"]:
            self.answers.append(Balance(self._balance(value["items"])))

    async def _read_clock(self) -> None:
        value = await self._call("GET", f"{self.path}/clock")
        if value is not None:
            self.answers.append(ClockNow(value["now"]))

    async def _advance(self) -> None:
        value = await self._call("POST", f"{self.path}/clock/advance", {"by": "2s"})
        if value is not None:
            self.answers.append(ClockNow(value["to"]))

    def _balance(self, accounts: Sequence[dict[str, Any]]) -> Decimal:
        return Decimal(str(accounts[0]["balance"][PRICES[self.provider][0]]))

    async def settle(self) -> History:
        """Let everything that is pending be carried out, and return what has happened."""
        await self._cluster.call_until_answered("POST", f"{self.path}/clock/advance", {"until": "idle"})
        messages = await self._cluster.get_all(f"{self.path}/messages")
        callbacks = await self._cluster.get_all(f"{self.path}/callbacks")
        accounts = await self._cluster.get_all(f"{self.path}/accounts")
        return History(
            acknowledged=[each.message for each in self.answers if isinstance(each, Sent)],
            messages={each["id"]: self.provider for each in messages},
            accounts={self.provider: Account(BEFORE, self._balance(accounts), PRICES[self.provider][1])},
            callbacks={
                Arrival(each["message"], each["reports"]): [
                    bool(attempt.get("interrupted")) for attempt in each["attempts"]
                ]
                for each in callbacks
            },
            arrivals=[*self.callbacks.arrivals],
        )


async def kill_and_start(replica: Replica, lease: float) -> None:
    """Kill a replica, and start it once the others have noticed."""
    await replica.kill()
    await asyncio.sleep(lease)
    await replica.server.start()


async def pause(replica: Replica, lease: float) -> None:
    """Stop a replica until its lease is long over, and wake it."""
    replica.server.send_signal(signal.SIGSTOP)
    await asyncio.sleep(2 * lease)
    replica.server.send_signal(signal.SIGCONT)


async def cut_off(replica: Replica, lease: float) -> None:
    """Cut a replica's connections to the database until its lease is long over."""
    replica.proxy.cut()
    await asyncio.sleep(1.5 * lease)
    replica.proxy.restore()


async def pull_the_cable(replica: Replica, lease: float) -> None:
    """Let nothing through between a replica and the database until its lease is long over."""
    replica.proxy.hang()
    await asyncio.sleep(1.5 * lease)
    replica.proxy.restore()


async def stop_and_start(replica: Replica, _: float) -> None:
    """Stop a replica as an upgrade does."""
    replica.server.send_signal(signal.SIGTERM)
    await replica.server.wait()
    await replica.server.start()


DISTURBANCES: Sequence[Callable[[Replica, float], Awaitable[None]]] = (
    kill_and_start,
    pause,
    cut_off,
    stop_and_start,
    pull_the_cable,
)


async def disconnect_all(url: str) -> None:
    """Disconnect every replica from the database, as a restart does."""
    db = await asyncpg.connect(url)
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await db.close()


async def create_clients(cluster: Cluster, stack: AsyncExitStack) -> list[Client]:
    """Create the workspaces; every other clock is frozen."""
    clients = []
    for number in range(WORKSPACES):
        callbacks = await stack.enter_async_context(CallbackServer(seed=SEED + number))
        provider = ("betatel", "ubill")[number // 2 % 2]
        clock = {"mode": "frozen"} if number % 2 else {"mode": "scaled", "rate": 10}
        wanted = {"clock": clock, "targets": {provider: {"url": callbacks.url}}}
        created = await cluster.call("POST", "/_sandbox/workspaces", wanted)
        assert created.status == 201, created
        clients.append(Client(cluster, created.value, provider, callbacks))
    return clients


async def test_replicas_that_are_killed_paused_and_cut_off_lose_repeat_and_contradict_nothing(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path: Path, kills: int
) -> None:
    long = request.config.getoption("--durability") is not None
    lease = LEASE if long else SHORT_LEASE
    folder = Path(tempfile.gettempdir()) / f"sandbox-replicas-{os.getpid()}"  # other tests share the other server
    url = await asyncio.to_thread(embedded_server, folder) if long else postgres_url
    async with (
        AsyncExitStack() as stack,
        running_cluster(url, tmp_path, size=REPLICAS, lease=f"{lease}s") as cluster,
    ):
        clients = await create_clients(cluster, stack)
        stop = asyncio.Event()
        running = asyncio.gather(*(each.run(stop) for each in clients))
        for number in range(kills * len(DISTURBANCES) if long else len(DISTURBANCES)):
            await DISTURBANCES[number % len(DISTURBANCES)](cluster.replicas[number % REPLICAS], lease)
            if number % len(DISTURBANCES) == 1:
                await (asyncio.to_thread(restart_server, folder) if long else disconnect_all(url))
            if long:
                await asyncio.sleep(lease)
        stop.set()
        await running
        histories = [await each.settle() for each in clients]

        faults = [each for each in map(count_faults, histories) if each != Faults()]
        contradictions = [each for client in clients for each in find_contradictions(client.answers)]
        failures = [each for client in clients for each in client.failures]
        unexplained = [each for each in cluster.refusals if not any(words in each for words in EXPLAINED)]
        logs = "".join(each.server.log for each in cluster.replicas)
        if long:
            request.config.get_terminal_writer().line(
                f"\n{sum(len(each.answers) for each in clients)} answers, "
                f"{sum(len(each.acknowledged) for each in histories)} sends acknowledged, "
                f"{sum(len(each.arrivals) for each in histories)} arrivals, {len(cluster.refusals)} refusals; "
                f"{faults}, {contradictions}"
            )
        assert (faults, contradictions, failures, unexplained) == ([], [], [], [])
        assert logs[logs.find("Traceback") :][:6_000] == logs[-1:]  # there is none
        assert sum(len(each.acknowledged) for each in histories) > 2 * WORKSPACES  # there was a load
