"""`tail`: the requests and callbacks of a workspace as they come, from another terminal."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus

import click

from sandbox.cli.api_options import CommandContext, api_command, to_option
from sandbox.cli.options import WholeNumber
from sandbox.cli.traffic_lines import Filters, TrafficLines
from sandbox.client import Client, ClientError, Event, RefusedError, UnreachableError, server, traffic
from sandbox.formats.terminal import TrafficLayout, columns_of, has_colour, is_terminal

OUTCOMES = ("accepted", "refused", "delivered", "failed")
RETRY = 1.0  # seconds between two attempts to reconnect


@click.command()
@click.option("--provider", help="Only requests and callbacks of this provider, such as betatel.")
@click.option("--operation", help="Only those of this operation, such as betatel.sms.send, or 'betatel.*'.")
@to_option("request and callback")
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice(OUTCOMES),
    multiple=True,
    help="Only requests or callbacks with this outcome. Repeatable.",
)
@click.option("--count", type=WholeNumber(1), help="Stop after this many.")
@api_command
def tail(  # noqa: PLR0913 - click passes options by name
    context: CommandContext,
    *,
    provider: str | None,
    operation: str | None,
    to_contains: str | None,
    outcomes: tuple[str, ...],
    count: int | None,
) -> None:
    """Show requests and callbacks as they come, until Ctrl-C.

    The lines are those of serve on a terminal, and have the texts. With --json, each event is a line of JSON. If the
    connection is lost, tail reconnects; what came meanwhile is shown unless the server was restarted.
    """
    # The server checks the filters, and whether it has the workspace.
    context.client.execute(traffic.requests(provider=provider, operation=operation, to_contains=to_contains, limit=1))
    lines = TrafficLines(Filters(provider, operation, to_contains, frozenset(outcomes)))
    columns = columns_of(sys.stdout) if is_terminal(sys.stdout) else None
    providers = context.client.execute(server.providers())
    operations = [str(each["name"]) for provider in providers for each in provider.operations]
    layout = TrafficLayout(operations, colour=has_colour(sys.stdout), columns=columns)
    shown = 0
    for event in follow(context.client, lambda text: click.echo(f"sms-sandbox: {text}", err=True)):
        texts = [layout.format(line) for line in lines.read(event)]
        if context.as_json and texts:
            texts = [json.dumps({"kind": event.kind, **event.data}, default=float) + "\n"]
        for text in texts:
            click.echo(text, nl=False)
            shown += 1
            if shown == count:
                return


def follow(client: Client, report: Callable[[str], None], *, retry: float = RETRY) -> Iterator[Event]:
    """Yield the events of a workspace; after a lost connection, connect again and go on with what came meanwhile.

    Raises:
        RefusedError: the server refuses the call, such as for a workspace that was deleted.

    """
    last: str | None = None
    while True:
        problem = f"{client.url} closed the connection"
        try:
            for event in client.events(last):
                last = event.id or last
                yield event
        except UnreachableError as error:
            problem = str(error)
        except RefusedError as error:
            if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            problem = str(error)
        report(f"{problem}; reconnecting")
        reconnect(client, retry=retry)
        report("connected again")


def reconnect(client: Client, *, retry: float) -> None:
    """Return as soon as the server is ready."""
    while True:
        threading.Event().wait(retry)
        try:
            client.execute(server.health().parsed_by(len))
        except ClientError:
            continue
        return
