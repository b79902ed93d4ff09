"""The command `sms-sandbox`. Exit codes: 0 fine, 1 the answer is no, 2 wrong use or no server to talk to."""

import sys

import click

from sandbox import __version__
from sandbox.cli import look, scenarios, serve, talk
from sandbox.core.errors import SandboxError

WRONG_USE = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sms-sandbox")
def commands() -> None:
    """Stand in for SMS and WhatsApp providers: their paths, their bytes, their callbacks, your clock."""


for command in (*serve.COMMANDS, *look.COMMANDS, *scenarios.COMMANDS, *talk.COMMANDS):
    commands.add_command(command)


def main() -> None:
    """Run the command line; whatever is wrong is one clear line."""
    try:
        code = commands.main(prog_name="sms-sandbox", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"sms-sandbox: {error.format_message()}", err=True)
        sys.exit(WRONG_USE)
    except SandboxError as error:
        click.echo(f"sms-sandbox: {error}", err=True)
        sys.exit(WRONG_USE)
    except click.Abort:
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)
