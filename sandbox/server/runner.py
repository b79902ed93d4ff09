"""Runs a server: opens the ports, prints the banner, and stops without cutting off requests under way."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.core.callback import Callback
from sandbox.core.change import Subscribers
from sandbox.core.errors import SandboxError, StoreError
from sandbox.core.journal import RequestRecord
from sandbox.core.world import DEFAULT_WORKSPACE, World
from sandbox.engine.engine import Engine
from sandbox.server.bad_requests import refuse_request
from sandbox.server.connection_limits import LIMITS, CheckedConnection, Descriptors, Limits, ReadTimeouts
from sandbox.server.edits import follow_edits
from sandbox.server.fallback import Fallback
from sandbox.server.fast_path import FastPath
from sandbox.server.logs import Log, format_banner, format_banner_json
from sandbox.server.proxy import PlainPort, Tunnels
from sandbox.server.startup import (
    Options,
    Ports,
    find_address,
    local_url,
    make_engine,
    make_span_recorder,
    make_store,
)
from sandbox.server.tls import serve_hosts

if TYPE_CHECKING:
    from sandbox.server.terminal_log import TerminalLog

BACKLOG = 1024  # connections that wait to be accepted
GRACE = 1.0  # seconds that requests under way have when the server stops
COLLECT_EVERY = 256  # requests and changes of callbacks that are sent; a collection takes 2 ms
YOUNG_OBJECTS = 5_000  # allocations after which Python collects young objects by itself
NEVER = 1_000_000  # young collections after which Python would collect older objects by itself


class PortError(SandboxError):
    """A port cannot be opened."""


def open_port(host: str, port: int, flag: str = "--port") -> socket.socket:
    """Return a listening socket; `flag` is the option that names the port.

    Raises:
        PortError: the port is in use, or the host is not an address of this machine.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # at once: two sockets may bind to one port, but only one of them can listen
    except OSError as error:
        listener.close()
        busy = error.errno in {errno.EADDRINUSE, errno.EACCES}
        hint = f"{flag} (0 picks a free one)" if busy else "--host (127.0.0.1: this machine, 0.0.0.0: all networks)"
        message = f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with {hint}"
        raise PortError(message) from None
    return listener


@asynccontextmanager
async def running_server(  # noqa: PLR0913 - each is a setting of its own
    engine: Engine,
    options: Options,
    *,
    grace: float = GRACE,
    descriptors: Descriptors | None = None,
    report: Callable[[str], None] | None = None,
    limits: Limits = LIMITS,
    prepare: Callable[[int], Awaitable[None]] | None = None,
) -> AsyncIterator[Ports]:
    """Serve an engine for the length of the block; requests under way then have `grace` seconds.

    `prepare` is called with the port before the first request is read.
    `descriptors` reports when no file descriptor is left, `report` is told of failed TLS handshakes; `limits` are those
    of incomplete requests.

    Raises:
        PortError: a port cannot be opened.
        TlsError: the authority's folder cannot be used.

    """
    descriptors = descriptors or Descriptors(lambda _: None)
    with ExitStack() as sockets:
        plain = sockets.enter_context(open_port(options.host, options.port))
        fallback = Fallback(engine, options, local_url(plain))
        secure = sockets.enter_context(open_port(options.host, options.tls_port, "--tls-port")) if options.tls else None
        context = serve_hosts(engine.providers, options.tls_dir, report) if options.tls else None
        loop = asyncio.get_running_loop()
        listening: list[asyncio.Server] = []
        try:
            if secure is not None or options.store is not None:  # replicas call each other by the control API
                await fallback.load()
            if prepare is not None:
                await prepare(plain.getsockname()[1])
            fast = FastPath(engine, fallback)
            if secure is not None:
                checked = partial(CheckedConnection, fast, descriptors)
                listening.append(await loop.create_server(checked, sock=secure, ssl=context, backlog=BACKLOG))
            ports = Ports(plain.getsockname()[1], secure.getsockname()[1] if secure else None)
            port = PlainPort(
                fast, partial(refuse_request, engine), Tunnels(engine.providers.hosts, ports.tls), descriptors
            )
            timeouts = ReadTimeouts(limits, lambda: (*fast.connections, *fallback.connections, *port.undecided))
            listening.append(await loop.create_server(port, sock=plain, backlog=BACKLOG))
            try:
                yield ports
            finally:
                timeouts.close()
                await asyncio.sleep(0)  # accept clients that have connected already: they would get a reset
                for each in listening:
                    each.close()
                await asyncio.sleep(0)
                port.close()
                await asyncio.gather(fast.close(grace), fallback.finish(grace))
        finally:
            for each in listening:
                each.close()
            await fallback.close()


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: uvloop's, which is twice as fast, unless it is not installed."""
    try:
        import uvloop  # noqa: PLC0415 - Windows has none
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class GarbageCollection:
    """Collects what was made since the last time, after so many changes. What is left stays and is looked at no more.

    Python collects once allocations exceed deallocations by so many. At the limit of what is kept, an old object goes
    for each new one, so that is seldom: by then a million objects are young, and a collection takes 100 ms.
    """

    def __init__(self, subscribers: Subscribers) -> None:
        self._changes = 0
        subscribers.add(self._count, RequestRecord, Callback, collected=False)
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, NEVER, NEVER)
        gc.enable()

    def _count(self, *_: object) -> None:
        self._changes += 1
        if self._changes % COLLECT_EVERY == 0:
            gc.collect(1)


REACHED_WITHIN = 0.5  # seconds
PORTS: Mapping[str, int] = {"http": 80, "https": 443}


async def find_default(engine: Engine) -> str | None:
    """Return the URL of the replica that has the default workspace at work; None if none has, or that is unknown.

    The lease of a server that was killed a moment ago still holds: it does not listen any more, or had the address that
    this server has now.
    """
    replica = engine.replica
    if replica is None:
        return None
    with suppress(StoreError):
        owner = await replica.store.owner(DEFAULT_WORKSPACE)
        if owner and owner.url and owner.url != replica.address and await _listens(owner.url):
            return owner.url
    return None


async def _listens(url: str) -> bool:
    """Return whether somebody listens at the host and port of a URL."""
    parts = urlsplit(url)
    with suppress(OSError):  # includes TimeoutError
        async with asyncio.timeout(REACHED_WITHIN):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or PORTS[parts.scheme])
        writer.close()
        return True
    return False


def find_terminal(engine: Engine, options: Options) -> "TerminalLog | None":
    """Return the log for the terminal that standard error is; None if it is a file or a pipe, or programs read it."""
    if options.log == "json" or not sys.stderr.isatty():
        return None
    from sandbox.server.terminal_log import make_terminal_log  # noqa: PLC0415 - a server in a container has no terminal

    operations = (name for pack in engine.packs.values() for name in pack.spec.operations)
    return make_terminal_log(sys.stderr, operations, bodies=options.log_bodies)


async def run(options: Options, *, print_banner: Callable[[str], None], write_log: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM."""
    engine = make_engine(options)

    def find_world(name: str) -> World | None:
        workspace = engine.workspaces.get(name)
        return None if workspace is None else workspace.world

    log = Log(
        find_world,
        write_log,
        as_json=options.log == "json",
        bodies=options.log_bodies,
        terminal=find_terminal(engine, options),
    )
    log.subscribe(engine.subscribers)
    spans = make_span_recorder(engine, os.environ, log.write_note)
    store = make_store(options)

    async def open_store(port: int) -> None:
        if store is not None:
            address = find_address(options, port) if store.kind == "postgres" else None
            await engine.open_store(store, log.write_note, address=address)

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptors = Descriptors(log.write_note)
    loop.set_exception_handler(descriptors.handle_exception)
    async with running_server(
        engine, options, descriptors=descriptors, report=log.write_note, prepare=open_store
    ) as ports:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        GarbageCollection(engine.subscribers)
        banner = format_banner_json if options.log == "json" else format_banner
        print_banner(banner(engine, options, ports, default_url=await find_default(engine)))
        watching = loop.create_task(follow_edits(engine, options, log.write_note)) if options.watch else None
        await stop.wait()
        if watching is not None:
            watching.cancel()
    if spans is not None:
        spans.close()
    log.flush()
