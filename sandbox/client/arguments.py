"""Arguments that can be given in several forms, as the API takes them: callback targets, clocks and scenarios."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

from sandbox.client.errors import ArgumentError
from sandbox.client.values import Target
from sandbox.core.scenario import is_file

TargetLike = str | Target | Mapping[str, str]  # a URL, a target, or a mapping with `url` and perhaps `key`
ClockLike = str | Mapping[str, object]  # frozen, real, a speed such as 60x, or a mapping with `mode`
ScenarioLike = str | Path | Mapping[str, object]

NAME = re.compile(r"[\w.-]+")  # of a scenario


def read_targets(targets: Mapping[str, TargetLike]) -> Mapping[str, Mapping[str, str]]:
    """Return callback targets by provider."""
    return {provider: read_target(each) for provider, each in targets.items()}


def read_target(given: TargetLike) -> Mapping[str, str]:
    """Return a callback target."""
    if isinstance(given, str):
        return {"url": given}
    if isinstance(given, Target):
        return {"url": given.url} if given.key is None else {"url": given.url, "key": given.key}
    return given


def read_clock(given: ClockLike) -> Mapping[str, object]:
    """Return a clock; a word describes it as `serve --clock` takes it."""
    if not isinstance(given, str):
        return given
    rate = given.removesuffix("x")
    if rate != given and rate.replace(".", "", 1).isdecimal():
        return {"mode": "scaled", "rate": float(rate)}
    return {"mode": given}


def read_scenario(given: ScenarioLike) -> object:
    """Return a scenario as a name, as a mapping, or as the source of a file or a text.

    Raises:
        ArgumentError: the file cannot be read.

    """
    if names_file(given):
        return {"source": read_file(Path(given))}
    return {"source": given} if isinstance(given, str) and is_yaml(given) else given


def read_document(given: ScenarioLike) -> str | Mapping[str, object]:
    """Return a scenario as its text or as a mapping.

    Raises:
        ArgumentError: the file cannot be read, or the text is no scenario but the name of one.

    """
    if isinstance(given, Path) or names_file(given):
        return read_file(Path(given))
    if isinstance(given, str) and NAME.fullmatch(given):
        message = (
            f"'{given}' is not the text of a scenario; for the scenario of that name call use({given!r}),"
            f" for a file pass Path({given!r})"
        )
        raise ArgumentError(message)
    return given


def names_file(given: object) -> TypeGuard[str | Path]:
    """Return whether a scenario is given as a file: a path, or the name of a file and no text."""
    return isinstance(given, Path) or (isinstance(given, str) and not is_yaml(given) and is_file(given))


def is_yaml(text: str) -> bool:
    """Return whether a text can be a scenario: a mapping of YAML or JSON, and no name."""
    return "\n" in text or ": " in text or text.lstrip().startswith("{")


def read_file(file: Path) -> str:
    """Return the text of a scenario's file.

    Raises:
        ArgumentError: it cannot be read; the message has its whole path.

    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{file}: {error.strerror or error}; looked for {file.absolute()}"
    except UnicodeDecodeError as error:
        message = f"{file}: byte {error.start} is not UTF-8"
    raise ArgumentError(message)
