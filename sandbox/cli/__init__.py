"""The command `sms-sandbox`.

`serve` runs a server, `inspect` has the commands that read files, the others call a running server. Exit codes: 0
success, 1 a negative result or something that does not exist, 2 invalid arguments or no server. It imports everything
else, each command only what it needs and only when it runs.
"""

import os
import sys
from http import HTTPStatus

import click

from sandbox import __version__
from sandbox.cli import (
    api_commands,
    demo,
    docs,
    drift,
    export,
    inbound,
    inspect,
    learn,
    mcp,
    provider_commands,
    record,
    report,
    send,
    serve,
    settings_commands,
    state_commands,
    tail,
    traffic_commands,
)
from sandbox.cli.api_options import exit_code
from sandbox.cli.options import WRONG_USE, CommandGroup, unknown_variables
from sandbox.core.errors import MistakesError, SandboxError, on_one_line

INTERRUPTED = 130
PIPE_CLOSED = 141  # what a shell reports for a process that SIGPIPE ended
HINTS = {int(HTTPStatus.UNAUTHORIZED): "; pass --control-token or set SANDBOX_CONTROL_TOKEN"}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sms-sandbox")
@click.pass_context
def commands(context: click.Context) -> None:
    """Run a local stand-in for SMS and WhatsApp providers, with their paths, replies and callbacks."""
    context.obj = tuple(unknown_variables(commands.commands.values(), os.environ))
    if context.invoked_subcommand != serve.serve.name:  # `serve` writes them to its log
        for warning in context.obj:
            click.echo(f"sms-sandbox: warning: {warning}", err=True)


for command in (
    *serve.COMMANDS,
    *docs.COMMANDS,
    *inspect.COMMANDS,
    *api_commands.COMMANDS,
    *traffic_commands.COMMANDS,
    *tail.COMMANDS,
    *settings_commands.COMMANDS,
    *state_commands.COMMANDS,
    *export.COMMANDS,
    *report.COMMANDS,
    *send.COMMANDS,
    *inbound.COMMANDS,
    *demo.COMMANDS,
    *mcp.COMMANDS,
    *provider_commands.COMMANDS,
    *record.COMMANDS,
    *drift.COMMANDS,
    *learn.COMMANDS,
):
    commands.add_command(command)


def main() -> None:
    """Run the command line and exit; print each error as one line."""
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    sys.exit(code)


def run() -> int:
    """Run the command that the process was started with and return its exit code."""
    try:
        code = commands.main(prog_name="sms-sandbox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
    except click.ClickException as error:
        click.echo(f"sms-sandbox: {error.format_message()}", err=True)
    except MistakesError as error:
        for mistake in error.mistakes:
            click.echo(f"sms-sandbox: {mistake}", err=True)
    except SandboxError as error:
        hint = HINTS.get(getattr(error, "status", 0), "")
        click.echo(f"sms-sandbox: {on_one_line(str(error))}{hint}", err=True)
        return exit_code(error)
    except click.Abort:
        return INTERRUPTED
    except SystemExit:  # click's way to report a closed pipe
        raise BrokenPipeError from None
    else:
        return code if isinstance(code, int) else 0
    return WRONG_USE
