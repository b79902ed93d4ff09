"""The cost of operators and of writing values as text, and the cost rules that filters and methods share.

Each operator, filter and method is a call into C, so its cost is spent before it runs. A cost rule takes the budget and
the arguments, with the value itself first. It spends what the call makes and returns the arguments for the call.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from sys import getsizeof
from types import BuiltinMethodType, MethodType
from typing import TYPE_CHECKING

from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEscapeFormatter, SandboxedFormatter
from jinja2.utils import Cycler
from markupsafe import Markup

from sandbox.templates.budget import (
    REFERENCE,
    Budget,
    BudgetExceededError,
    CountedIterator,
    active_budget,
    measure,
    shallow_size,
)

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


Arguments = tuple[object, ...]
Keywords = Mapping[str, object]
CostRule = Callable[[Budget, Arguments, Keywords], Arguments]

COUNT_LIMIT = 100_000  # for a width, count or precision
ESCAPED_SIZE = 12  # bytes that one character may become in a literal, in HTML (two copies), in JSON or in a URL
DATE_SIZE = 1024  # bytes that `strftime` may write for one character of its pattern
DIGIT_LIMIT = 4_300  # of a number, the limit of Python itself
BIT_LIMIT = 14_300
BITS_PER_STEP = 2_000_000  # the product of the lengths of two numbers: division and decimal digits take that long
NUMBERS = (int, float, complex, Decimal)
CALCULABLE = (int, float, complex, Decimal, str, bytes, list, tuple, date, time, timedelta)
WIDTHS = re.compile(r"\d+")
CONVERSION = re.compile(r"[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.?)", re.DOTALL)


def checked_count(value: object) -> int:
    """Return the absolute value of a width or count; 0 if the value is not an integer.

    Raises:
        BudgetExceededError: It is larger than any text may be.

    """
    number = abs(value) if isinstance(value, int) else 0
    if number > COUNT_LIMIT:
        message = f"the width or count {_short(number)} exceeds the limit of {COUNT_LIMIT}"
        raise BudgetExceededError(message)
    return number


def _short(number: int) -> str:
    return str(number) if number < COUNT_LIMIT**4 else "given"


def character_size(text: str | bytes) -> int:
    """Return the size in bytes of one character of a text."""
    return 1 if isinstance(text, bytes) or text.isascii() else 4


def to_text(value: object) -> str:
    """Return the text that a template writes for a value.

    Raises:
        TypeError: The text would differ each time, as for an iterator or a function that was not called.

    """
    if isinstance(value, str):
        return value
    budget = active_budget()
    if not isinstance(value, int | float):
        budget.make(measure(budget, value) * 4)  # first, because it ends if lists contain one another many times
        _reject_addresses(value)
    elif isinstance(value, int):
        budget.step(value.bit_length() ** 2 // BITS_PER_STEP)
    return str(value)


def _reject_addresses(value: object) -> None:
    """Raise TypeError if the text of a value would contain a memory address, which differs each time."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, Collection) and not isinstance(value, str | bytes | range):
            active_budget().step()
            waiting.extend(value)
        elif isinstance(value, BuiltinMethodType | MethodType) or hasattr(value, "__code__"):
            message = f"{getattr(value, '__name__', 'this')} is a function: call it with ()"
            raise TypeError(message)
        elif isinstance(value, Iterator) or (kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__):
            what = (
                "an iterator" if isinstance(value, Iterator | CountedIterator) else f"a value of type {kind.__name__}"
            )
            message = f"cannot write {what}: its text would differ each time"
            raise TypeError(message)


def spend_printf(budget: Budget, pattern: str | bytes, values: object) -> None:
    """Spend the result of `pattern % values`: its widths, and every value at every conversion."""
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
        return sum(checked_count(value) for value in given)
    return checked_count(int(written[:10] or "0"))


def _after_name(text: str, at: int) -> int:
    """Return the position after `(name)`, whose parentheses may be nested."""
    if text[at : at + 1] != "(":
        return at
    depth = 0
    for place in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text)


class _Formatter(SandboxedFormatter):
    """Formats the fields of `str.format` within the budget."""

    def format_field(self, value: object, format_spec: str) -> str:
        active_budget().read(len(format_spec))
        widths = sum(checked_count(int(each[:10])) for each in WIDTHS.findall(format_spec))
        if not format_spec:
            text = to_text(value)
            active_budget().make(measure(active_budget(), text) * 2)
            return text
        dates = len(format_spec) * DATE_SIZE if isinstance(value, date | time) else 0
        active_budget().make(measure(active_budget(), value) * 4 + widths * 4 + dates)
        return format(value, format_spec)

    def convert_field(self, value: object, conversion: str | None) -> object:
        if conversion is None:
            return value
        active_budget().make(measure(active_budget(), value) * ESCAPED_SIZE)
        _reject_addresses(value)
        return super().convert_field(value, conversion)


class _EscapeFormatter(_Formatter, SandboxedEscapeFormatter):
    """Formats the fields of `Markup.format` within the budget."""

    def format_field(self, value: object, format_spec: str) -> str:
        widths = sum(checked_count(int(each[:10])) for each in WIDTHS.findall(format_spec))
        active_budget().make((measure(active_budget(), value) + widths) * ESCAPED_SIZE)
        return SandboxedEscapeFormatter.format_field(self, value, format_spec)


def limited_format(environment: "SandboxedEnvironment", method: object) -> Callable[..., str] | None:
    """Return `str.format` or `str.format_map` with the budget applied; None if `method` is neither."""
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
        active_budget().read(getsizeof(text) * 10)
        return type(text)(formatter.vformat(text, args, values))

    return formatted


def spend_join(budget: Budget, between: str, values: Collection[object]) -> None:
    """Spend the result of joining values."""
    budget.make(measure(budget, values) + getsizeof(between) * len(values))


def spend_result(budget: Budget, value: object) -> object:
    """Spend the size of a value that a call returned; return it, an iterator as one that counts its members."""
    if isinstance(value, int):
        if value.bit_length() > BIT_LIMIT:
            message = f"the number exceeds the limit of {DIGIT_LIMIT} digits"
            raise BudgetExceededError(message)
        budget.step(value.bit_length() ** 2 // BITS_PER_STEP)
    elif isinstance(value, Decimal):
        if value.is_finite() and abs(value.adjusted()) > DIGIT_LIMIT:
            message = f"the number exceeds the limit of {DIGIT_LIMIT} digits"
            raise BudgetExceededError(message)
    elif isinstance(value, Collection):
        budget.make(shallow_size(value))
    elif hasattr(value, "__next__") and not isinstance(value, CountedIterator | Cycler | LoopContext):
        return CountedIterator(value)  # type: ignore[arg-type] # it has __next__
    return value


def spend_operator(budget: Budget, sign: str, left: object, right: object) -> None:
    """Spend the result of `left sign right`.

    Raises:
        TypeError: Templates cannot calculate with these values.

    """
    for value in (left, right) if sign != "%" or not isinstance(left, str) else ():
        if not isinstance(value, CALCULABLE):
            message = f"templates cannot calculate with a value of type {type(value).__name__}"
            raise TypeError(message)
    if sign == "%" and isinstance(left, str | bytes):
        spend_printf(budget, left, right)
    elif sign == "*":
        _product(budget, left, right)
    elif sign == "**":
        _power(left, right)
    elif sign in {"//", "%"} and isinstance(left, int) and isinstance(right, int):
        budget.step(left.bit_length() * right.bit_length() // BITS_PER_STEP)
    elif sign == "+" and isinstance(left, str | bytes | list | tuple):
        escaped = ESCAPED_SIZE if isinstance(left, Markup) or isinstance(right, Markup) else 1
        budget.make((shallow_size(left) + shallow_size(right)) * escaped)


def _product(budget: Budget, left: object, right: object) -> None:
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | bytes | list | tuple) and isinstance(times, int):
            width = character_size(value) if isinstance(value, str | bytes) else 8
            budget.make(len(value) * width * max(times, 0))


def _power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and (abs(left).bit_length() - 1) * right > BIT_LIMIT:
        message = f"the number exceeds the limit of {DIGIT_LIMIT} digits"
        raise BudgetExceededError(message)
    if isinstance(left, Decimal) and abs(right) > DIGIT_LIMIT:  # type: ignore[arg-type] # Decimal rejects other types
        message = f"the exponent exceeds the limit of {DIGIT_LIMIT}"
        raise BudgetExceededError(message)


def to_text_or_bytes(value: object) -> str | bytes:
    """Return a string or bytes unchanged, and the text of any other value."""
    return value if isinstance(value, str | bytes) else to_text(value)


def spend_read(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend the steps for reading all arguments once."""
    budget.read(measure(budget, *args, *keywords.values()))
    return args


def spend_nothing(_budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    """Spend nothing: the result is small, or its members are counted when they are read."""
    return args


def spend_copies(factor: int) -> CostRule:
    """Return the rule for a call whose result is at most `factor` times as large as its arguments."""

    def rule(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
        budget.make(measure(budget, *args, *keywords.values()) * factor)
        return args

    return rule


def spend_padding(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend the widths and counts among the arguments."""
    width = (
        max(
            character_size(to_text_or_bytes(value))
            for value in (*args, *keywords.values())
            if not isinstance(value, int)
        )
        if args
        else 1
    )
    counts = sum(checked_count(value) for value in (*args[1:], *keywords.values()))
    budget.make(shallow_size(to_text_or_bytes(args[0])) + counts * width)
    return args


def spend_list(budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    """Spend a list of the members of the value; those of an iterator are counted when they are read."""
    value = args[0]
    if isinstance(value, Collection):
        budget.make(len(value) * REFERENCE)
    return args


def spend_replacement(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend a text in which the third argument replaces every occurrence of the second."""
    text, old, new = (to_text_or_bytes(value) for value in (*args, *keywords.values())[:3])
    budget.read(getsizeof(text))
    times = text.count(old)  # type: ignore[arg-type] # both are texts
    longest = ESCAPED_SIZE if isinstance(text, Markup) else 1
    width = max(character_size(text), character_size(new))
    budget.make((len(text) * width + times * len(new) * width) * longest)
    return args


def spend_search(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend the steps for a search from the right or for a set of characters, which are quadratic in C."""
    text, *sought = args
    longest = max((len(each) for each in sought if isinstance(each, str)), default=1)
    budget.read(len(to_text_or_bytes(text)) * max(longest, 1))
    return spend_copies(1)(budget, args, keywords)
