"""The command `sms-sandbox`. Exit codes: 0 fine, 1 the answer is no, 2 wrong use or no server to talk to."""

import os
import sys
from http import HTTPStatus

import click

from sandbox import __version__
from sandbox.cli import api_commands, demo, inspect, scenarios, serve
from sandbox.cli.options import WRONG_USE, unknown_variables
from sandbox.core.errors import MistakesError, SandboxError, on_one_line

INTERRUPTED = 130
PIPE_CLOSED = 141  # as the shell has it for what ended by the signal of that name
HINTS = {int(HTTPStatus.UNAUTHORIZED): "; give it by --control-token or SANDBOX_CONTROL_TOKEN"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sms-sandbox")
@click.pass_context
def commands(context: click.Context) -> None:
    """Stand in for SMS and WhatsApp providers: their paths, their bytes, their callbacks, your clock."""
    context.obj = tuple(unknown_variables(commands.commands.values(), os.environ))
    if context.invoked_subcommand != serve.serve.name:  # which warns in the manner of its log
        for warning in context.obj:
            click.echo(f"sms-sandbox: warning: {warning}", err=True)


for command in (*serve.COMMANDS, *inspect.COMMANDS, *scenarios.COMMANDS, *api_commands.COMMANDS, *demo.COMMANDS):
    commands.add_command(command)


def main() -> None:
    """Run the command line; whatever is wrong is one clear line."""
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    sys.exit(code)


def run() -> int:
    """Return the exit code of the command that the process was started with."""
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
    except click.Abort:
        return INTERRUPTED
    except SystemExit:  # by which click tells of a closed pipe
        raise BrokenPipeError from None
    else:
        return code if isinstance(code, int) else 0
    return WRONG_USE
