"""Runs a server from the settings of `serve`: makes the engine, opens the port, prints the banner, stops cleanly."""

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox.app import make_app
from sandbox.core.callback import Target
from sandbox.core.clock import Mode, Pace
from sandbox.core.errors import SandboxError
from sandbox.core.scenario import Scenario
from sandbox.door import Door, make_policy, parse_url
from sandbox.engine import Engine
from sandbox.files import shipped
from sandbox.packs import Packs, discover
from sandbox.scenarios import load_file, load_named
from sandbox.workspace import Start

GRACE = 1.0  # seconds that requests under way are given when the server stops


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
    specs: tuple[Path, ...] = ()

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
    pace = Pace(*options.clock) if options.clock else None
    start = Start(scenario, seed=options.seed, pace=pace, targets=targets)
    return Engine(packs, door=Door(policy, ca=options.callback_ca), start=start, folders=options.folders)


def find_scenario(options: Options, packs: Packs) -> Scenario:
    """Return the scenario that was asked for, by name or as a file.

    Raises:
        ScenarioError: there is none, or it has mistakes.

    """
    name = options.scenario
    if name.endswith((".yaml", ".yml", ".json")) or "/" in name:
        return load_file(Path(name), packs=packs, folders=options.folders)
    return load_named(name, packs=packs, folders=options.folders)


def _hosts(targets: Iterable[Target]) -> set[str]:
    return {parse_url(target.url).host or "" for target in targets}


def open_port(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortError: the port is in use, or the host is not this machine's.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = error.strerror or error
        message = f"cannot listen on {host}:{port}: {why}; choose another with --port (0 picks a free one)"
        raise PortError(message) from None
    return listener


async def run(options: Options, *, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM."""
    engine = make_engine(options)
    listener = open_port(options.host, options.port)
    runner = web.AppRunner(make_app(engine), access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024).start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    say(banner(engine, options, port=listener.getsockname()[1]))
    await stop.wait()
    await runner.cleanup()


def banner(engine: Engine, options: Options, *, port: int) -> str:
    """Return what a person wants to know at the start."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    world = engine.default.world
    served = ", ".join(f"{name} ({len(pack.spec.operations)} operations)" for name, pack in engine.packs.items())
    targets = [f"{name} to {target.url}" for name, target in sorted(world.targets.items())]
    lines = [
        f"sms-sandbox listens on http://{host}:{port}",
        f"  providers  {served}",
        f"  scenario   {world.scenario.name}, seed {world.seed}, clock {world.clock.mode}",
        f"  callbacks  {'; '.join(targets) or 'kept as collected (set --callback PROVIDER=URL)'}",
    ]
    return "\n".join(lines)
