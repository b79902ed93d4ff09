"""A sandbox on a free port, served from a thread of its own, so that blocking clients work with it."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.client import Client

LOOPBACK = "127.0.0.1"
GRACE = 0.1  # seconds that requests under way are given when the server stops


class Place(NamedTuple):
    """Where a sandbox serves, the control token that it asks for, and its providers."""

    url: str
    token: str | None
    providers: tuple[str, ...]


def find(url: str, token: str | None = None) -> Place:
    """Return the place of a sandbox that serves already.

    Raises:
        ClientError: none does.

    """
    client = Client(url, token=token)
    return Place(client.url, token, client.health().providers)


class _Running(NamedTuple):
    port: int
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event


@contextmanager
def serving(*, scenarios: Path | None = None, specs: Sequence[Path] = ()) -> Iterator[Place]:
    """Serve until the block is left.

    Args:
        scenarios: a folder with scenarios of your own.
        specs: folders with provider specs of your own.

    Raises:
        SandboxError: a scenario or spec is wrong.

    """
    started: Future[_Running] = Future()
    with ThreadPoolExecutor(1, "sms-sandbox") as threads:
        ended = threads.submit(asyncio.run, _serve(scenarios, tuple(specs), started))
        either: set[Future[Any]] = {started, ended}
        wait(either, return_when=FIRST_COMPLETED)
        if ended.done():
            ended.result()
        port, loop, stop = started.result()
        try:
            yield find(f"http://{LOOPBACK}:{port}")
        finally:
            loop.call_soon_threadsafe(stop.set)
            ended.result()


async def _serve(scenarios: Path | None, specs: tuple[Path, ...], started: "Future[_Running]") -> None:
    from aiohttp import web  # noqa: PLC0415 - where a sandbox serves already, none of this is needed

    from sandbox.app import make_app  # noqa: PLC0415
    from sandbox.serving import Options, make_engine, open_port  # noqa: PLC0415

    engine = make_engine(Options(scenarios=scenarios, specs=specs))
    listener = open_port(LOOPBACK, 0)
    runner = web.AppRunner(make_app(engine), access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        stop = asyncio.Event()
        started.set_result(_Running(listener.getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
    finally:
        await runner.cleanup()
