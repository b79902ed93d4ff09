"""`send`, `inbound` and `demo`: send a message to a running server, as an application or as a phone, or many of them.

What an application sends is made from a sample of the provider's spec. `demo` shows the progress.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from sandbox.cli.api_options import DEFAULT, CommandContext, api_command, server_options
from sandbox.cli.options import NO, Duration, Rate, WholeNumber, default_url
from sandbox.cli.progress import LiveLine
from sandbox.client import AsyncClient, Provider, tables, traffic
from sandbox.core.clock import ClockMode, monotonic, parse_duration
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import make_seed

if TYPE_CHECKING:
    from sandbox.demo.request_templates import PreparedRequest, SampleRequest
    from sandbox.demo.sender import Limits


class NoSampleError(SandboxError):
    """An operation has no sample."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message is to have in place of the values of the sample, and who sends it how."""

    provider: str | None
    operation: str | None
    to: str | None
    text: str | None
    sender: str | None
    account: str | None

    def request(self, sample: "SampleRequest", keys: Mapping[str, str]) -> "PreparedRequest":
        """Return the request that a sample gives.

        Raises:
            click.UsageError: the sample lacks what is to be replaced.

        """
        if self.account is not None and not sample.credentials:
            message = f"--account: {sample.provider} asks for no key"
            raise click.UsageError(message)
        credentials = {**keys, **({} if self.account is None else {sample.credentials[0]: self.account})}
        wanted = {"recipient": ("--to", self.to), "text": ("--text", self.text), "sender": ("--from", self.sender)}
        replaced: dict[str, str] = {}  # the new values by parameter
        for field, (option, value) in wanted.items():
            if value is not None:
                name = sample.field(field)
                if name is None:
                    message = f"{option}: the sample of {sample.operation.name} names no {field}"
                    raise click.UsageError(message)
                replaced[name] = value
        recipient = sample.field("recipient")

        def change(name: str, value: str) -> str:
            if name in credentials:
                return credentials[name]
            if name == recipient:  # only the first number of several
                first = replaced.pop(name, None)
                return value if first is None else ",".join((first, *value.split(",")[1:]))
            return replaced.get(name, value)

        return sample.render(change)


@click.command()
@click.option("--provider", help="Provider, such as ubill (default: the first).")
@click.option("--operation", help="Operation, such as betatel.whatsapp.otp (default: the first that sends).")
@click.option("--to", help="Recipient (default: the sample's).", metavar="NUMBER")
@click.option("--text", help="Text of the message (default: the sample's).")
@click.option("--from", "sender", help="Sender (default: the sample's).", metavar="ID")
@click.option("--account", help="Key of the request (default: the workspace's key, or demo).", metavar="KEY")
@api_command
def send(context: CommandContext, **given: str | None) -> int:
    """Send a message as an application would. Exit code 1 if it is refused, or no reply comes."""
    name, wanted = context.workspace, Wanted(**given)
    if wanted.account is not None and name != DEFAULT and not wanted.account.startswith(name):
        message = f"--account: '{wanted.account}' is no key of the workspace {name}; its keys begin with {name}"
        raise click.UsageError(message)
    number = asyncio.run(send_request(context.client.url, find_request(context, wanted)))
    if not number:
        click.echo("sms-sandbox: no reply came; sms-sandbox requests list shows what was received", err=True)
        return NO
    return NO if context.execute(traffic.request(number), tables.sent).refused else 0


def find_request(context: CommandContext, wanted: Wanted) -> "PreparedRequest":
    """Return the request that is wanted.

    Raises:
        NoSampleError: the operation has no sample.

    """
    from sandbox.demo.request_templates import sample_requests  # noqa: PLC0415 - few commands need its libraries

    keys = context.client.show_workspace(context.workspace).keys
    provider, operation = choose(context.client.providers(), wanted)
    sample = min(sample_requests(provider), key=lambda each: each.recipients, default=None)
    if sample is None:
        message = f"{operation} has no sample in its spec; add one under examples of its request body"
        raise NoSampleError(message)
    return wanted.request(sample, keys.get(provider.name, {}))


async def send_request(url: str, request: "PreparedRequest") -> int:
    """Send a request; return its number in the journal, 0 if no reply came."""
    from sandbox.demo.sender import connect  # noqa: PLC0415 - as above

    async with connect(url) as connection:
        return await connection.number_of(request)


def choose(providers: Sequence[Provider], wanted: Wanted) -> tuple[Provider, str]:
    """Return the provider that is wanted, with one operation, and the name of that operation.

    Raises:
        click.UsageError: there is no such provider, or no such operation that sends messages.

    """
    names = [each.name for each in providers]
    if wanted.provider is not None and wanted.provider not in names:
        message = f"--provider: no provider is called '{wanted.provider}'.{near_miss(wanted.provider, names)}"
        raise click.UsageError(message)
    found = {
        str(operation["name"]): replace(provider, operations=(operation,))
        for provider in providers
        for operation in provider.operations
        if operation["channel"] and wanted.provider in (None, provider.name)
    }
    name = next(iter(found), None) if wanted.operation is None else wanted.operation
    if name is None or name not in found:
        near = near_miss(name or "", found)
        whose = "" if wanted.provider is None else f" of {wanted.provider}"
        message = f"--operation: no operation{whose} that sends messages is called '{name}'.{near}"
        raise click.UsageError(message)
    return found[name], name


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
    context.execute(traffic.inbound(**given), lambda message: tables.messages([message]))


MAX_RATE = 1000  # requests per second
REDRAW, REPEAT = 0.1, 10.0  # seconds between progress lines: on a terminal, elsewhere
NO_SAMPLE = "accepts no sample of a request that sends; add an example"
NO_KEY = "asks for no key, so a sample cannot be tried in a workspace of its own"


class NothingToSendError(SandboxError):
    """No provider accepts an example of a request that sends a message."""


@click.command()
@click.option(
    "--rate",
    type=Rate(MAX_RATE),
    default=5.0,
    show_default=True,
    help="Requests per second.",
)
@click.option("--count", type=WholeNumber(1), help="Stop after this many requests.")
@click.option("--for", "span", type=Duration(), help="Stop after this time, such as 2m.")
@click.option("--seed", type=WholeNumber(0), help="Same seed gives the same requests (default: random).")
@server_options
def demo(  # noqa: PLR0913 - click passes options by name
    *,
    rate: float,
    count: int | None,
    span: str | None,
    seed: int | None,
    url: str | None,
    workspace: str | None,
    control_token: str | None,
) -> None:
    """Fill a running server with invented messages. Sends codes, orders, failures and refusals until Ctrl-C."""
    from sandbox.demo.sender import Limits  # noqa: PLC0415 - as above

    seconds = parse_duration(span).total_seconds() if span else None
    if seconds == 0:
        message = f"'{span}' must be longer than 0; use a duration such as 30s or 2m"
        raise click.BadParameter(message, param_hint="'--for'")
    client = AsyncClient(url or default_url(), token=control_token or None, workspace=workspace or None)
    progress = ProgressDisplay(client.url, Limits(rate, count, seconds), make_seed() if seed is None else seed)
    try:
        asyncio.run(fill(client, workspace or DEFAULT, progress))
    finally:
        progress.end()


async def fill(client: AsyncClient, workspace: str, progress: "ProgressDisplay") -> None:
    """Find out what the providers accept, and send it up to the limits or until Ctrl-C."""
    from sandbox.demo.request_templates import find_templates  # noqa: PLC0415 - as above
    from sandbox.demo.sender import Traffic, connect, send_all  # noqa: PLC0415

    with suppress(asyncio.CancelledError):
        async with connect(client.url) as connection:
            keys = (await client.show_workspace(workspace)).keys
            clock = await client.clock()
            providers = await client.providers()
            found = await find_templates(client, providers, connection.number_of)
            traffic = Traffic(found.templates, keys, seed=progress.seed)
            left_out = {each.name: _why_not(each, found.refusals) for each in providers}
            progress.begin(left_out, tuple(traffic.providers), clock.mode)
            await send_all(client, connection, traffic, progress.limits, progress.totals, progress.update)


def _why_not(provider: Provider, refusals: Mapping[str, str]) -> str:
    """Return why a provider is no part of the demo, unless it has a sample that it accepts."""
    if not provider.credentials:
        return f"it {NO_KEY}"
    refusal = refusals.get(provider.name)
    return f"it {NO_SAMPLE}" if refusal is None else f"its sample of a request that sends is refused with {refusal}"


class ProgressDisplay:
    """Shows the progress: on a terminal in one line that changes, elsewhere in a line every ten seconds."""

    def __init__(self, url: str, limits: "Limits", seed: int) -> None:
        from sandbox.demo.sender import Totals  # noqa: PLC0415 - as above

        self.url = url
        self.limits = limits
        self.seed = seed
        self.totals = Totals()
        self._line = LiveLine(sys.stdout)
        self._shown = monotonic()

    def begin(self, providers: Mapping[str, str], usable: Sequence[str], clock: str) -> None:
        """Show what will be sent; `providers` says of each why it is left out if it is not usable.

        Raises:
            NothingToSendError: no provider can be sent messages.

        """
        for name, why in providers.items():
            if name not in usable:
                click.echo(f"skipping {name}: {why}", err=True)
        if not usable:
            message = "no provider accepts an example of a request that sends a message; add one to its spec"
            raise NothingToSendError(message)
        click.echo(
            f"sending to {', '.join(usable)} at {self.url}: {self.limits.rate:g} requests per second,"
            f" seed {self.seed}; press Ctrl-C to stop"
        )
        if clock == ClockMode.FROZEN:
            click.echo("the clock is frozen; to deliver the messages, run: sms-sandbox advance 5m")

    def update(self) -> None:
        """Show the totals, unless they were shown just before."""
        if monotonic() - self._shown >= (REDRAW if self._line.is_live else REPEAT):
            self._shown = monotonic()
            if self._line.is_live:
                self._line.draw(self._summary())
            else:
                click.echo(self._summary())

    def end(self) -> None:
        """Show what was sent, if anything was."""
        if not self.totals.sent:
            return
        self._line.clear()
        click.echo(self._summary())
        for name, number in sorted(self.totals.operations.items()):
            click.echo(f"  {name:26} {number}")
        click.echo(f"inbox: {self.url}/")

    def _summary(self) -> str:
        goal = f" of {self.limits.maximum}" if self.limits.count else ""
        shares = ", ".join(f"{number} {how}" for how, number in self.totals.outcomes.items())
        return f"{self.totals.sent}{goal} sent in {self.totals.seconds:.0f} s: {shares}"
