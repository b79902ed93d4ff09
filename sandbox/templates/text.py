"""Compiles templates: texts of scenarios and provider documents that contain `{{ … }}` or `{% … %}`.

Jinja is imported with the first template. Nothing in a template is random: `uuid()`, `ulid()` and `fake` are drawn from
the seed and a number.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import NamedTuple
from uuid import UUID

from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import draw_bytes, make_ulid

REASON_LIMIT = 500  # characters of an error's own message
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SERVER_HEADERS = ("content-length", "transfer-encoding", "connection", "content-encoding", "date")
LINE_END = re.compile(r"[\r\n]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but TAB
HEADER_LIMIT = 8190  # bytes of a header, name and value: what HTTP clients read

Variables = Mapping[str, object]
Render = Callable[[Variables], object]
Reference = tuple[str, ...]


class TemplateSourceError(SandboxError):
    """A template cannot be used; the text says why."""


class TemplateFailedError(SandboxError):
    """A template failed while it was rendered; the message says where and why."""


class CompiledTemplate(NamedTuple):
    """A template. `names` are the variables that it uses, `references` what it reads of them: `("message", "id")`.

    `render` returns a text, or a value of any type for an expression.
    """

    render: Render
    names: frozenset[str]
    references: frozenset[Reference]


def is_template(value: str) -> bool:
    """Return whether a string contains template syntax."""
    return "{{" in value or "{%" in value


def compile_text(
    source: str, *, place: str, known: Iterable[str], lenient: bool = False, expression: bool = False
) -> CompiledTemplate:
    """Return a compiled template; `place` names it in errors, `known` are the variables that it may use.

    `lenient`: what is absent is null, and so are its members; null is written as an empty text.
    `expression`: the source is an expression without its braces.

    Raises:
        TemplateSourceError: it cannot be compiled, or uses an unknown variable.

    """
    # 40 ms, only for documents with templates.
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - as above

    from sandbox.templates.environment import environment, evaluate, render  # noqa: PLC0415 - as above

    try:
        compiled, used, references = environment(lenient=lenient).read(source, expression=expression)
    except TemplateSyntaxError as error:
        problem = f"the template does not parse: {error.message}"
        raise TemplateSourceError(problem) from None
    except RecursionError:
        problem = "the template is nested too deeply"
        raise TemplateSourceError(problem) from None
    except (SyntaxError, MemoryError, ValueError, OverflowError) as error:  # of Python's compiler, behind Jinja's
        problem = f"the template does not compile: {describe_error(error)}"
        raise TemplateSourceError(problem) from None
    for name in sorted(used - set(known)):
        problem = f"no template variable is called '{name}'.{near_miss(name, known)}"
        raise TemplateSourceError(problem)
    if "fake" in used:
        _check_faker()

    def rendered(variables: Variables) -> object:
        try:
            written = (evaluate if expression else render)(compiled, variables)
            return written if not isinstance(written, str) or written.isascii() else join_surrogates(written)
        except Exception as error:  # noqa: BLE001 - templates reach Jinja, Faker and Python: each may raise anything
            message = f"{place}: the template failed: {describe_error(error)}"
            raise TemplateFailedError(message) from None

    return CompiledTemplate(rendered, frozenset(used), frozenset(references))


def _check_faker() -> None:
    try:
        fake_data_class()
    except (ImportError, AttributeError) as error:  # names inside Faker are replaced; another version may lack them
        problem = f"fake does not work with the installed version of Faker: {describe_error(error)}"
        raise TemplateSourceError(problem) from None


def join_surrogates(text: str) -> str:
    """Return a text with surrogate pairs joined, as JSON escapes write an emoji, and `?` for half a pair."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return joined.encode("utf-8", "replace").decode()


def describe_error(error: Exception) -> str:
    """Return the class and message of an error; the message may quote a value of the template, of any length."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an error without a message is no reason to fail again
        message = ""
    if len(message) > REASON_LIMIT:
        message = f"{message[:REASON_LIMIT]}…"
    message = message.encode("utf-8", "replace").decode()
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def header_problem(name: str, value: str) -> str | None:
    """Return why a header cannot be sent; None if it can."""
    control = CONTROL.search(value)
    if control:
        return f"the header {name} contains the control character U+{ord(control[0]):04X}"
    if len(name) + len(value.encode("utf-8", "replace")) > HEADER_LIMIT:
        return f"the header {name} exceeds the limit of {HEADER_LIMIT} bytes"
    return None


def header_name_problem(name: str) -> str | None:
    """Return why a header cannot be set; None if it can."""
    if not HEADER_NAME.fullmatch(name):
        return f"invalid header name '{name}'"
    if name.lower() in SERVER_HEADERS or name.lower().startswith("x-sandbox-"):
        return f"the server sets {name} itself"
    return None


def random_variables(seed: int, number: int, at: datetime, names: frozenset[str]) -> Variables:
    """Return `fake`, `uuid` and `ulid`, drawn from a seed and a number; `fake` is made only if it is among `names`."""
    return {
        "fake": fake_data_class()(seed, number, at) if "fake" in names else None,
        "uuid": _uuids(seed, number),
        "ulid": _ulids(seed, number, at),
    }


def fake_data_class() -> Callable[..., object]:
    """Return FakeData, ready for use: Faker takes 100 ms and 20 MB, too much for the budget of a reply."""
    from sandbox.templates.fake_data import FakeData, prepare  # noqa: PLC0415 - only for templates that use `fake`

    prepare()
    return FakeData


def _uuids(seed: int, number: int) -> Callable[[], str]:
    places = count()

    def uuid() -> str:
        drawn = draw_bytes(seed, number, f"template uuid {next(places)}", 16)
        return str(UUID(bytes=drawn, version=4))

    return uuid


def _ulids(seed: int, number: int, at: datetime) -> Callable[[], str]:
    places = count()

    def ulid() -> str:
        return make_ulid(at, draw_bytes(seed, number, f"template ulid {next(places)}", 10))

    return ulid
