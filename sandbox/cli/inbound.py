"""`inbound`: let a phone send a text to an account of a running server."""

import click

from sandbox.cli.api_options import CommandContext, api_command


@click.command()
@click.argument("text", metavar="TEXT")
@click.option("--provider", required=True, help="Provider whose document describes messages from phones.")
@click.option("--from", "sender", required=True, help="Number of the phone.", metavar="NUMBER")
@click.option(
    "--to",
    help="Sender or number that gets the text (default: the one that sent to the phone last, or the only sender).",
    metavar="ID",
)
@click.option(
    "--account",
    help="Key of the account that gets the text (default: that of the last message to the phone, or the only one).",
    metavar="KEY",
)
@click.option("--channel", help="Channel (default: that of the last message to the phone, or the only one).")
@click.option("--message", help="The message to the phone that the text replies to.", metavar="ID")
@api_command
def inbound(context: CommandContext, **given: str) -> None:
    """Let a phone send a text. A word such as STOP opts the number out, one such as START in again."""
    from sandbox.client import tables, traffic  # noqa: PLC0415 - `serve` and `ready` start without it

    context.execute(traffic.inbound(**given), lambda message: tables.messages([message]))
