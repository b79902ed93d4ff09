"""`demo`: fill a running server with invented traffic, and show the progress."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from sandbox.cli.api_options import server_options
from sandbox.cli.options import Duration, Rate, WholeNumber, default_url
from sandbox.core.clock import ClockMode, monotonic, parse_duration
from sandbox.core.errors import SandboxError
from sandbox.core.seeded_random import make_seed

if TYPE_CHECKING:
    from sandbox.client import AsyncClient, Provider
    from sandbox.demo.sender import Limits

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
    from sandbox.client import AsyncClient  # noqa: PLC0415 - `ready` starts without it
    from sandbox.demo.sender import Limits  # noqa: PLC0415

    seconds = parse_duration(span).total_seconds() if span else None
    if seconds == 0:
        message = f"'{span}' must be longer than 0; use a duration such as 30s or 2m"
        raise click.BadParameter(message, param_hint="'--for'")
    client = AsyncClient(url or default_url(), token=control_token or None, workspace=workspace or None)
    progress = ProgressDisplay(client.url, Limits(rate, count, seconds), make_seed() if seed is None else seed)
    try:
        asyncio.run(fill(client, workspace or "default", progress))
    finally:
        progress.end()


async def fill(client: "AsyncClient", workspace: str, progress: "ProgressDisplay") -> None:
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


def _why_not(provider: "Provider", refusals: Mapping[str, str]) -> str:
    """Return why a provider is no part of the demo, unless it has a sample that it accepts."""
    if not provider.credentials:
        return f"it {NO_KEY}"
    refusal = refusals.get(provider.name)
    return f"it {NO_SAMPLE}" if refusal is None else f"its sample of a request that sends is refused with {refusal}"


class ProgressDisplay:
    """Shows the progress: on a terminal in one line that changes, elsewhere in a line every ten seconds."""

    def __init__(self, url: str, limits: "Limits", seed: int) -> None:
        from sandbox.cli.progress import LiveLine  # noqa: PLC0415 - as above
        from sandbox.demo.sender import Totals  # noqa: PLC0415

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
