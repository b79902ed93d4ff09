"""Runs a server from the settings of `serve`: makes the engine, opens the port, prints the banner, stops cleanly."""

import asyncio
import errno
import gc
import ipaddress
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from aiohttp import web

from sandbox.callbacks.egress import Egress, make_policy, parse_url
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, Mode, stamp, wall
from sandbox.core.errors import SandboxError
from sandbox.core.scenario import Scenario, is_file
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import Registry, discover
from sandbox.scenarios import load_file, load_named
from sandbox.server.aiohttp_connection import Runner
from sandbox.server.app import make_app
from sandbox.server.cors import Cors
from sandbox.server.fast_path import FastPath
from sandbox.server.gc_tuning import GarbageCollection
from sandbox.server.logs import Log
from sandbox.server.proxy import ConnectProxies, Descriptors, Tunnels, Watched
from sandbox.server.read_timeouts import LIMITS, Limits, ReadTimeouts
from sandbox.server.reload import reload, watch
from sandbox.server.tls import CA, provider_hosts, server_context

BACKLOG = 1024  # connections that wait to be accepted
GRACE = 1.0  # seconds that requests under way are given when the server stops
AFTERWARDS = 0.01  # seconds in which the web server ends what is still under way then; it waits twice so long


class PortError(SandboxError):
    """The port cannot be opened."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `serve` was asked for, a field a flag; `callback` has URLs by provider, None leaves it to the scenario."""

    host: str = "127.0.0.1"
    port: int = 8080
    scenario: str = "default"
    scenarios: Path | None = None
    seed: int | None = None
    clock: tuple[Mode, float] | None = None
    callback: Mapping[str, str] = field(default_factory=dict)
    callback_ca: Path | None = None
    allow_callback: tuple[str, ...] = ()
    control_token: str | None = None
    cors: tuple[str, ...] = ()
    allow_host: tuple[str, ...] = ()
    specs: tuple[Path, ...] = ()
    max_pending: int = 1_000_000
    watch: bool = False
    tls: bool = False
    tls_port: int = 8443
    tls_dir: Path = Path(".sms-sandbox")
    log: Literal["text", "json"] = "text"
    log_bodies: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where scenarios are looked for before the shipped ones."""
        return (self.scenarios,) if self.scenarios else ()


def is_loopback(host: str) -> bool:
    """Whether binding to `host` keeps the server on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_engine(options: Options) -> Engine:
    """Return the engine that the options ask for.

    Raises:
        SandboxError: a spec, a target or a provider's name is wrong.

    """
    packs = discover([shipped("specs"), *options.specs])
    scenario = find_scenario(options, packs)
    for provider in options.callback:
        if provider not in packs:
            message = f"--callback: no provider is called '{provider}'; there are {', '.join(packs)}"
            raise SandboxError(message)
    targets = {provider: Target(str(parse_url(url))) for provider, url in options.callback.items()}
    hosts = _hosts([*targets.values(), *scenario.targets.values()])
    policy = make_policy(open_bind=not is_loopback(options.host), allowed=options.allow_callback, target_hosts=hosts)
    clock_config = ClockConfig(*options.clock) if options.clock else None
    start = WorkspaceConfig(
        scenario, seed=options.seed, clock_config=clock_config, targets=targets, max_pending=options.max_pending
    )
    return Engine(packs, door=Egress(policy, ca=options.callback_ca), start=start, folders=options.folders)


async def follow_edits(engine: Engine, options: Options, say: Callable[[str], None]) -> None:
    """Reload the scenario whenever its folder, or the user's own, is written to."""
    packs = engine.packs
    folder = Path(options.scenario).parent if is_file(options.scenario) else shipped("scenarios")
    try:
        await watch([*options.folders, folder], lambda: reload(engine, lambda: find_scenario(options, packs), say))
    except (OSError, RuntimeError) as error:  # such as the system's limit of watches
        say(f"edits of scenarios are no longer followed: {error}")


def find_scenario(options: Options, packs: Registry) -> Scenario:
    """Return the scenario that was asked for, by name or as a file.

    Raises:
        ScenarioError: there is none, or it has mistakes.

    """
    if is_file(options.scenario):
        return load_file(Path(options.scenario), packs=packs, folders=options.folders)
    return load_named(options.scenario, packs=packs, folders=options.folders)


def _hosts(targets: Iterable[Target]) -> set[str]:
    return {parse_url(target.url).host or "" for target in targets}


def open_port(host: str, port: int, flag: str = "--port") -> socket.socket:
    """Return a listening socket; `flag` is the one that says where.

    Raises:
        PortError: the port is in use, or the host is not this machine's.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # at once: two may bind to one port, but only one of them can listen
    except OSError as error:
        listener.close()
        busy = error.errno in {errno.EADDRINUSE, errno.EACCES}
        other = f"{flag} (0 picks a free one)" if busy else "--host (127.0.0.1 is this machine, 0.0.0.0 every network)"
        message = f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with {other}"
        raise PortError(message) from None
    return listener


class Ports(NamedTuple):
    """Where a server listens; `tls` is None where it serves no HTTPS."""

    plain: int
    tls: int | None


@asynccontextmanager
async def opened(
    engine: Engine,
    options: Options,
    *,
    grace: float = GRACE,
    descriptors: Descriptors | None = None,
    limits: Limits = LIMITS,
) -> AsyncIterator[Ports]:
    """Serve an engine as the options say for as long as the block; requests under way then have `grace` seconds.

    `descriptors` reports when none is left for connections, `limits` are those of requests that do not come to
    their end.

    Raises:
        PortError: a port cannot be opened.
        TlsError: the authority's folder cannot be used.

    """
    hosts = provider_hosts(engine.packs)
    descriptors = descriptors or Descriptors(lambda _: None)
    app = make_app(engine, token=options.control_token, allow_host=options.allow_host, cors=Cors(options.cors))
    runner = Runner(engine, app, grace=AFTERWARDS)
    with ExitStack() as sockets:
        listener = sockets.enter_context(open_port(options.host, options.port))
        secure = sockets.enter_context(open_port(options.host, options.tls_port, "--tls-port")) if options.tls else None
        context = server_context(options.tls_dir, hosts) if options.tls else None
        await runner.setup()
        loop, server = asyncio.get_running_loop(), runner.web_server
        listening: list[asyncio.Server] = []
        try:
            if secure is not None:
                watched = partial(Watched, server, descriptors)
                listening.append(await loop.create_server(watched, sock=secure, ssl=context, backlog=BACKLOG))
            ports = Ports(listener.getsockname()[1], secure.getsockname()[1] if secure else None)
            express = FastPath(engine, server)
            fronts = ConnectProxies(express, Tunnels(hosts, ports.tls), descriptors)
            patience = ReadTimeouts(limits, lambda: (*express.connections, *server.open_connections, *fronts.unknown))
            listening.append(await loop.create_server(fronts, sock=listener, backlog=BACKLOG))
            try:
                yield ports
            finally:
                patience.close()
                await asyncio.sleep(0)  # accept who has connected already: the system would reset the connection
                for each in listening:
                    each.close()
                await asyncio.sleep(0)
                fronts.close()
                await asyncio.gather(express.close(grace), finish(runner, server, grace))
        finally:
            for each in listening:
                each.close()
            await runner.cleanup()


async def finish(runner: web.AppRunner, server: web.Server, grace: float) -> None:
    """End the web server's connections: idle ones and waits at once, other requests when they are answered.

    What is still under way after `grace` seconds is left to the runner, which gives such a request up.
    """
    await asyncio.sleep(0)  # a request that has come already counts as under way
    server.pre_shutdown()
    await runner.app.shutdown()
    with suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await server.shutdown(grace)


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a loop to serve on: uvloop's, which spends half as much on a connection, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - there is none for Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def run(options: Options, *, say: Callable[[str], None], log: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `say` prints the banner, `log` what happens."""
    gc.disable()  # what a start makes stays for good: looking through it would take a tenth of the start
    engine = make_engine(options)
    lines = Log(
        engine.world,
        log,
        as_json=options.log == "json",
        bodies=options.log_bodies,
        colour=sys.stderr.isatty(),
    )
    lines.follow(engine.subscribers)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptors = Descriptors(lines.say)
    loop.set_exception_handler(descriptors.handle)
    async with opened(engine, options, descriptors=descriptors) as ports:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        GarbageCollection(engine.subscribers)
        say(banner_json(engine, options, ports) if options.log == "json" else banner(engine, options, ports))
        watching = loop.create_task(follow_edits(engine, options, lines.say)) if options.watch else None
        await stop.wait()
        if watching is not None:
            watching.cancel()
    lines.flush()


def banner(engine: Engine, options: Options, ports: Ports) -> str:
    """Return what a person wants to know at the start."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    world = engine.default.world
    counts = {name: len(pack.spec.operations) for name, pack in engine.packs.items()}
    served = ", ".join(f"{name} ({count} operation{'' if count == 1 else 's'})" for name, count in counts.items())
    targets = [f"{name} to {target.url}" for name, target in sorted(world.targets.items())]
    tls = f" and https://{host}:{ports.tls} (trust {options.tls_dir / CA})" if ports.tls else ""
    lines = [
        f"sms-sandbox listens on http://{host}:{ports.plain}{tls}",
        f"  providers  {served}",
        f"  scenario   {world.scenario.name}, seed {world.seed}, clock {world.clock.mode}",
        f"  callbacks  {'; '.join(targets) or 'kept as collected (set --callback PROVIDER=URL)'}",
    ]
    return "\n".join(lines)


def banner_json(engine: Engine, options: Options, ports: Ports) -> str:
    """Return the same for a program: one line of JSON that always has the same members."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    world = engine.default.world
    facts = {
        "time": stamp(wall()),
        "kind": "start",
        "url": f"http://{host}:{ports.plain}",
        "port": ports.plain,
        "tls_url": f"https://{host}:{ports.tls}" if ports.tls else None,
        "tls_port": ports.tls,
        "tls_ca": str(options.tls_dir / CA) if ports.tls else None,
        "providers": {name: len(pack.spec.operations) for name, pack in engine.packs.items()},
        "scenario": world.scenario.name,
        "seed": world.seed,
        "clock": str(world.clock.mode),
        "callbacks": {name: target.url for name, target in sorted(world.targets.items())},
    }
    return json.dumps(facts, ensure_ascii=False)
