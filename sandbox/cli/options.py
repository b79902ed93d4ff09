"""What the options of several commands are made of: their environment variables, and how their values are read."""

import ipaddress
import os
import re
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from sandbox.core.callback import HOST
from sandbox.core.clock import ClockMode, DurationError, parse_duration

WRONG_USE = 2  # the exit code of wrong use, or of no server to talk to
PREFIX = "SANDBOX_"  # of every environment variable
TARGET = "SANDBOX_CALLBACK_"  # a provider's name follows
# Variables that no flag of the command line has: the fixture's, README's pictures', and that of the inbox's curl lines.
ELSEWHERE = frozenset({"SANDBOX_RECEIVER_HOST", "SANDBOX_PICTURES", "SANDBOX_KEY"})

Options = Callable[[Callable[..., object]], Callable[..., object]]

PATH = click.Path(path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TLS_DIR = str(Path(click.get_app_dir("sms-sandbox")) / "tls")

PACE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)x", re.ASCII)
DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
WHOLE = re.compile(r"\d{1,18}", re.ASCII)
TOKEN = re.compile(r"[!-~]+", re.ASCII)


def flag(name: str, text: str, **more: Any) -> Options:  # noqa: ANN401 - click's own keywords
    """Return an option whose environment variable is named after it."""
    return click.option(name, envvar=variable(name), help=f"{text} [env: {variable(name)}]", **more)


def listed(name: str, text: str, check: Callable[[str], str] = str, **more: Any) -> Options:  # noqa: ANN401 - as above
    """Return a repeatable option, comma-separated in its environment variable; `check` reads each of its values."""

    def split(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        given = values or os.environ.get(variable(name), "").split(",")
        return tuple(check(str(value).strip()) for value in given if str(value).strip())

    told = f"{text} Repeatable. [env: {variable(name)}]"
    return click.option(name, cls=Listed, envvar=variable(name), multiple=True, callback=split, help=told, **more)


class Listed(click.Option):
    """An option whose environment variable its callback reads: click would split it at blanks, not at commas."""

    def resolve_envvar_value(self, ctx: click.Context) -> None:  # noqa: ARG002 - click's own signature
        """Return nothing."""
        return


def variable(name: str) -> str:
    """Return the environment variable of a flag."""
    return PREFIX + name.removeprefix("--").replace("-", "_").upper()


def unknown_variables(commands: Iterable[click.Command], environ: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each variable of ours that nothing reads, with the near miss."""
    known = {str(each.envvar) for command in commands for each in command.params if each.envvar} | ELSEWHERE
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith(TARGET):
            stem, _, provider = name.rpartition("_")
            target = [TARGET + provider] if get_close_matches(f"{stem}_", [TARGET], cutoff=0.9) else []
            words = [each.removeprefix(PREFIX) for each in (*sorted(known), *target)]
            near = get_close_matches(name.removeprefix(PREFIX), words, n=1)
            hint = f"Did you mean {PREFIX}{near[0]}?" if near else "sms-sandbox serve --help lists those of serve."
            yield f"no setting is called {name}. {hint}"


class Whole(click.IntRange):
    """A whole number from `least`, to `most` where there is one."""

    name = "number"

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self.allowed = range(least, sys.maxsize if most is None else most + 1)
        self.goal = f", {least} or more" if most is None else f" from {least} to {most}"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        text = str(value)
        if WHOLE.fullmatch(text) and int(text) in self.allowed:
            return int(text)
        message = f"'{value}' is not a whole number{self.goal}"
        raise click.BadParameter(message, ctx, param)


class Rate(click.FloatRange):
    """How often in a second, at most `most` times."""

    name = "number"

    def __init__(self, most: int) -> None:
        super().__init__(0, most, min_open=True)
        self.most = most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the rate."""
        text = str(value)
        if DECIMAL.fullmatch(text) and 0 < float(text) <= self.most:
            return float(text)
        message = f"'{value}' is not a number above 0 and up to {self.most}, such as 5 or 0.5"
        raise click.BadParameter(message, ctx, param)


class Span(click.types.StringParamType):
    """A duration, as it was written."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text of a duration."""
        try:
            parse_duration(value)
        except DurationError as error:
            raise click.BadParameter(str(error), ctx, param) from None
        return str(value)


def read_clock(_: click.Context, __: click.Parameter, value: str | None) -> tuple[ClockMode, float] | None:
    """Read `real`, `frozen`, or a pace such as `60x`."""
    if value is None:
        return None
    if value in {ClockMode.REAL, ClockMode.FROZEN}:
        return ClockMode(value), 1.0
    match = PACE.fullmatch(value)
    if match is None or float(match[1]) == 0:
        message = f"'{value}' is no clock; there are real, frozen, or a pace such as 60x"
        raise click.BadParameter(message)
    return ClockMode.SCALED, float(match[1])


def check_clock(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the word for a clock as it was written."""
    read_clock(context, parameter, value)
    return value


def check_token(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return a token that a header can carry."""
    if value is not None and not TOKEN.fullmatch(value):
        message = "it is empty or has characters that a header cannot carry; letters, digits and signs will do"
        raise click.BadParameter(message)
    return value


def check_certificates(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Return a file that has certificates in it."""
    if value is None:
        return None
    try:
        ssl.create_default_context(cafile=value)
    except OSError:  # which those of TLS are, too
        message = f"'{value}' has no certificates in it that can be read; they must be PEM"
        raise click.BadParameter(message) from None
    return value


def check_host(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return an address to listen on; whether this machine has it is seen when the port is opened."""
    if not value:
        message = "it is empty; write 127.0.0.1 for this machine alone, or 0.0.0.0 for every network"
        raise click.BadParameter(message)
    return value


def check_network(value: str) -> str:
    """Return the name of a host, an address or a network."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not HOST.fullmatch(value):
            message = f"'{value}' is no host, address or network, such as hooks.example, 203.0.113.7 or 203.0.113.0/24"
            raise click.BadParameter(message) from None
    return value


def check_origin(value: str) -> str:
    """Return an origin of web pages, as browsers write it, or `*`."""
    from sandbox.server.app import read_origin  # noqa: PLC0415 - the other commands need nothing of the server

    origin = read_origin(value)
    if origin is None:
        message = f"'{value}' is no origin, such as http://localhost:3000, or * for any"
        raise click.BadParameter(message)
    return origin


def check_host_name(value: str) -> str:
    """Return the name of a host, or `*.` and the end of many, in small letters."""
    name = value.lower().removesuffix(".")
    if not HOST.fullmatch(name.removeprefix("*.")):
        message = f"'{value}' is no name of a host, such as sms.example.com or *.example.com, without scheme and port"
        raise click.BadParameter(message)
    return name
