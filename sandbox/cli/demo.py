"""`demo`: fill a running server with invented traffic, told as it goes."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from sandbox.cli.api_commands import finding
from sandbox.cli.inspect import default_url
from sandbox.cli.options import Rate, Span, Whole
from sandbox.core.clock import ClockMode, monotonic, parse_duration
from sandbox.core.errors import SandboxError
from sandbox.core.seeded_random import make_seed

if TYPE_CHECKING:
    from sandbox.client import AsyncClient
    from sandbox.demo.sender import Wish

FASTEST = 1000  # requests a second
REDRAWN, REPEATED = 0.1, 10.0  # seconds between two words on how far it is: on a terminal, elsewhere
WIPE = "\r\x1b[K"


class NothingToSendError(SandboxError):
    """No provider took a sample of a request that sends."""


@click.command()
@click.option(
    "--rate",
    type=Rate(FASTEST),
    default=5.0,
    show_default=True,
    help="Requests a second.",
)
@click.option("--count", type=Whole(1), help="End after so many requests.")
@click.option("--for", "span", type=Span(), help="End after so long, such as 2m.")
@click.option("--seed", type=Whole(0), help="The same seed gives the same requests.")
@finding
def demo(  # noqa: PLR0913 - click hands over options by name
    *,
    rate: float,
    count: int | None,
    span: str | None,
    seed: int | None,
    url: str | None,
    workspace: str | None,
    control_token: str | None,
) -> None:
    """Fill a running server with invented messages. Codes, orders, failures, refusals, until Ctrl-C."""
    from sandbox.client import AsyncClient  # noqa: PLC0415 - `ready` runs every few seconds, so it imports little
    from sandbox.demo.sender import Wish  # noqa: PLC0415

    seconds = parse_duration(span).total_seconds() if span else None
    if seconds == 0:
        message = f"'{span}' is no time at all; write 30s, 2m, or leave it out to go on until Ctrl-C"
        raise click.BadParameter(message, param_hint="'--for'")
    client = AsyncClient(url or default_url(), token=control_token or None, workspace=workspace or None)
    screen = Screen(client.url, Wish(rate, count, seconds), make_seed() if seed is None else seed)
    try:
        asyncio.run(fill(client, workspace or "default", screen))
    finally:
        screen.end()


async def fill(client: "AsyncClient", workspace: str, screen: "Screen") -> None:
    """Learn what the providers take and send it, until the wish is met or somebody interrupts."""
    from sandbox.demo.forms import learn  # noqa: PLC0415 - as above
    from sandbox.demo.sender import dialled, drive  # noqa: PLC0415
    from sandbox.demo.traffic import Traffic  # noqa: PLC0415

    with suppress(asyncio.CancelledError):
        async with dialled(client.url) as line:
            keys = (await client.show_workspace(workspace)).keys
            clock = await client.clock()
            providers = await client.providers()
            traffic = Traffic(await learn(client, providers, line.ask), keys, seed=screen.seed)
            screen.begin([each.name for each in providers], tuple(traffic.providers), clock.mode)
            await drive(line, traffic, screen.wish, screen.tally, screen.step)


class Screen:
    """Tells how far it is: on a terminal in one line that changes, elsewhere in a line now and then."""

    def __init__(self, url: str, wish: "Wish", seed: int) -> None:
        from sandbox.demo.sender import Tally  # noqa: PLC0415 - as above

        self.url = url
        self.wish = wish
        self.seed = seed
        self.tally = Tally()
        self._live = sys.stdout.isatty()
        self._told = monotonic()

    def begin(self, providers: Sequence[str], able: Sequence[str], clock: str) -> None:
        """Tell what is about to be sent.

        Raises:
            NothingToSendError: nothing can be.

        """
        for name in providers:
            if name not in able:
                click.echo(f"{name}: its spec has no sample of a request that sends, so it is left out", err=True)
        if not able:
            message = "no provider took a sample of a request that sends; a spec has them as examples of the body"
            raise NothingToSendError(message)
        click.echo(
            f"filling {self.url} by {', '.join(able)}: {self.wish.rate:g} requests a second, seed {self.seed};"
            " Ctrl-C ends it"
        )
        if clock == ClockMode.FROZEN:
            click.echo("its clock is frozen, so nothing is delivered before: sms-sandbox advance 5m")

    def step(self) -> None:
        """Tell how far it is, if that was some time ago."""
        if monotonic() - self._told >= (REDRAWN if self._live else REPEATED):
            self._told = monotonic()
            click.echo(f"{WIPE}{self._figures()}" if self._live else self._figures(), nl=not self._live)

    def end(self) -> None:
        """Tell what was sent, if anything was."""
        if not self.tally.sent:
            return
        click.echo(f"{WIPE if self._live else ''}{self._figures()}")
        for name, number in sorted(self.tally.operations.items()):
            click.echo(f"  {name:26} {number}")
        click.echo(f"look at it: {self.url}/")

    def _figures(self) -> str:
        goal = f" of {self.wish.most}" if self.wish.count else ""
        shares = ", ".join(f"{number} {how}" for how, number in self.tally.outcomes.items())
        return f"{self.tally.sent}{goal} sent in {self.tally.seconds:.0f} s: {shares}"


COMMANDS = (demo,)
