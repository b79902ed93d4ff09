"""`serve`: every flag has an environment variable; flag over environment over scenario over default."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from sandbox.core.clock import Mode

Options = Callable[[Callable[..., object]], Callable[..., object]]
PACE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)x", re.ASCII)


def flag(name: str, text: str, **more: Any) -> Options:  # noqa: ANN401 - click's own keywords
    """Return an option whose environment variable is named after it."""
    return click.option(name, envvar=variable(name), help=f"{text} [env: {variable(name)}]", **more)


def listed(name: str, text: str, **more: Any) -> Options:  # noqa: ANN401 - click's own keywords
    """Return a repeatable option, comma-separated in its environment variable."""

    def split(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        given = values or (os.environ.get(variable(name), ""),)
        return tuple(part.strip() for value in given for part in str(value).split(",") if part.strip())

    return click.option(name, multiple=True, callback=split, help=f"{text} Repeatable. [env: {variable(name)}]", **more)


def variable(name: str) -> str:
    """Return the environment variable of a flag."""
    return "SANDBOX_" + name.removeprefix("--").replace("-", "_").upper()


def read_clock(_: click.Context, __: click.Parameter, value: str | None) -> tuple[Mode, float] | None:
    """Read `real`, `frozen`, or a pace such as `60x`."""
    if value is None:
        return None
    if value in {Mode.REAL, Mode.FROZEN}:
        return Mode(value), 1.0
    match = PACE.fullmatch(value)
    if match is None or float(match[1]) == 0:
        message = f"'{value}' is no clock; there are real, frozen, or a pace such as 60x"
        raise click.BadParameter(message)
    return Mode.SCALED, float(match[1])


def read_callbacks(pairs: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the callback URLs by provider: flags over `SANDBOX_CALLBACK` over `SANDBOX_CALLBACK_PROVIDER`."""
    prefix = variable("--callback") + "_"
    named = {name[len(prefix) :].lower(): url for name, url in environ.items() if name.startswith(prefix) and url}
    named.pop("ca", None)
    for pair in pairs:
        provider, sign, url = pair.partition("=")
        if not sign:
            message = f"--callback: '{pair}' is not PROVIDER=URL, such as betatel=http://127.0.0.1:9000/dlr"
            raise click.UsageError(message)
        named[provider] = url
    return named


PATH = click.Path(path_type=Path)
TLS_DIR = str(Path(click.get_app_dir("sms-sandbox")) / "tls")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@flag("--host", "Where to listen.", default="127.0.0.1", show_default=True)
@flag("--port", "Where to listen; 0 picks a free port.", default=8080, type=click.IntRange(0, 65535), show_default=True)
@flag("--scenario", "The name of a scenario, or a file.", default="default", show_default=True)
@flag("--scenarios", "A folder with scenarios of your own.", type=FOLDER)
@flag("--watch", "Follow edits of scenario files.", is_flag=True)
@flag("--seed", "The same seed and requests give the same bytes.", type=click.IntRange(min=0))
@flag("--clock", "real, frozen, or a pace such as 60x.", callback=read_clock, metavar="CLOCK")
@listed("--callback", "PROVIDER=URL: where a provider's callbacks go.", metavar="PROVIDER=URL")
@flag("--callback-ca", "Certificates that an https receiver's is checked with.", type=FILE)
@listed("--allow-callback", "A host or network that callbacks may also reach.", metavar="HOST|CIDR")
@flag("--control-token", "What control calls must carry as a bearer token.")
@flag("--tls", "Serve HTTPS too, by a local authority.", is_flag=True)
@flag("--tls-port", "Where to serve HTTPS.", default=8443, type=click.IntRange(0, 65535), show_default=True)
@flag("--tls-dir", "Where the authority is kept.", default=TLS_DIR, type=PATH, show_default=True)
@flag("--max-pending", "Refuse sends while so much is due.", default=1_000_000, type=click.IntRange(1))
@flag("--log", "text or json.", type=click.Choice(["text", "json"]), default="text", show_default=True)
@flag("--log-bodies", "Log bodies too, codes and all.", is_flag=True)
@listed("--specs", "A folder with provider specs of your own.", metavar="DIR")
def serve(**given: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Serve until Ctrl-C."""
    from sandbox.serving import Options, event_loop, run  # noqa: PLC0415 - the other commands need no server

    given["callback"] = read_callbacks(given["callback"], os.environ)
    given["specs"] = tuple(map(Path, given["specs"]))
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(run(Options(**given), say=click.echo, log=lambda text: click.echo(text, err=True, nl=False)))


COMMANDS = (serve,)
