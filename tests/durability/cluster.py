"""Several replicas on one database, each behind a proxy of its own, and a client that asks each of them in turn."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.durability.processes import ServerProcess, server_process
from tests.proxy import Proxy

TIMEOUT = 40  # seconds for a request


class Reply(NamedTuple):
    """A reply; `status` is 0 if none came: whether the request was handled, nobody knows."""

    status: int
    value: Any


class Replica(NamedTuple):
    """A server, and the proxy through which it reaches the database."""

    server: ServerProcess
    proxy: Proxy

    async def kill(self) -> None:
        self.server.send_signal(signal.SIGKILL)
        await self.server.wait()


class Cluster:
    """Replicas behind a client that sends each request to another one; `refusals` has what was answered with 503."""

    def __init__(self, replicas: list[Replica], session: ClientSession) -> None:
        self.replicas = replicas
        self.refusals: list[str] = []
        self._session = session
        self._turns = count()

    async def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Return the reply of the next replica that listens."""
        while True:
            replica = self.replicas[next(self._turns) % len(self.replicas)]
            try:
                async with self._session.request(method, replica.server.url + path, json=body, headers=headers) as got:
                    text = await got.text()
            except ClientConnectorError:
                await asyncio.sleep(0)  # as a load balancer: it does not listen
                continue
            except (ClientError, OSError):
                return Reply(0, None)
            try:
                value = json.loads(text or "null")
            except ValueError:
                value = text
            if got.status == 503:
                self.refusals.append(f"{method} {path}: {value['detail']}")
            return Reply(got.status, value)

    async def call_until_answered(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Return the value of a reply that is no refusal; the call is made again until there is one."""
        reply = Reply(0, None)
        while reply.status in {0, 503}:
            reply = await self.call(method, path, body)
        assert reply.status < 300, reply
        return reply.value

    async def get_all(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a list, oldest first."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            page = await self.call_until_answered("GET", f"{path}?limit=1000{cursor and f'&cursor={cursor}'}")
            items += page["items"]
            cursor = page["next"]
        return items[::-1]


@asynccontextmanager
async def running_cluster(database: str, folder: Path, *, size: int, lease: str) -> AsyncIterator[Cluster]:
    """Return a context manager around replicas that are ready."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            ClientSession(timeout=ClientTimeout(TIMEOUT), connector=TCPConnector(limit=0))
        )
        replicas = []
        for number in range(size):
            place = folder / str(number)
            place.mkdir()
            proxy = await stack.enter_async_context(Proxy(database))
            arguments = ["--store", proxy.url, "--lease", lease]
            replicas.append(Replica(await stack.enter_async_context(server_process(arguments, place)), proxy))
        await asyncio.gather(*(each.server.start() for each in replicas))
        yield Cluster(replicas, session)
