"""From the options of `serve` to an engine and a store."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from sandbox.callbacks.egress import (
    BadUrlError,
    Egress,
    RefusedAddressError,
    make_policy,
    parse_url,
    refuse_never_allowed,
)
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import SandboxError, StoreUseError
from sandbox.core.scenario import Scenario, is_file
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import Registry, discover
from sandbox.scenarios import load_file, load_named
from sandbox.store.base import Store

if TYPE_CHECKING:  # what reads files alone needs no aiohttp
    from sandbox.control.mcp import McpEndpoint
    from sandbox.server.spans import SpanRecorder

OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
POSTGRES = frozenset({"postgresql", "postgres"})  # schemes
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `serve`, a field for each flag; `callback` has URLs by provider. None: left to the scenario.

    `mcp` makes what answers coding agents, of the URL of the server and its control token.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    scenario: str = "default"
    scenarios: Path | None = None
    seed: int | None = None
    clock: tuple[ClockMode, float] | None = None
    callback: Mapping[str, str] = field(default_factory=dict)
    callback_ca: Path | None = None
    allow_callback: tuple[str, ...] = ()
    control_token: str | None = None
    cors: tuple[str, ...] = ()
    allow_host: tuple[str, ...] = ()
    specs: tuple[Path, ...] = ()
    max_pending: int = 1_000_000
    trace_callbacks: bool = False
    watch: bool = False
    tls: bool = False
    tls_port: int = 8443
    tls_dir: Path = Path(".sms-sandbox")
    log: Literal["text", "json"] = "text"
    log_bodies: bool = False
    store: str | None = None
    store_sync: bool = True
    lease: timedelta = timedelta(seconds=3)
    replica_url: str | None = None
    mcp: "Callable[[str, str | None], McpEndpoint] | None" = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders in which scenarios are looked for before the shipped ones."""
        return (self.scenarios,) if self.scenarios else ()


class Ports(NamedTuple):
    """The ports of a server; `tls` is None if it does not serve HTTPS."""

    plain: int
    tls: int | None


def make_engine(options: Options) -> Engine:
    """Return the engine that the options describe.

    Raises:
        SandboxError: a spec, a target or a provider's name is wrong.

    """
    packs = discover([shipped("specs"), *options.specs])
    scenario = find_scenario(options, packs)
    for provider in options.callback:
        if provider not in packs:
            message = f"--callback: unknown provider '{provider}'; use one of {', '.join(packs)}"
            raise SandboxError(message)
    try:
        targets = {provider: Target(str(parse_url(url))) for provider, url in options.callback.items()}
    except BadUrlError as error:
        message = f"--callback: {error}"
        raise SandboxError(message) from None
    for provider, target in scenario.targets.items():
        _refuse_never_allowed(target, f"{scenario.name}: targets.{provider}")
    for target in targets.values():
        _refuse_never_allowed(target, "--callback")
    hosts = {parse_url(each.url).host or "" for each in (*targets.values(), *scenario.targets.values())}
    policy = make_policy(open_bind=not is_loopback(options.host), allowed=options.allow_callback, target_hosts=hosts)
    clock_config = ClockConfig(*options.clock) if options.clock else None
    start = WorkspaceConfig(
        scenario,
        seed=options.seed,
        clock_config=clock_config,
        targets=targets,
        max_pending=options.max_pending,
        trace_callbacks=options.trace_callbacks,
    )
    return Engine(packs, egress=Egress(policy, ca=options.callback_ca), start=start, folders=options.folders)


def make_store(options: Options) -> Store | None:
    """Return the store that the options name; None: everything stays in memory.

    Raises:
        StoreUseError: there is no such kind of store.

    """
    if options.store is None:
        return None
    scheme, sign, _ = options.store.partition("://")
    if not sign:
        from sandbox.store.sqlite import SqliteStore  # noqa: PLC0415 - a server in memory loads no database

        return SqliteStore(Path(options.store), sync=options.store_sync)
    if scheme not in POSTGRES:
        message = (
            f"--store: {scheme}:// is no kind of store; use a file such as sandbox.db, or postgresql://USER@HOST/DB"
        )
        raise StoreUseError(message)
    try:
        from sandbox.store.postgres import PostgresStore  # noqa: PLC0415 - as above
    except ImportError:
        message = "--store: PostgreSQL needs the driver asyncpg; install it with: pip install 'asyncpg>=0.30,<1'"
        raise StoreUseError(message) from None
    return PostgresStore(options.store, lease=options.lease, sync=options.store_sync)


def make_span_recorder(
    engine: Engine, environ: Mapping[str, str], report: Callable[[str], None]
) -> "SpanRecorder | None":
    """Start to export spans with the OpenTelemetry SDK if its variables in the environment ask for it.

    Raises:
        SandboxError: the value of a variable is invalid.

    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return None
    if not exporter and not any(environ.get(name) for name in OTLP_ENDPOINTS):
        return None
    try:
        from sandbox.server.spans import EXPORTERS, SpanRecorder  # noqa: PLC0415 - other servers load no SDK
    except ImportError:
        report("no spans are exported: OTEL_ variables ask for them, but this needs pip install 'sms-sandbox[otel]'")
        return None
    if (exporter or "otlp") not in EXPORTERS:
        message = f"OTEL_TRACES_EXPORTER: '{exporter}' is not one of {', '.join(EXPORTERS)}, none"
        raise SandboxError(message)
    try:
        return SpanRecorder(engine, exporter or "otlp", report)
    except ValueError as error:
        message = f"an OTEL_ variable is invalid: {error}"
        raise SandboxError(message) from None


def find_address(options: Options, port: int) -> str:
    """Return the URL at which other replicas reach this server: the one given, or else that of its own address."""
    if options.replica_url is not None:
        return options.replica_url.rstrip("/")
    host = options.host
    if host in EVERYWHERE:
        database = urlsplit(options.store or "").hostname or "127.0.0.1"
        family = socket.AF_INET6 if ":" in database else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:  # nothing is sent
            try:
                probe.connect((database, 5432))
                host = probe.getsockname()[0]
            except OSError:
                host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_url(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches what listens on a socket."""
    host, port, *_ = listener.getsockname()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_never_allowed(target: Target, where: str) -> None:
    """Raise SandboxError if a target is an address that no permission covers; `where` it is configured."""
    try:
        refuse_never_allowed(target.url)
    except RefusedAddressError as error:
        message = f"{where}: {error}"
        raise SandboxError(message) from None


def find_scenario(options: Options, packs: Registry) -> Scenario:
    """Return the scenario that the options name, by name or as a file.

    Raises:
        ScenarioError: it does not exist, or has mistakes.

    """
    if is_file(options.scenario):
        return load_file(Path(options.scenario), packs=packs, folders=options.folders)
    return load_named(options.scenario, packs=packs, folders=options.folders)


def is_loopback(host: str) -> bool:
    """Return whether a server bound to `host` is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
