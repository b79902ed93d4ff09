"""`state`: saves a workspace as a file, loads it into another, and shows it in the inbox."""

import asyncio
import gzip
import io
import json
from pathlib import Path

import click

from sandbox.cli.api_options import CommandContext, api_command
from sandbox.cli.options import PATH, WRONG_USE, CommandGroup, WholeNumber, repeatable_option
from sandbox.cli.progress import Progress, polling
from sandbox.client import RefusedError, files

FILE = click.argument("file", metavar="FILE", type=PATH)


@click.group(cls=CommandGroup)
def state() -> None:
    """Save a workspace as a file, load it, or show it in the inbox."""


@state.command(name="save")
@FILE
@click.option("--with-keys", is_flag=True, help="Keep keys and other credentials (default: they are masked).")
@api_command
def save_state(context: CommandContext, file: Path, *, with_keys: bool) -> None:
    """Save everything that a workspace has as a file, such as state.jsonl.gz."""
    content = context.client.execute(files.save_state(file, keys=with_keys))
    keys = "kept" if with_keys else "masked"
    if context.as_json:
        click.echo(json.dumps({"file": str(file), "bytes": len(content), "keys": keys}, indent=2))
    else:
        click.echo(f"saved to {file}, {len(content):,} bytes, keys {keys}")


@state.command(name="load")
@FILE
@api_command
def load_state(context: CommandContext, file: Path) -> int:
    """Replace a workspace by a saved state. What was pending goes on.

    Unless the state was saved with --with-keys, its keys are masked: an application's key opens a new account.
    """
    sent = 0

    def count(so_far: int) -> None:
        nonlocal sent
        sent = so_far

    def ask() -> None:
        text = f"{sent:,} of {len(call.body):,} bytes sent, {progress.seconds:.0f} s"
        progress.update(sent, len(call.body), text)

    try:
        call = files.load_state(file)
        with Progress(f"loading {file.name}") as progress, polling(ask):
            raw, loaded = context.fetch(call, on_sent=count if progress.is_shown else None)
        context.print(raw, loaded, lambda _: f"workspace {loaded.id} has the state of {file}{about_keys(call.body)}")
    except RefusedError as error:
        (mistake,) = error.mistakes[:1] or (None,)
        prefix = "saved state: "
        if mistake is None or not mistake.problem.startswith(prefix):
            raise
        click.echo(f"sms-sandbox: {file}: {mistake.problem.removeprefix(prefix)}", err=True)
        return WRONG_USE
    return 0


def about_keys(content: bytes) -> str:
    """Return what masked keys of a saved state mean for applications; nothing if the keys were kept."""
    with gzip.open(io.BytesIO(content)) as lines:
        head = json.loads(lines.readline())
    if head["keys"] == "kept":
        return ""
    return (
        "; its keys are masked, such as k1…1: applications get new accounts with their own keys"
        " (state save --with-keys keeps keys)"
    )


@state.command(name="open")
@FILE
@click.option("--port", type=WholeNumber(0, 65535), default=0, help="Port to listen on (default: a free port).")
@repeatable_option("--specs", "Folder with your own provider specs.", metavar="DIR")
def open_state(file: Path, port: int, specs: tuple[str, ...]) -> None:
    """Show a saved state in the inbox until Ctrl-C. It stays as it is, and nothing is sent."""
    from sandbox.server.runner import event_loop  # noqa: PLC0415 - the other commands need no server
    from sandbox.server.startup import Options  # noqa: PLC0415 - as above
    from sandbox.server.state_view import show_state  # noqa: PLC0415 - as above

    options = Options(port=port, specs=tuple(map(Path, specs)))
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(show_state(options, file, print_banner=click.echo))
