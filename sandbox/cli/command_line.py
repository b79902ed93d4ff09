"""The group of all commands; the module of a command is imported when the command is looked up."""

import os
from collections import UserDict
from http import HTTPStatus
from importlib import import_module
from typing import Any

import click

from sandbox import __version__
from sandbox.cli.options import WRONG_USE, CommandGroup, exit_code, unknown_variables
from sandbox.cli.summary import COMMANDS
from sandbox.core.errors import MistakesError, SandboxError, on_one_line

INTERRUPTED = 130
HINTS = {int(HTTPStatus.UNAUTHORIZED): "; pass --control-token or set SANDBOX_CONTROL_TOKEN"}


class Commands(UserDict[str, Any]):
    """The commands by name, from their modules; the module of one is imported when the command is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        module, _ = self.data[name]
        command: click.Command = getattr(import_module(f"sandbox.cli.{module}"), name)
        return command


@click.group(
    cls=CommandGroup,
    commands=Commands(COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sms-sandbox")
@click.pass_context
def commands(context: click.Context) -> None:
    """Run a local stand-in for SMS and WhatsApp providers, with their paths, replies and callbacks."""
    context.obj = tuple(unknown_variables(commands.commands.values(), os.environ))
    if context.invoked_subcommand != "serve":  # which writes them to its log
        for warning in context.obj:
            click.echo(f"sms-sandbox: warning: {warning}", err=True)


def run_command() -> int:
    """Run the command that the process was started with and return its exit code; print each error as one line."""
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
