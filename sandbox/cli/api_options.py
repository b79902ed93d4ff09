"""The common options of the commands that call a server, and its refusals in terms of a command's own options."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import click

from sandbox.cli.options import CommandGroup, Duration, WholeNumber, default_url, env_option
from sandbox.client import Client, NotFoundError, Page, RefusedError
from sandbox.client.call import ApiCall
from sandbox.core.message import Direction

Result = TypeVar("Result")
Row = TypeVar("Row")
Command = Callable[..., object]
DEFAULT = "default"  # the workspace of every key that belongs to no other

# The names that a command may have for a call's field, the likeliest first, if it has not only the field's own.
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "to_contains": ("to", "to_contains"),
    "by": ("goal",),
    "to": ("to", "goal"),
    "until": ("goal",),
    "/start": ("at", "time"),
    "use": ("scenario",),
    "url": ("callback_url", "url"),
    "senders": ("sender",),
    "stop_list": ("stop",),
    "/id": ("id", "ids", "delete", "workspace"),  # as the whole pointer: a sender has an id, too
}
# What a command says, by the place of the mistake, if the server's text would show JSON that cannot be typed.
OWN_PROBLEMS: Mapping[tuple[str, str], str] = {
    **dict.fromkeys(
        [("advance", "/by"), ("advance", "/to")],
        "out of range: the clock runs from the year 1970 to 2999; use idle to advance until nothing is pending",
    ),
    **dict.fromkeys(
        [("freeze", "/start"), ("set", "/start")], "out of range: the clock runs from the year 1970 to 2999"
    ),
    ("set", "/balance"): "this account has several balances; write each as TYPE=AMOUNT, such as trans=5",
}


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A client of the server that a command calls, the id of its workspace, and the format of the output."""

    client: Client
    workspace: str
    as_json: bool

    def fetch(self, call: ApiCall[Result], *, on_sent: Callable[[int], None] | None = None) -> tuple[bytes, Result]:
        """Send a call and return its result with its JSON; `on_sent` is told how many bytes of its body have left."""
        return self.client.execute(call.parsed_by(lambda raw: (raw, call.parse(raw))), on_sent=on_sent)

    def execute(self, call: ApiCall[Result], show: Callable[[Result], str]) -> Result:
        """Send a call, print its result, and return it."""
        raw, result = self.fetch(call)
        self.print(raw, result, show)
        return result

    def print(self, raw: bytes, result: Result, show: Callable[[Result], str]) -> None:
        """Print what `fetch` returned."""
        if not self.as_json:
            click.echo(show(result))
        elif raw:
            click.echo(json.dumps(json.loads(raw), indent=2))


class GroupWithDefault(CommandGroup):
    """A group whose first command runs if none is named: `callbacks --limit 5` is `callbacks list --limit 5`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, with the first command in front of them if they name none."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def server_options(command: Command) -> Command:
    """Give a command the options that name a server and a workspace, and its refusals the names of its options."""
    command = _with_own_names(command)
    for option in (
        env_option("--control-token", "Control token of the server.", metavar="TOKEN"),
        env_option("--workspace", "Workspace id (default: default).", metavar="ID"),
        env_option("--url", "URL of the server (default: http://127.0.0.1:8080).", metavar="URL"),
    ):
        command = option(command)
    return command


def api_command(command: Command) -> Command:
    """Give a command the options of `server_options` and `--json`, and a `CommandContext` as its first argument."""

    @server_options
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_context(
        *,
        url: str | None,
        workspace: str | None,
        control_token: str | None,
        as_json: bool,
        **given: Any,  # noqa: ANN401 - each option has its own type
    ) -> object:

        client = Client(url or default_url(), token=control_token or None, workspace=workspace or None)
        return command(CommandContext(client, workspace or DEFAULT, as_json), **given)

    return with_context


provider_option = click.option("--provider", help="Only messages of this provider, such as betatel.")
code_option = click.option("--code", help="Only messages with this one-time code.")
limit_option = click.option("--limit", type=WholeNumber(1, 1000), help="Maximum number of results (default: 50).")


def filter_options(command: Command) -> Command:
    """Give a command the options that select messages."""
    for option in (
        click.option("--status", help="Only messages with this status (our word or the provider's)."),
        click.option("--account", help="Only messages of this key, in full or masked.", metavar="KEY"),
        click.option(
            "--direction",
            type=click.Choice([each.value for each in Direction]),
            help="Messages to phones (outbound) or from phones (inbound).",
        ),
        click.option("--text", help="Only messages whose text contains this, in upper or lower case."),
        click.option("--from", "sender", help="Only messages from this sender."),
        to_option("message"),
        click.option("--operation", help="Only messages of this operation, such as betatel.sms.send."),
        provider_option,
    ):
        command = option(command)
    return command


def to_option(noun: str) -> Callable[[Command], Command]:
    """Return a decorator that gives a command the option `--to` for a number or a part of one."""
    text = f"Only {noun}s to this number, or to numbers that contain it: a part is enough, as in the inbox."
    return click.option("--to", "to_contains", help=text, metavar="NUMBER")


def wait_options(command: Command) -> Command:
    """Give a command the options `--since` and `--wait`."""
    wait = click.option("--wait", type=Duration(), help="Maximum time to wait, such as 10s (at most 60s).")
    since = click.option("--since", help="Only messages after this message id or time.", metavar="ID|TIME")
    return since(wait(command))


def list_options(noun: str) -> Callable[[Command], Command]:
    """Return a decorator that gives a command the options of every list of a noun, such as `callback`."""

    def decorate(command: Command) -> Command:
        wait = click.option("--wait", type=Duration(), help="Maximum time to wait for one, such as 10s (at most 60s).")
        since = click.option(
            "--since", help=f"Only {noun}s after the {noun} with this number, or after a time.", metavar="NUMBER|TIME"
        )
        provider = click.option("--provider", help=f"Only {noun}s of this provider, such as betatel.")
        return provider(since(wait(limit_option(command))))

    return decorate


def pages(context: CommandContext, make: Callable[[str | None], ApiCall[Page[Row]]]) -> Iterator[Page[Row]]:
    """Yield all pages of a list."""
    cursor: str | None = None
    while True:
        page = context.client.execute(make(cursor))
        yield page
        cursor = page.next
        if cursor is None:
            return


def _with_own_names(command: Command) -> Command:
    @wraps(command)
    def run(**given: Any) -> object:  # noqa: ANN401 - each option has its own type
        try:
            return command(**given)
        except RefusedError as error:
            raise with_own_names(error, click.get_current_context().command) from None

    return run


def with_own_names(error: RefusedError, command: click.Command) -> RefusedError:
    """Return a refusal whose mistakes name a command's options and arguments, such as `--scenario` for `/scenario`."""
    mistakes = tuple(
        replace(
            each,
            at=parameter_name(each.at, command),
            problem=OWN_PROBLEMS.get((command.name or "", each.at), each.problem),
        )
        for each in error.mistakes
    )
    return NotFoundError(mistakes) if isinstance(error, NotFoundError) else RefusedError(error.status, mistakes)


def parameter_name(pointer: str, command: click.Command) -> str:
    """Return the option or argument that a JSON pointer stands for, as it is typed; empty if it has no short name."""
    parameter = next(_candidates(pointer, command), None)
    if isinstance(parameter, click.Argument):
        name = parameter.human_readable_name
        return "" if "|" in name or "[" in name else name
    return "" if parameter is None else parameter.opts[0]


def _candidates(pointer: str, command: click.Command) -> Iterator[click.Parameter]:
    """Yield the parameters that a JSON pointer may stand for, the likeliest first."""
    for step in (pointer, *reversed(pointer.split("/"))):
        for name in OTHER_NAMES.get(step, (step,)):
            option = "--" + name.replace("_", "-")
            yield from (each for each in command.params if option in each.opts or each.opts == [name])
