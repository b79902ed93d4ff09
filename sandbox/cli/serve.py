"""`serve`, `ready` and `trust`: run a server, wait for one, and trust its certificates.

Every option of `serve` has an environment variable. Options take precedence over the environment, the environment over
the scenario, the scenario over the defaults.
"""

import gc
import json
import os
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from sandbox.cli.mcp import load_endpoint
from sandbox.cli.options import (
    FILE,
    FOLDER,
    PATH,
    TLS_DIR,
    WRONG_USE,
    Duration,
    WholeNumber,
    check_certificates,
    check_host,
    check_host_name,
    check_network,
    check_origin,
    check_token,
    check_url,
    default_url,
    env_option,
    read_clock,
    repeatable_option,
    variable,
)
from sandbox.core.clock import monotonic, parse_duration
from sandbox.core.errors import tls_failure

if TYPE_CHECKING:
    from http.client import HTTPConnection

PORT = WholeNumber(0, 65535)
POLL = 0.1  # seconds between two health checks


def read_callbacks(pairs: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the callback URLs by provider; pairs take precedence over `SANDBOX_CALLBACK_PROVIDER`."""
    prefix = variable("--callback") + "_"
    named = {name[len(prefix) :].lower(): url for name, url in environ.items() if name.startswith(prefix) and url}
    named.pop("ca", None)
    for pair in pairs:
        provider, sign, url = pair.partition("=")
        if not sign:
            message = f"--callback: '{pair}' is not PROVIDER=URL, such as betatel=http://127.0.0.1:9000/dlr"
            raise click.UsageError(message)
        named[provider] = url
    return named


@click.command()
@env_option("--host", "Address to listen on.", default="127.0.0.1", callback=check_host, show_default=True)
@env_option("--port", "Port to listen on; 0 picks a free port.", default=8080, type=PORT, show_default=True)
@env_option("--scenario", "Scenario name or file.", default="default", show_default=True)
@env_option("--scenarios", "Folder with your own scenarios.", type=FOLDER)
@env_option("--watch", "Reload scenarios and provider documents when they change.", is_flag=True)
@env_option("--seed", "Same seed and requests give the same bytes (default: random).", type=WholeNumber(0))
@env_option("--clock", "real, frozen or a speed such as 60x (default: real).", callback=read_clock, metavar="CLOCK")
@repeatable_option("--callback", "Callback URL of a provider.", metavar="PROVIDER=URL")
@env_option("--callback-ca", "CA bundle used to verify HTTPS receivers.", type=FILE, callback=check_certificates)
@repeatable_option(
    "--allow-callback", "Also allow callbacks to this host or network.", check_network, metavar="HOST|CIDR"
)
@env_option("--control-token", "Bearer token required by the control API.", callback=check_token, metavar="TOKEN")
@repeatable_option(
    "--cors",
    "Allow pages of this origin to call provider paths (CORS); * allows all.",
    check_origin,
    metavar="ORIGIN",
)
@repeatable_option("--allow-host", "Accept control API requests for this host name.", check_host_name, metavar="NAME")
@env_option("--tls", "Also serve HTTPS with a locally generated CA.", is_flag=True)
@env_option("--tls-port", "Port for HTTPS.", default=8443, type=PORT, show_default=True)
@env_option("--tls-dir", "Folder of the CA.", default=TLS_DIR, type=PATH, show_default=True)
@env_option(
    "--max-pending",
    "Maximum pending status changes and callbacks; further sends are refused.",
    default=1_000_000,
    type=WholeNumber(1),
    show_default=True,
)
@env_option(
    "--trace-callbacks", "Callbacks carry the W3C trace context of the request that sent the message.", is_flag=True
)
@env_option(
    "--store", "Keep everything in a SQLite file or a PostgreSQL database (default: in memory).", metavar="FILE|URL"
)
@env_option(
    "--store-sync",
    "full: an answer is on the disk; off: a power cut may lose the last answers.",
    type=click.Choice(["full", "off"]),
    default="full",
    show_default=True,
)
@env_option(
    "--lease",
    "Time after which the workspaces of a dead replica are served by another one.",
    type=Duration(),
    default="3s",
    show_default=True,
)
@env_option(
    "--replica-url",
    "URL at which other replicas reach this server (default: its own address).",
    callback=check_url,
    metavar="URL",
)
@env_option("--mcp", "Also serve tools for coding agents at /_sandbox/mcp (MCP over HTTP).", is_flag=True)
@env_option("--log", "Log format.", type=click.Choice(["text", "json"]), default="text", show_default=True)
@env_option("--log-bodies", "Also log request and reply bodies, including one-time codes.", is_flag=True)
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
@click.pass_context
def serve(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Run the server until Ctrl-C."""
    gc.disable()  # what a start makes stays for good: collections would take a tenth of the start
    context.call_on_close(gc.enable)  # a start that fails, too, leaves them as they were
    import asyncio  # noqa: PLC0415 - `ready` and `trust` start without it

    from sandbox.server.logs import format_note  # noqa: PLC0415 - as above
    from sandbox.server.runner import event_loop, run  # noqa: PLC0415 - as above
    from sandbox.server.startup import Options  # noqa: PLC0415 - as above

    given["callback"] = read_callbacks(given["callback"], os.environ)
    given["specs"] = tuple(map(Path, given["specs"]))
    given["lease"] = parse_duration(given["lease"])
    given["store_sync"] = given["store_sync"] == "full"
    given["mcp"] = load_endpoint() if given["mcp"] else None
    for warning in context.obj or ():
        click.echo(format_note(warning, kind="warning", as_json=given["log"] == "json"), err=True, nl=False)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        log = partial(click.echo, err=True, nl=False)
        runner.run(run(Options(**given), print_banner=click.echo, write_log=log))


@click.command()
@env_option("--url", "URL of the server (default: http://127.0.0.1:8080).", metavar="URL")
@click.option("--wait", type=Duration(), default="0", help="Maximum time to wait, such as 10s (default: 0).")
def ready(url: str | None, wait: str) -> int:
    """Show whether a server is ready. Exit code 1 if it is not."""
    url = url or default_url()
    until = monotonic() + parse_duration(wait).total_seconds()
    while problem := find_problem(url):
        if monotonic() >= until:
            click.echo(f"sms-sandbox: {problem}", err=True)
            return 1
        threading.Event().wait(POLL)
    click.echo(f"ready at {url}")
    return 0


def find_problem(url: str) -> str | None:
    """Return why no server is ready at a URL; None if one is."""
    from http.client import HTTPException  # noqa: PLC0415 - `serve` starts without it

    connection = connect(url)
    with closing(connection), suppress(OSError, HTTPException, ValueError, AttributeError, KeyError):
        try:
            connection.request("GET", "/_sandbox/health")
        except OSError as error:
            if (problem := tls_failure(url, error)) is not None:
                return problem
            raise
        reply = connection.getresponse()
        document = json.loads(reply.read())
        if reply.status == HTTPStatus.OK and document.get("status") == "ok":
            return None
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE and "store" in document:
            return f"{url}: the store does not answer: {document['store']['problem']}"
        if reply.status == HTTPStatus.FORBIDDEN:  # a server is there, but not by this host name
            return f"{url}: {document['detail']}"
    return f"no sandbox answers at {url}; run sms-sandbox serve, or set SANDBOX_URL"


def connect(url: str) -> "HTTPConnection":
    """Return a connection to a server; importing the client would take longer than the request.

    Raises:
        click.UsageError: the URL is invalid.

    """
    from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - as above

    connections: Mapping[str, type[HTTPConnection]] = {"http": HTTPConnection, "https": HTTPSConnection}
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in connections and parts.hostname:
            return connections[parts.scheme](parts.hostname, parts.port, timeout=2)
    message = f"invalid URL '{url}': use http://HOST:PORT"
    raise click.UsageError(message)


@click.command()
@env_option("--tls-dir", "Folder of the CA.", default=TLS_DIR, type=PATH, show_default=True)
def trust(tls_dir: Path) -> int:
    """Show how to make clients trust the CA of `serve --tls`."""
    from sandbox.server.tls import CA_FILE, trust_commands  # noqa: PLC0415 - the other commands need no TLS

    certificate = (tls_dir / CA_FILE).absolute()
    if not certificate.exists():
        click.echo(f"sms-sandbox: {certificate} does not exist; sms-sandbox serve --tls creates it", err=True)
        return WRONG_USE
    for client, line in trust_commands(certificate).items():
        click.echo(f"{client}:\n  {line}")
    return 0
