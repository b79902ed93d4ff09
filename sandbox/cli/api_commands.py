"""Commands that call a running server: they print tables for people, or JSON for scripts."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sandbox.cli.api_options import (
    CommandContext,
    api_command,
    code_option,
    filter_options,
    limit_option,
    provider_option,
    wait_options,
    with_own_names,
)
from sandbox.cli.options import NO, SAMPLE_TIME, Duration, WholeNumber, check_clock, exit_code, read_time
from sandbox.cli.progress import Progress, polling
from sandbox.client import Advance, Client, ClientError, NotFoundError, RefusedError, server, tables, traffic
from sandbox.client.call import ApiCall
from sandbox.client.values import environment
from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.scenario import is_file
from sandbox.formats.yaml_files import FileError, parse

DATED = re.compile(r"\d{4}[-/.]", re.ASCII)  # how a time begins, and no duration
SENT = "scenario"  # the server's name for a scenario that was sent to it


@click.command()
@filter_options
@code_option
@wait_options
@limit_option
@api_command
def messages(context: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """List messages, newest first. Exit code 1 if --wait is given and there is none."""
    page = context.execute(traffic.messages(**given), lambda page: tables.messages(page) if page else "no messages")
    return NO if given["wait"] is not None and not page else 0


@click.command()
@click.argument("to_contains", metavar="NUMBER")
@provider_option
@click.option("--code", help="Only this code; exit code 1 if it was not sent.")
@wait_options
@api_command
def otp(context: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """Print the newest one-time code for a number, or for the one number that contains it.

    Exit code 1 if there is none, or if several numbers contain it.
    """
    try:
        context.execute(traffic.otp(**given), lambda found: found.code)
    except NotFoundError as error:
        if error.of_workspace:
            raise
        click.echo(f"sms-sandbox: {error.mistakes[0].problem}", err=True)
        return NO
    return 0


@click.command()
@click.argument("goal", metavar="DURATION|TIME|next|idle")
@api_command
def advance(context: CommandContext, goal: str) -> None:
    """Advance the clock. Give a duration such as 5m, a time, next for what is due next, or idle for all that waits."""
    call = read_goal(goal)
    with Progress("advancing") as progress:
        if progress.is_shown and goal != "next":
            with polling(find_progress(context.client, goal, progress.update)):
                raw, result = context.fetch(call)
        else:
            raw, result = context.fetch(call)
    context.print(raw, result, tables.advance)


def find_progress(client: Client, goal: str, update: Callable[[float, float, str], None]) -> Callable[[], None]:
    """Return a function that finds out how far an advance has come, and tells it.

    With `idle`, that is how much less is pending than at most; otherwise, how much of the time has passed.
    """
    begin, most = client.execute(server.clock()).now, 0
    end = begin if goal == "idle" else find_end(goal, begin)

    def ask() -> None:
        nonlocal most
        with suppress(ClientError):  # the advance itself says what is wrong
            now, pending = client.execute(server.clock()).now, client.execute(server.agenda(limit=1)).count
            most = max(most, pending)
            text = f"{now:%Y-%m-%d %H:%M:%S}, {pending:,} pending"
            if goal == "idle":
                update(most - pending, most, text)
            else:
                update((now - begin).total_seconds(), (end - begin).total_seconds(), text)

    return ask


def find_end(goal: str, begin: datetime) -> datetime:
    """Return the time at which an advance ends."""
    try:
        return begin + parse_duration(goal)
    except DurationError:
        return read_time(goal)


def read_goal(goal: str) -> ApiCall[Advance]:
    """Return the advance that an argument stands for.

    Raises:
        click.UsageError: it is not a duration, a time, `next` or `idle`.

    """
    if goal == "idle":
        return server.advance(until="idle")
    if goal == "next":
        return server.advance(until="next")
    try:
        parse_duration(goal)
    except DurationError as error:
        problem = f"{error}; a time with its zone such as {SAMPLE_TIME}, next and idle are also accepted"
        try:
            return server.advance(to=read_time(goal))
        except ValueError as not_a_time:
            raise click.UsageError(str(not_a_time) if DATED.match(goal) else problem) from None
    return server.advance(goal)


@click.command()
@limit_option
@api_command
def agenda(context: CommandContext, limit: int | None) -> None:
    """List what is due next on the clock: status changes and callbacks, the first entry first."""
    context.execute(server.agenda(limit=limit), lambda due: tables.agenda(due) if due.items else "nothing is pending")


@click.command()
@click.argument("scenario", metavar="NAME|FILE")
@api_command
def use(context: CommandContext, scenario: str) -> int:
    """Switch to another scenario. Give the name of one that the server has, or a file to send to it."""
    call = server.load_scenario(read_document(Path(scenario))) if is_file(scenario) else server.use(scenario)
    try:
        context.execute(call, lambda used: f"scenario {used.name}")
    except RefusedError as error:
        for mistake in with_own_names(error, click.get_current_context().command).mistakes:
            place = f"{SENT}:{mistake.line}:{mistake.column}: "  # other mistakes are in a scenario that it extends
            line = str(mistake)
            own = line.startswith(place)
            click.echo(f"sms-sandbox: {scenario + line.removeprefix(SENT) if own else line}", err=True)
        return exit_code(error)
    return 0


def read_document(path: Path) -> str:
    """Return the text of a scenario's file.

    Raises:
        click.UsageError: it cannot be read, is empty, or only names a scenario.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = error.strerror or str(error)
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8"
    else:
        problem = "" if text.strip() else "the file is empty; write a scenario as YAML or JSON"
        with suppress(FileError):  # the server lists all mistakes
            value = parse(text, str(path)).value
            if isinstance(value, dict) and {"name"} <= set(value) <= {"name", "description"}:
                problem = (
                    f"the file only names a scenario; to use the one of that name, run: sms-sandbox use {value['name']}"
                )
        if not problem:
            return text
    message = f"{path}: {problem}"
    raise click.UsageError(message)


@click.command()
@api_command
def reset(context: CommandContext) -> None:
    """Reset a workspace to its start. Nothing that was sent before arrives afterwards."""
    context.execute(server.reset(), lambda fresh: f"workspace {fresh.id} has been reset, seed {fresh.seed}")


@click.command()
@filter_options
@click.option("--exactly", type=WholeNumber(0), help="Expected number of messages.")
@click.option("--at-least", type=WholeNumber(0), help="Minimum number of messages (default: 1).")
@click.option("--at-most", type=WholeNumber(0), help="Maximum number of messages.")
@wait_options
@api_command
def verify(context: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """Count the messages that match. Exit code 1, with near misses, if the number is not as expected."""
    counts = [name for name in ("exactly", "at_least", "at_most") if given[name] is not None]
    if len(counts) > 1:
        *others, last = (f"--{name.replace('_', '-')}" for name in counts)
        message = f"{', '.join(others)} and {last} cannot be combined"
        raise click.UsageError(message)
    return 0 if context.execute(traffic.verify(**given), tables.verdict) else NO


@click.command()
@click.option("--make", is_flag=True, help="Create a workspace and print its keys.")
@click.option(
    "--scenario", help="With --make: scenario, by its name or file (default: the server's).", metavar="NAME|FILE"
)
@click.option(
    "--clock", callback=check_clock, help="With --make: real, frozen or a speed such as 60x.", metavar="CLOCK"
)
@click.option("--seed", type=WholeNumber(0), help="With --make: seed (default: random).")
@click.option("--ttl", type=Duration(), help="With --make: delete the workspace when unused this long (default: 1h).")
@click.option("--env", is_flag=True, help="With --make: print URL and keys as environment variables, NAME=VALUE.")
@click.option("--delete", help="Delete a workspace; its keys stop working.", metavar="ID")
@api_command
def workspaces(  # noqa: PLR0913 - click passes options by name
    context: CommandContext,
    *,
    make: bool,
    scenario: str | None,
    clock: str | None,
    seed: int | None,
    ttl: str | None,
    env: bool,
    delete: str | None,
) -> None:
    """List, create or delete workspaces."""
    settings = {"--scenario": scenario, "--clock": clock, "--seed": seed, "--ttl": ttl, "--env": env or None}
    given = [name for name, value in settings.items() if value is not None]
    if given and not make:
        message = f"{given[0]} requires --make"
        raise click.UsageError(message)
    if make and delete is not None:
        message = "--make and --delete cannot be combined"
        raise click.UsageError(message)
    if delete == "":
        message = "--delete: the id is empty; sms-sandbox workspaces lists the ids"
        raise click.UsageError(message)
    if delete is not None:
        context.execute(server.delete_workspace(delete), lambda _: f"deleted {delete}")
    elif make:
        call = server.make_workspace(scenario=scenario, clock=clock, seed=seed, ttl=ttl)
        if env:
            made = context.client.execute(call)
            variables = environment(context.client.url, made.id, made.keys)
            click.echo("\n".join(f"{name}={value}" for name, value in variables.items()))
        else:
            context.execute(call, tables.workspace)
    else:
        context.execute(server.workspaces(limit=1000), tables.workspaces)
