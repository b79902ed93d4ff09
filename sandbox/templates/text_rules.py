"""Writing values as texts in templates, with what it costs spent before it is done."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, time
from sys import getsizeof
from types import BuiltinMethodType, MethodType
from typing import TYPE_CHECKING

from jinja2.sandbox import SandboxedEscapeFormatter, SandboxedFormatter
from markupsafe import Markup

from sandbox.templates.budget import Budget, BudgetExceededError, Counted, active, measure

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

LARGEST = 100_000  # a width, count or precision
ESCAPED = 12  # bytes that a character may become in a literal, in HTML (two copies), in JSON or in a URL
LONGEST_IN_DATE = 1024  # bytes that `strftime` may take for a character of its pattern
WIDTHS = re.compile(r"\d+")
CONVERSION = re.compile(r"[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.?)", re.DOTALL)


def count_of(value: object) -> int:
    """Return a number that stands for a width or count, without its sign.

    Raises:
        BudgetExceededError: It is too large for any text.

    """
    number = abs(value) if isinstance(value, int) else 0
    if number > LARGEST:
        message = f"templates take widths and counts up to {LARGEST}, and this is {_short(number)}"
        raise BudgetExceededError(message)
    return number


def _short(number: int) -> str:
    return str(number) if number < LARGEST**4 else "larger still"


def width_of(text: str | bytes) -> int:
    """Return how many bytes a character of a text takes."""
    return 1 if isinstance(text, bytes) or text.isascii() else 4


def text_of(value: object) -> str:
    """Return a value as the text that a template writes.

    Raises:
        TypeError: It has no text that is the same each time: a function that was not called, or an iterator.

    """
    if isinstance(value, str):
        return value
    budget = active()
    if not isinstance(value, int | float):
        budget.make(measure(budget, value) * 4)  # before the walk below: it ends where lists hold each other often
        _refuse_addresses(value)
    return str(value)


def _refuse_addresses(value: object) -> None:
    """Raise TypeError where the text of a value would hold an address in memory, which is another each time."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, Collection) and not isinstance(value, str | bytes | range):
            active().step()
            waiting.extend(value)
        elif isinstance(value, BuiltinMethodType | MethodType) or hasattr(value, "__code__"):
            message = f"{getattr(value, '__name__', 'this')} is a function: call it with ()"
            raise TypeError(message)
        elif isinstance(value, Iterator) or (kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__):
            what = "an iterator" if isinstance(value, Iterator | Counted) else f"a value of type {kind.__name__}"
            message = f"{what} has no text that is the same each time"
            raise TypeError(message)


def percent(budget: Budget, pattern: str | bytes, values: object) -> None:
    """Spend what `pattern % values` makes: its widths, and each value at each place."""
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    given = values if isinstance(values, tuple) else (values,)
    widths, places, at = 0, 0, text.find("%")
    while at != -1:
        places += 1
        at = _after_name(text, at + 1)
        found = CONVERSION.match(text, at)
        for width in found.groups()[:2] if found else ():
            widths += _width(width or "0", given)
        at = text.find("%", found.end() if found else at)
    budget.read(len(text))
    budget.make(len(text) * 4 + widths * 4 + places * measure(budget, values) * 4)


def _width(written: str, given: tuple[object, ...]) -> int:
    if written == "*":
        return sum(count_of(value) for value in given)
    return count_of(int(written[:10] or "0"))


def _after_name(text: str, at: int) -> int:
    """Return the place behind `(name)`, whose parentheses may be nested."""
    if text[at : at + 1] != "(":
        return at
    depth = 0
    for place in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text)


class _Formatter(SandboxedFormatter):
    """Formats the fields of `str.format`, each within the budget."""

    def format_field(self, value: object, format_spec: str) -> str:
        active().read(len(format_spec))
        widths = sum(count_of(int(each[:10])) for each in WIDTHS.findall(format_spec))
        if not format_spec:
            text = text_of(value)
            active().make(measure(active(), text) * 2)
            return text
        dates = len(format_spec) * LONGEST_IN_DATE if isinstance(value, date | time) else 0
        active().make(measure(active(), value) * 4 + widths * 4 + dates)
        return format(value, format_spec)

    def convert_field(self, value: object, conversion: str | None) -> object:
        if conversion is None:
            return value
        active().make(measure(active(), value) * ESCAPED)
        _refuse_addresses(value)
        return super().convert_field(value, conversion)


class _EscapeFormatter(_Formatter, SandboxedEscapeFormatter):
    """Formats the fields of `Markup.format`."""

    def format_field(self, value: object, format_spec: str) -> str:
        widths = sum(count_of(int(each[:10])) for each in WIDTHS.findall(format_spec))
        active().make((measure(active(), value) + widths) * ESCAPED)
        return SandboxedEscapeFormatter.format_field(self, value, format_spec)


def format_method(environment: "SandboxedEnvironment", method: object) -> Callable[..., str] | None:
    """Return `str.format` or `str.format_map` of a text, within the budget; None where `method` is neither."""
    owner = getattr(method, "__self__", None)
    name = getattr(method, "__name__", "")
    if not isinstance(method, BuiltinMethodType | MethodType) or not isinstance(owner, str):
        return None
    if name not in ("format", "format_map"):
        return None
    text: str = owner

    def formatted(*args: object, **values: object) -> str:
        if name == "format_map":
            (mapping,) = args
            args, values = (), mapping  # type: ignore[assignment] # vformat takes any mapping
        formatter: SandboxedFormatter
        if isinstance(text, Markup):
            formatter = _EscapeFormatter(environment, escape=text.escape)
        else:
            formatter = _Formatter(environment)
        active().read(getsizeof(text) * 10)
        return type(text)(formatter.vformat(text, args, values))

    return formatted


def joined(budget: Budget, between: str, values: Collection[object]) -> None:
    """Spend what joining values makes."""
    budget.make(measure(budget, values) + getsizeof(between) * len(values))
