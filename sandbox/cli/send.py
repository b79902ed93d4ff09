"""`send` and `inbound`: send one message to a running server, as an application would or as a phone.

What an application sends is made from a sample of the provider's spec.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from sandbox.cli.api_options import CommandContext, api_command, server_options
from sandbox.cli.options import NO, default_url
from sandbox.core.errors import SandboxError, near_miss

if TYPE_CHECKING:
    from sandbox.client import AsyncClient, Provider
    from sandbox.demo.request_templates import PreparedRequest, SampleRequest

DEFAULT = "default"  # the workspace of every key that belongs to no other


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
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def send(
    *, url: str | None, workspace: str | None, control_token: str | None, as_json: bool, **given: str | None
) -> int:
    """Send a message as an application would. Exit code 1 if it is refused, or no reply comes."""
    from sandbox.client import AsyncClient, Client, tables, traffic  # noqa: PLC0415 - `ready` starts without it

    name = workspace or DEFAULT
    wanted = Wanted(**given)
    if wanted.account is not None and name != DEFAULT and not wanted.account.startswith(name):
        message = f"--account: '{wanted.account}' is no key of the workspace {name}; its keys begin with {name}"
        raise click.UsageError(message)
    address = url or default_url()
    number = asyncio.run(
        send_sample(AsyncClient(address, token=control_token, workspace=workspace or None), name, wanted)
    )
    if not number:
        click.echo("sms-sandbox: no reply came; sms-sandbox requests list shows what was received", err=True)
        return NO
    context = CommandContext(Client(address, token=control_token, workspace=workspace or None), as_json)
    return NO if context.execute(traffic.request(number), tables.sent).refused else 0


async def send_sample(client: "AsyncClient", workspace: str, wanted: Wanted) -> int:
    """Send the request that is wanted; return its number in the journal, 0 if no reply came.

    Raises:
        NoSampleError: the operation has no sample.

    """
    from sandbox.demo.request_templates import sample_requests  # noqa: PLC0415 - as above
    from sandbox.demo.sender import connect  # noqa: PLC0415 - as above

    keys = (await client.show_workspace(workspace)).keys
    provider, operation = choose(await client.providers(), wanted)
    sample = min(sample_requests(provider), key=lambda each: each.recipients, default=None)
    if sample is None:
        message = f"{operation} has no sample in its spec; add one under examples of its request body"
        raise NoSampleError(message)
    request = wanted.request(sample, keys.get(provider.name, {}))
    async with connect(client.url) as connection:
        return await connection.number_of(request)


def choose(providers: Sequence["Provider"], wanted: Wanted) -> tuple["Provider", str]:
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
    from sandbox.client import tables, traffic  # noqa: PLC0415 - `serve` and `ready` start without it

    context.execute(traffic.inbound(**given), lambda message: tables.messages([message]))
