"""Commands that talk to a running server through its control API: tables for people, `--json` for scripts.

Each imports the client itself, so that `serve` and `ready` start without it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandbox.cli.error_words import in_own_words, worded
from sandbox.cli.inspect import default_url
from sandbox.cli.options import WRONG_USE, Span, Whole, check_clock, flag
from sandbox.core.clock import DurationError, parse_duration

if TYPE_CHECKING:
    from sandbox.client import Advance, Client
    from sandbox.client.call import ApiCall

Answer = TypeVar("Answer")
Command = Callable[..., object]

NO = 1  # the exit code of an answer that is no
SENT = "scenario"  # what a server calls a scenario that it was sent


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A server to talk to, and how its answers are told."""

    client: "Client"
    as_json: bool

    def ask(self, question: "ApiCall[Answer]", show: Callable[[Answer], str]) -> Answer:
        """Put a question, tell its answer, and return it."""
        raw, answer = self.client.ask(question.read_by(lambda raw: (raw, question.parse(raw))))
        if not self.as_json:
            click.echo(show(answer))
        elif raw:
            click.echo(json.dumps(json.loads(raw), indent=2))
        return answer


def finding(command: Command) -> Command:
    """Give a command the options by which it finds its server and workspace; refusals come in its own words."""
    found = worded(command)
    for option in (
        flag("--control-token", "The token that the server asks for.", metavar="TOKEN"),
        flag("--workspace", "The id of a workspace; `default` unless told.", metavar="ID"),
        flag("--url", "Where the server is.", metavar="URL"),
    ):
        found = option(found)
    return found


def talking(command: Command) -> Command:
    """Give a command the options by which it finds its server, and a `CommandContext` to it."""

    @finding
    @click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
    @wraps(command)
    def with_talk(
        *,
        url: str | None,
        workspace: str | None,
        control_token: str | None,
        as_json: bool,
        **given: Any,  # noqa: ANN401 - each option has its own type
    ) -> object:
        from sandbox.client import Client  # noqa: PLC0415 - see above

        client = Client(url or default_url(), token=control_token or None, workspace=workspace or None)
        return command(CommandContext(client, as_json), **given)

    return with_talk


def provider(command: Command) -> Command:
    """Give a command the option `--provider`."""
    return click.option("--provider", help="Only this provider's, such as betatel.")(command)


def status(command: Command) -> Command:
    """Give a command the option `--status`."""
    return click.option("--status", help="Only those in this status, ours or the provider's.")(command)


def matching(command: Command) -> Command:
    """Give a command the options that say which messages it is about."""
    for option in (
        click.option("--text", help="Only those whose text has this in it."),
        click.option("--from", "sender", help="Only those from this sender."),
        click.option("--to", help="Only those to this number."),
        click.option("--operation", help="Only this operation's, such as betatel.sms.send."),
        provider,
    ):
        command = option(command)
    return command


def waiting(command: Command) -> Command:
    """Give a command the options `--since` and `--wait`."""
    wait = click.option("--wait", type=Span(), help="How long to wait for it, such as 10s; at most 60s.")
    since = click.option("--since", help="After the message of this id, or after this time.", metavar="ID|TIME")
    return since(wait(command))


@click.command()
@matching
@click.option("--account", help="Only those of this key.", metavar="KEY")
@status
@click.option("--code", help="Only those with this one-time code.")
@waiting
@click.option("--limit", type=Whole(1, 1000), help="How many at most; 50 unless told.")
@talking
def messages(talk: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """List what was sent, newest first. Exit code 0, or 1 where --wait is given and none came."""
    from sandbox.client import tables, traffic  # noqa: PLC0415 - see above

    page = talk.ask(traffic.messages(**given), lambda page: tables.messages(page) if page else "no messages")
    return NO if given["wait"] is not None and not page else 0


@click.command()
@click.argument("to", metavar="NUMBER")
@provider
@click.option("--code", help="The code itself, to see whether it was sent.")
@waiting
@talking
def otp(talk: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """Print the newest one-time code for a number. Exit code 0, or 1 where there is none."""
    from sandbox.client import NotFoundError, traffic  # noqa: PLC0415 - see above

    try:
        talk.ask(traffic.otp(**given), lambda found: found.code)
    except NotFoundError as error:
        if error.of_workspace:
            raise
        click.echo(f"sms-sandbox: {error.mistakes[0].problem}", err=True)
        return NO
    return 0


@click.command()
@click.argument("goal", metavar="DURATION|TIME|idle")
@talking
def advance(talk: CommandContext, goal: str) -> None:
    """Let the clock pass. For a duration such as 5m, up to a time, or until nothing is pending."""
    from sandbox.client import tables  # noqa: PLC0415 - see above

    talk.ask(toward(goal), tables.advance)


def toward(goal: str) -> "ApiCall[Advance]":
    """Return the advance that a word on the command line means.

    Raises:
        click.UsageError: it means none.

    """
    from sandbox.client import state  # noqa: PLC0415 - see above

    if goal == "idle":
        return state.advance(until="idle")
    try:
        parse_duration(goal)
    except DurationError as error:
        at = _instant(goal)
        if at is not None:
            return state.advance(to=at)
        message = f"{error}, or a time with its zone such as 2026-03-02T12:00:00Z, or idle"
        raise click.UsageError(message) from None
    return state.advance(goal)


def _instant(goal: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(goal)
    except ValueError:
        return None
    return None if at.tzinfo is None else at


@click.command()
@click.argument("scenario", metavar="NAME|FILE")
@talking
def use(talk: CommandContext, scenario: str) -> int:
    """Behave as a scenario says from now on. It is one that the server knows by name, or a file of yours."""
    from sandbox.client import RefusedError, state  # noqa: PLC0415 - see above
    from sandbox.core.scenario import is_file  # noqa: PLC0415 - as above

    question = state.load_scenario(_text(Path(scenario))) if is_file(scenario) else state.use(scenario)
    try:
        talk.ask(question, lambda used: f"scenario {used.name}")
    except RefusedError as error:
        for mistake in in_own_words(error, click.get_current_context().command).mistakes:
            place = f"{SENT}:{mistake.line}:{mistake.column}: "  # in what was sent; else in what that extends
            line = str(mistake)
            own = line.startswith(place)
            click.echo(f"sms-sandbox: {scenario + line.removeprefix(SENT) if own else line}", err=True)
        return WRONG_USE
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8"
    raise click.UsageError(message)


@click.command()
@talking
def reset(talk: CommandContext) -> None:
    """Bring a workspace back to its start. Nothing of before arrives afterwards."""
    from sandbox.client import state  # noqa: PLC0415 - see above

    talk.ask(state.reset(), lambda fresh: f"workspace {fresh.id} is as at its start, seed {fresh.seed}")


@click.command()
@matching
@status
@click.option("--exactly", type=Whole(0), help="Passes with this many.")
@click.option("--at-least", type=Whole(0), help="Passes with this many or more; 1 unless told.")
@click.option("--at-most", type=Whole(0), help="Passes with this many or fewer.")
@waiting
@talking
def verify(talk: CommandContext, **given: Any) -> int:  # noqa: ANN401 - each option has its own type
    """Count the messages that match. Exit code 0 if it passes, else 1, with what nearly matches."""
    from sandbox.client import tables, traffic  # noqa: PLC0415 - see above

    counts = [name for name in ("exactly", "at_least", "at_most") if given[name] is not None]
    if len(counts) > 1:
        *others, last = (f"--{name.replace('_', '-')}" for name in counts)
        message = f"{', '.join(others)} and {last} do not go together"
        raise click.UsageError(message)
    return 0 if talk.ask(traffic.verify(**given), tables.verdict) else NO


@click.command()
@click.option("--make", is_flag=True, help="Make one and print its keys.")
@click.option("--scenario", help="With --make: how it behaves.", metavar="NAME")
@click.option("--clock", callback=check_clock, help="With --make: real, frozen, or a pace such as 60x.")
@click.option("--seed", type=Whole(0), help="With --make: the same seed and requests give the same bytes.")
@click.option("--ttl", type=Span(), help="With --make: unused for so long it is deleted; 1h unless told.")
@click.option("--delete", help="End one; its keys are nobody's from then on.", metavar="ID")
@talking
def workspaces(  # noqa: PLR0913 - click hands over options by name
    talk: CommandContext,
    *,
    make: bool,
    scenario: str | None,
    clock: str | None,
    seed: int | None,
    ttl: str | None,
    delete: str | None,
) -> None:
    """List the workspaces, make one, or end one."""
    from sandbox.client import server, tables  # noqa: PLC0415 - see above

    given = {"--scenario": scenario, "--clock": clock, "--seed": seed, "--ttl": ttl}
    alone = [name for name, value in given.items() if value is not None]
    if alone and not make:
        message = f"{alone[0]} goes with --make"
        raise click.UsageError(message)
    if make and delete is not None:
        message = "--make and --delete do not go together"
        raise click.UsageError(message)
    if delete == "":
        message = "--delete: '' is no id; sms-sandbox workspaces lists them"
        raise click.UsageError(message)
    if delete is not None:
        talk.ask(server.delete_workspace(delete), lambda _: f"deleted {delete}")
    elif make:
        talk.ask(server.make_workspace(scenario=scenario, clock=clock, seed=seed, ttl=ttl), tables.workspace)
    else:
        talk.ask(server.workspaces(limit=1000), tables.workspaces)


COMMANDS = (messages, otp, advance, use, reset, verify, workspaces)
