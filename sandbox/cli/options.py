"""Options that have environment variables, and the types and checks of their values."""

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from sandbox.core.clock import ClockMode, DurationError, parse_duration
from sandbox.core.errors import SandboxError

NO = 1  # the exit code of a negative result
WRONG_USE = 2  # the exit code for invalid arguments, and if no server answers
NOT_POSSIBLE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
PREFIX = "SANDBOX_"  # of all environment variables
CALLBACK_PREFIX = "SANDBOX_CALLBACK_"  # followed by the name of a provider
# Variables that are not options: the pytest fixture reads the first two, the inbox's curl commands use the last.
OTHER_VARIABLES = frozenset({"SANDBOX_RECEIVER_HOST", "SANDBOX_STATE_DIR", "SANDBOX_KEY"})

Options = Callable[[Callable[..., object]], Callable[..., object]]

PATH = click.Path(path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TLS_DIR = str(Path(click.get_app_dir("sms-sandbox")) / "tls")

SPEED = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)x", re.ASCII)
DECIMAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
WHOLE_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
ALMOST_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[tT ]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}(?:\.\d+)?))?)?"
    r"\s*([zZ]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
SAMPLE_TIME = "2026-03-02T12:00:00Z"
TOKEN = re.compile(r"[!-~]+", re.ASCII)


class CommandGroup(click.Group):
    """A group whose help has the whole first sentence of each command, in more lines if need be."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own signature
        """Write each command with its sentence."""
        rows = [(name, each.get_short_help_str(limit=sys.maxsize)) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def env_option(name: str, text: str, **more: Any) -> Options:  # noqa: ANN401 - click's own keywords
    """Return an option that can also be set by the environment variable of its name."""
    return click.option(name, envvar=variable(name), help=f"{text} [env: {variable(name)}]", **more)


def repeatable_option(name: str, text: str, check: Callable[[str], str] = str, **more: Any) -> Options:  # noqa: ANN401 - as above
    """Return an option that can be repeated; `check` reads each value. Its variable separates values by commas."""

    def split(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        given = values or os.environ.get(variable(name), "").split(",")
        return tuple(check(str(value).strip()) for value in given if str(value).strip())

    help_text = f"{text} Repeatable. [env: {variable(name)}]"
    return click.option(
        name, cls=RepeatableOption, envvar=variable(name), multiple=True, callback=split, help=help_text, **more
    )


class RepeatableOption(click.Option):
    """An option whose callback reads the environment variable: click would split it at spaces, not at commas."""

    def resolve_envvar_value(self, ctx: click.Context) -> None:  # noqa: ARG002 - click's own signature
        """Return None."""
        return


def exit_code(error: SandboxError) -> int:
    """Return 1 if what a call names does not exist or its state forbids the call, 2 if the call or its URL is wrong."""
    return NO if getattr(error, "status", None) in NOT_POSSIBLE else WRONG_USE


def default_url() -> str:
    """Return the URL of a server on this machine, at the port that the environment sets for `serve`."""
    return f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT') or 8080}"


def variable(name: str) -> str:
    """Return the environment variable of an option."""
    return PREFIX + name.removeprefix("--").replace("-", "_").upper()


def unknown_variables(commands: Iterable[click.Command], environ: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each `SANDBOX_` variable that nothing reads, with the nearest name."""
    unknown = {each for each in environ if each.startswith(PREFIX) and not each.startswith(CALLBACK_PREFIX)}
    known = set(OTHER_VARIABLES)
    for command in commands:
        if unknown <= known:  # looking at a command may load its module
            return
        known |= {str(each.envvar) for each in command.params if each.envvar}
    for name in sorted(unknown - known):
        stem, _, provider = name.rpartition("_")
        target = [CALLBACK_PREFIX + provider] if get_close_matches(f"{stem}_", [CALLBACK_PREFIX], cutoff=0.9) else []
        words = [each.removeprefix(PREFIX) for each in (*sorted(known), *target)]
        near = get_close_matches(name.removeprefix(PREFIX), words, n=1)
        hint = f"Did you mean {PREFIX}{near[0]}?" if near else "See sms-sandbox serve --help."
        yield f"unknown environment variable {name}. {hint}"


class WholeNumber(click.IntRange):
    """A whole number of at least `least` and, if given, at most `most`."""

    name = "number"

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self.allowed = range(least, sys.maxsize if most is None else most + 1)
        self.range_text = f", {least} or more" if most is None else f" from {least} to {most}"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if WHOLE_NUMBER.fullmatch(text) and int(text) in self.allowed:
            return int(text)
        message = f"'{value}' is not a whole number{self.range_text}"
        raise click.BadParameter(message, ctx, param)


class Rate(click.FloatRange):
    """A rate per second, at most `most`."""

    name = "number"

    def __init__(self, most: int) -> None:
        super().__init__(0, most, min_open=True)
        self.most = most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the rate."""
        text = str(value)
        if DECIMAL.fullmatch(text) and 0 < float(text) <= self.most:
            return float(text)
        message = f"'{value}' is not a number greater than 0 and at most {self.most}, such as 5 or 0.5"
        raise click.BadParameter(message, ctx, param)


class Duration(click.types.StringParamType):
    """A duration, kept as text."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        try:
            parse_duration(value)
        except DurationError as error:
            raise click.BadParameter(str(error), ctx, param) from None
        return str(value)


class Time(click.ParamType[datetime]):
    """A time in ISO 8601 with its zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time."""
        try:
            return read_time(str(value))
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None


def read_time(text: str) -> datetime:
    """Return a time in ISO 8601 with its zone.

    Raises:
        ValueError: it is not one; the text says why, and what may have been meant.

    """
    reason = ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        reason = "" if str(error).startswith("Invalid isoformat") else f": {error}"
    else:
        if at.tzinfo is not None:
            return at
        reason = " with its zone"
    near = _nearest_time(text)
    message = f"'{text}' is not a time{reason}{'.' if near else ''}{near or f'; write it as {SAMPLE_TIME}'}"
    raise ValueError(message)


def _nearest_time(text: str) -> str:
    """Return the time that a text may stand for, as a question: with zeros, time of day and zone where they lack."""
    match = ALMOST_TIME.fullmatch(text.strip())
    if match is None:
        return ""
    year, month, day, hour, minute, second, zone = match.groups(default="")
    near = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}{zone.upper() or 'Z'}"
    try:
        datetime.fromisoformat(near)
    except ValueError:
        return ""
    return f" Did you mean '{near}'?"


def read_clock(_: click.Context, __: click.Parameter, value: str | None) -> tuple[ClockMode, float] | None:
    """Return the mode and rate for `real`, `frozen` or a speed such as `60x`."""
    if value is None:
        return None
    if value in {ClockMode.REAL, ClockMode.FROZEN}:
        return ClockMode(value), 1.0
    match = SPEED.fullmatch(value)
    if match is None or float(match[1]) == 0:
        message = f"'{value}' is not real, frozen or a speed such as 60x"
        raise click.BadParameter(message)
    return ClockMode.SCALED, float(match[1])


def check_clock(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the text of a valid clock."""
    read_clock(context, parameter, value)
    return value


def check_token(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return a token that can be sent in a header."""
    if value is not None and not TOKEN.fullmatch(value):
        message = "the token is empty or contains characters that a header cannot carry; use ASCII without spaces"
        raise click.BadParameter(message)
    return value


def check_certificates(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Return a file that contains certificates."""
    if value is None:
        return None
    import ssl  # noqa: PLC0415 - it takes 9 ms, and few commands need it

    try:
        ssl.create_default_context(cafile=value)
    except OSError:  # includes ssl.SSLError
        message = f"'{value}' contains no PEM certificates that can be read"
        raise click.BadParameter(message) from None
    return value


def check_url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    """Return the URL of a server, if one is given."""
    parts = urlsplit(url or "http://localhost")
    if parts.scheme in {"http", "https"} and parts.hostname and not parts.query and parts.path in {"", "/"}:
        return url
    message = f"'{url}' is not a URL such as http://10.0.0.1:8080"
    raise click.BadParameter(message)


def check_host(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return an address to listen on; whether this machine has it shows when the server starts."""
    if not value:
        message = "the address is empty; use 127.0.0.1 for this machine only, or 0.0.0.0 for all networks"
        raise click.BadParameter(message)
    return value


def check_network(value: str) -> str:
    """Return a host name, an address or a network."""
    from sandbox.core.callback import HOST  # noqa: PLC0415 - few commands need its module

    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not HOST.fullmatch(value):
            message = f"'{value}' is not a host, address or network such as hooks.example or 203.0.113.0/24"
            raise click.BadParameter(message) from None
    return value


def check_origin(value: str) -> str:
    """Return an origin as browsers send it, or `*`."""
    from sandbox.server.app import read_origin  # noqa: PLC0415 - the other commands need no server

    origin = read_origin(value)
    if origin is None:
        message = f"'{value}' is not an origin such as http://localhost:3000, or * for all"
        raise click.BadParameter(message)
    return origin


def check_host_name(value: str) -> str:
    """Return a host name, or `*.` and a domain, in lower case."""
    from sandbox.core.callback import HOST  # noqa: PLC0415 - as above

    name = value.lower().removesuffix(".")
    if not HOST.fullmatch(name.removeprefix("*.")):
        message = f"'{value}' is not a host name such as sms.example.com or *.example.com, without scheme and port"
        raise click.BadParameter(message)
    return name
