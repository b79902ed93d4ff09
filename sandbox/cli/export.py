"""`export`: all messages or requests of a workspace as a file."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from sandbox.cli.api_options import CommandContext, api_command, code_option, filter_options, to_option
from sandbox.cli.options import PATH, CommandGroup
from sandbox.client import files
from sandbox.client.call import ApiCall
from sandbox.formats.terminal import is_terminal, visible

STDOUT = Path("-")
FILE = click.argument("file", metavar="[FILE]", type=PATH, default=STDOUT)


@click.group(cls=CommandGroup)
def export() -> None:
    """Write all messages or requests to a file, oldest first: CSV, JSON Lines or HAR."""


@export.command(name="messages")
@FILE
@click.option(
    "--format", type=click.Choice(["csv", "jsonl"]), help="Format (default: by the name of the file, else csv)."
)
@filter_options
@code_option
@click.option("--since", help="Only messages after this message id or time.", metavar="ID|TIME")
@api_command
def export_messages(context: CommandContext, file: Path, **given: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Write all messages to a file such as messages.csv or messages.jsonl (default: standard output)."""
    write(context, file, files.export_messages(None if file == STDOUT else file, **given))


@export.command(name="requests")
@FILE
@click.option("--format", type=click.Choice(["har"]), help="Format (default: har).")
@click.option("--provider", help="Only requests of this provider, such as betatel.")
@click.option("--operation", help="Only requests of this operation, such as betatel.sms.send.")
@to_option("request")
@click.option("--status", type=int, help="Only requests whose reply has this HTTP status.")
@click.option("--refused/--accepted", default=None, help="Only refused requests, or only the others.")
@click.option("--rule", help="Only requests that this scenario rule applied to.", metavar="NAME")
@click.option(
    "--since", help="Only requests after the request with this number, or after a time.", metavar="NUMBER|TIME"
)
@api_command
def export_requests(context: CommandContext, file: Path, **given: Any) -> None:  # noqa: ANN401 - as above
    """Write all requests with their replies to a HAR file, which browsers open (default: standard output)."""
    write(context, file, files.export_requests(None if file == STDOUT else file, **given))


def write(context: CommandContext, file: Path, call: ApiCall[bytes]) -> None:
    """Send a call, and print the content of its file, or where it is."""
    content = context.client.execute(call)
    if file == STDOUT and is_terminal(sys.stdout):  # which a text must not control
        click.echo("\n".join(map(visible, re.split("\r?\n", content.decode()))), nl=False)
    elif file == STDOUT:
        click.echo(content, nl=False)
    elif context.as_json:
        click.echo(json.dumps({"file": str(file), "bytes": len(content), "format": call.query["format"]}, indent=2))
    else:
        click.echo(f"exported to {file}, {len(content):,} bytes")
