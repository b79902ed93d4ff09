"""Commands that look without changing anything: `ready` and `endpoints`."""

import http.client
import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from sandbox.cli.options import FOLDER, PATH, TLS_DIR, WRONG_USE, Span, flag
from sandbox.core.clock import monotonic, parse_duration
from sandbox.formats.yaml_files import shipped

KINDS: Mapping[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
PAUSE = 0.1  # seconds between two looks for a server


def default_url() -> str:
    """Return where the server is expected: on this machine, at the port that the environment gives to `serve`."""
    return f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT') or 8080}"


def connect(url: str) -> http.client.HTTPConnection:
    """Return a connection to a server; the client would take longer to import than to ask.

    Raises:
        click.UsageError: the text is no URL.

    """
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in KINDS and parts.hostname:
            return KINDS[parts.scheme](parts.hostname, parts.port, timeout=2)
    message = f"'{url}' is no URL; write http://HOST:PORT"
    raise click.UsageError(message)


def objection(url: str) -> str | None:
    """Return why no sandbox answers at a URL; None when one does."""
    connection = connect(url)
    with closing(connection), suppress(OSError, http.client.HTTPException, ValueError, AttributeError, KeyError):
        connection.request("GET", "/_sandbox/health")
        reply = connection.getresponse()
        said = json.loads(reply.read())
        if reply.status == http.client.OK and said.get("status") == "ok":
            return None
        if reply.status == http.client.FORBIDDEN:  # it serves, but not by this name
            return f"{url}: {said['detail']}"
    return f"no sandbox answers at {url}; run sms-sandbox serve, or set SANDBOX_URL"


@click.command()
@flag("--url", "Where the server is.")
@click.option("--wait", type=Span(), default="0", help="How long to wait for it, such as 10s.")
def ready(url: str | None, wait: str) -> int:
    """Tell whether a server serves. Exit code 0 if so, else 1."""
    url = url or default_url()
    until = monotonic() + parse_duration(wait).total_seconds()
    while why := objection(url):
        if monotonic() >= until:
            click.echo(f"sms-sandbox: {why}", err=True)
            return 1
        threading.Event().wait(PAUSE)
    click.echo(f"ready at {url}")
    return 0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
@click.option("--specs", multiple=True, type=FOLDER, help="A folder with provider specs of your own.")
def endpoints(*, as_json: bool, specs: tuple[Path, ...]) -> None:
    """List every path that is served, and whose word it is."""
    from sandbox.providers.registry import discover  # noqa: PLC0415 - `ready` runs every few seconds, so it imports little
    from sandbox.specs.compile import operations_of  # noqa: PLC0415

    packs = discover([shipped("specs"), *specs])
    rows = [
        {"provider": name, "method": method, "path": path, "operation": node["x-operation"], "word": node["x-word"]}
        for name, pack in packs.items()
        for method, path, node in operations_of(pack.spec.document)
    ]
    if as_json:
        json.dump(rows, sys.stdout, indent=2)
        click.echo()
        return
    for row in rows:
        click.echo(f"{row['method']:6} {row['path']:46} {row['operation']:28} {row['word']}")


@click.command()
@flag("--tls-dir", "Where the authority is kept.", default=TLS_DIR, type=PATH, show_default=True)
def trust(tls_dir: Path) -> int:
    """Tell how clients are made to trust the local authority."""
    from sandbox.server.tls import CA_FILE, trust_commands  # noqa: PLC0415

    certificate = (tls_dir / CA_FILE).absolute()
    if not certificate.exists():
        click.echo(f"sms-sandbox: {certificate} is not there yet; sms-sandbox serve --tls makes it", err=True)
        return WRONG_USE
    for client, line in trust_commands(certificate).items():
        click.echo(f"{client}:\n  {line}")
    return 0


COMMANDS = (ready, endpoints, trust)
