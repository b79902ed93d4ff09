"""Says what a server refuses in the words of the command line: `--scenario` or `NUMBER`, not `/scenario` or `/to`."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from sandbox.core.errors import SandboxError

if TYPE_CHECKING:
    from sandbox.client import RefusedError

# What the control API calls by one word, and a command by another.
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "by": ("goal",),
    "to": ("goal",),
    "until": ("goal",),
    "use": ("scenario",),
    "id": ("delete", "workspace"),
}
# What a problem says that a call must carry, and what must be typed instead.
TYPED = (
    (re.compile(r'\{"until": "idle"\}'), "idle"),
    (re.compile(r'give \{"use": NAME\}, or a'), "write a"),
    (re.compile(r'is \{"use": "(.*)"\}$'), r"is put in use by: sms-sandbox use \1"),
)


def worded(command: Callable[..., object]) -> Callable[..., object]:
    """Return a command whose refusals come in its own words."""

    @wraps(command)
    def with_own_words(**given: Any) -> object:  # noqa: ANN401 - each option has its own type
        try:
            return command(**given)
        except SandboxError as error:
            from sandbox.client import RefusedError  # noqa: PLC0415 - it is imported by now

            if isinstance(error, RefusedError):
                raise in_own_words(error, click.get_current_context().command) from None
            raise

    return with_own_words


def in_own_words(error: "RefusedError", command: click.Command) -> "RefusedError":
    """Return a refusal whose mistakes name the options and arguments of a command, not the places in a call."""
    from sandbox.client import NotFoundError, RefusedError  # noqa: PLC0415 - it is imported by now

    mistakes = tuple(
        replace(each, at=parameter_of(each.at, command), problem=typed(each.problem)) for each in error.mistakes
    )
    return NotFoundError(mistakes) if isinstance(error, NotFoundError) else RefusedError(error.status, mistakes)


def typed(problem: str) -> str:
    """Return a problem with what must be typed in place of what a call must carry."""
    for form, words in TYPED:
        problem = form.sub(words, problem)
    return problem


def parameter_of(pointer: str, command: click.Command) -> str:
    """Return the option or argument that a JSON pointer is about, as a person types it; empty: it has no short name."""
    parameter = next(_found(pointer, command), None)
    if isinstance(parameter, click.Argument):
        name = parameter.human_readable_name
        return "" if "|" in name else name
    return "" if parameter is None else parameter.opts[0]


def _found(pointer: str, command: click.Command) -> Iterator[click.Parameter]:
    """Yield the parameters that a JSON pointer may be about, the likeliest first."""
    for step in reversed(pointer.split("/")):
        for name in (step, *OTHER_NAMES.get(step, ())):
            option = "--" + name.replace("_", "-")
            yield from (each for each in command.params if option in each.opts or each.opts == [name])
