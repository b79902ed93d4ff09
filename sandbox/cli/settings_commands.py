"""`clock`, `targets` and `accounts`: the settings of a workspace of a running server, shown and changed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import click

from sandbox.cli.api_options import CommandContext, GroupWithDefault, api_command, limit_option
from sandbox.cli.options import DECIMAL, SPEED, Time
from sandbox.client import server, tables

PROVIDER = click.argument("provider", metavar="PROVIDER")
KEY = click.argument("key", metavar="KEY")


@click.group(cls=GroupWithDefault)
def clock() -> None:
    """Show the clock, freeze it, set it, let it run, or scale it."""


@clock.command(name="show")
@api_command
def show_clock(context: CommandContext) -> None:
    """Show how the clock runs, and its time."""
    context.execute(server.clock(), tables.clock)


@clock.command()
@click.option("--at", type=Time(), help="Time at which the clock stops; not in its past.", metavar="TIME")
@api_command
def freeze(context: CommandContext, at: datetime | None) -> None:
    """Stop the clock at its present time, or at a later one."""
    context.execute(server.set_clock("frozen", start=at), tables.clock)


@clock.command(name="set")
@click.argument("time", type=Time(), metavar="TIME")
@api_command
def set_time(context: CommandContext, time: datetime) -> None:
    """Set the clock to a later time such as 2026-03-02T12:00:00Z; it runs or stands still as before."""
    context.execute(server.set_clock(start=time), tables.clock)


@clock.command(name="run")
@api_command
def run_clock(context: CommandContext) -> None:
    """Let the clock run as fast as real time."""
    context.execute(server.set_clock("real"), tables.clock)


@clock.command()
@click.argument("speed", metavar="SPEED")
@api_command
def scale(context: CommandContext, speed: str) -> None:
    """Let the clock run at another speed, such as 60x."""
    match = SPEED.fullmatch(speed if speed.endswith("x") else f"{speed}x")
    if match is None or float(match[1]) == 0:
        message = f"'{speed}' is not a speed such as 60x"
        raise click.UsageError(message)
    context.execute(server.set_clock("scaled", rate=float(match[1])), tables.clock)


@click.group(cls=GroupWithDefault)
def targets() -> None:
    """List, set or delete the URLs that receive callbacks."""


@targets.command(name="list")
@api_command
def list_targets(context: CommandContext) -> None:
    """List the callback URLs by provider. Callbacks of other providers are collected."""
    none = "no targets: callbacks are collected"
    context.execute(server.targets(), lambda found: tables.targets(found) if found else none)


@targets.command(name="set")
@PROVIDER
@click.argument("callback_url", metavar="CALLBACK_URL")
@click.option("--key", help="Secret by which the receiver recognizes the provider (uBill).", metavar="SECRET")
@api_command
def set_target(context: CommandContext, provider: str, callback_url: str, key: str | None) -> None:
    """Set the URL that receives the callbacks of a provider."""
    call = server.set_target(provider, callback_url, key=key)
    context.execute(call, lambda target: f"callbacks of {provider} go to {target.url}")


@targets.command(name="delete")
@PROVIDER
@api_command
def delete_target(context: CommandContext, provider: str) -> None:
    """Delete the callback URL of a provider; its callbacks are collected."""
    context.execute(server.delete_target(provider), lambda _: f"callbacks of {provider} are collected")


@click.group(cls=GroupWithDefault)
def accounts() -> None:
    """List the accounts of a workspace, show one, or change it."""


@accounts.command(name="list")
@click.option("--provider", help="Only accounts of this provider, such as betatel.")
@limit_option
@api_command
def list_accounts(context: CommandContext, provider: str | None, limit: int | None) -> None:
    """List the accounts that have been used, newest first."""
    call = server.accounts(provider=provider, limit=limit)
    context.execute(call, lambda page: tables.accounts(page) if page else "no accounts")


@accounts.command(name="show")
@PROVIDER
@KEY
@api_command
def show_account(context: CommandContext, provider: str, key: str) -> None:
    """Show the account of a key, in full or masked; a key that was never used opens a new one."""
    context.execute(server.account(provider, key), tables.account)


@accounts.command(name="set")
@PROVIDER
@KEY
@click.option(
    "--balance", multiple=True, help="New balance; TYPE= if there are several. Repeatable.", metavar="[TYPE=]AMOUNT"
)
@click.option(
    "--sender", "senders", multiple=True, help="Approved sender; replaces all senders. Repeatable.", metavar="ID"
)
@click.option(
    "--stop",
    "stop_list",
    multiple=True,
    help="Number that refuses messages; replaces all. Repeatable.",
    metavar="NUMBER",
)
@api_command
def set_account(  # noqa: PLR0913, PLR0917 - click passes options by name
    context: CommandContext,
    provider: str,
    key: str,
    balance: tuple[str, ...],
    senders: tuple[str, ...],
    stop_list: tuple[str, ...],
) -> None:
    """Change the account of a key; what is not given stays as it is."""
    if not (balance or senders or stop_list):
        message = "give at least one of --balance, --sender and --stop"
        raise click.UsageError(message)
    call = server.patch_account(
        provider,
        key,
        balance=read_balance(balance) if balance else None,
        senders=[{"id": each} for each in senders] or None,
        stop_list=stop_list or None,
    )
    context.execute(call, tables.account)


def read_balance(given: tuple[str, ...]) -> Decimal | Mapping[str, Decimal]:
    """Return the amount, or the amounts by balance type, that some arguments stand for.

    Raises:
        click.UsageError: one is not an amount, or one of several has no type.

    """
    amounts: dict[str, Decimal] = {}
    for each in given:
        kind, _, amount = each.rpartition("=")
        if not DECIMAL.fullmatch(amount) or (len(given) > 1 and not kind):
            message = f"--balance: '{each}' is not an amount such as 5, or trans=5 if the account has several balances"
            raise click.UsageError(message)
        amounts[kind] = Decimal(amount)
    return amounts.get("", amounts)
