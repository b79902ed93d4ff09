"""What the operators of templates cost, and the rules that filters and methods share; each of them is a call into C.

A rule takes the budget and the arguments, with the value itself first, spends what the call makes, and returns the
arguments to call with.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from sys import getsizeof

from jinja2.runtime import LoopContext
from jinja2.utils import Cycler
from markupsafe import Markup

from sandbox.templates.budget import REFERENCE, Budget, BudgetExceededError, Counted, measure, sized
from sandbox.templates.text_rules import ESCAPED, count_of, percent, text_of, width_of

Args = tuple[object, ...]
Named = Mapping[str, object]
Rule = Callable[[Budget, Args, Named], Args]

DIGITS = 4_300  # of a number, as many as Python writes
BITS = 14_300
NUMBERS = (int, float, complex, Decimal)
CALCULABLE = (int, float, complex, Decimal, str, bytes, list, tuple, date, time, timedelta)


def checked(budget: Budget, value: object) -> object:
    """Return a value that was made, with its size spent; what has no end is counted as it is read."""
    if isinstance(value, int):
        if value.bit_length() > BITS:
            message = f"templates calculate with numbers of up to {DIGITS} digits"
            raise BudgetExceededError(message)
    elif isinstance(value, Decimal):
        if value.is_finite() and abs(value.adjusted()) > DIGITS:
            message = f"templates calculate with numbers of up to {DIGITS} digits"
            raise BudgetExceededError(message)
    elif isinstance(value, Collection):
        budget.make(sized(value))
    elif hasattr(value, "__next__") and not isinstance(value, Counted | Cycler | LoopContext):
        return Counted(value)  # type: ignore[arg-type] # it has __next__
    return value


def operator(budget: Budget, sign: str, left: object, right: object) -> None:
    """Spend what `left sign right` makes.

    Raises:
        TypeError: Templates do not calculate with such values.

    """
    for value in (left, right) if sign != "%" or not isinstance(left, str) else ():
        if not isinstance(value, CALCULABLE):
            message = f"templates cannot calculate with a value of type {type(value).__name__}"
            raise TypeError(message)
    if sign == "%" and isinstance(left, str | bytes):
        percent(budget, left, right)
    elif sign == "*":
        _product(budget, left, right)
    elif sign == "**":
        _power(left, right)
    elif sign == "+" and isinstance(left, str | bytes | list | tuple):
        escaped = ESCAPED if isinstance(left, Markup) or isinstance(right, Markup) else 1
        budget.make((sized(left) + sized(right)) * escaped)


def _product(budget: Budget, left: object, right: object) -> None:
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | bytes | list | tuple) and isinstance(times, int):
            width = width_of(value) if isinstance(value, str | bytes) else 8
            budget.make(len(value) * width * max(times, 0))


def _power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and (abs(left).bit_length() - 1) * right > BITS:
        message = f"templates calculate with numbers of up to {DIGITS} digits"
        raise BudgetExceededError(message)
    if isinstance(left, Decimal) and abs(right) > DIGITS:  # type: ignore[arg-type] # what is no number, Decimal refuses
        message = f"templates take powers up to {DIGITS}"
        raise BudgetExceededError(message)


def as_text(value: object) -> str | bytes:
    """Return a text as it is, and any other value as text."""
    return value if isinstance(value, str | bytes) else text_of(value)


def reads(budget: Budget, args: Args, named: Named) -> Args:
    """Spend the steps of reading everything once."""
    budget.read(measure(budget, *args, *named.values()))
    return args


def plain(_budget: Budget, args: Args, _named: Named) -> Args:
    """Spend nothing: what is made is small, or counted as it is read."""
    return args


def makes(factor: int) -> Rule:
    """Return the rule of what makes a text `factor` times as long at the most."""

    def rule(budget: Budget, args: Args, named: Named) -> Args:
        budget.make(measure(budget, *args, *named.values()) * factor)
        return args

    return rule


def pads(budget: Budget, args: Args, named: Named) -> Args:
    """Spend the widths and counts beside the value."""
    width = (
        max(width_of(as_text(value)) for value in (*args, *named.values()) if not isinstance(value, int)) if args else 1
    )
    counts = sum(count_of(value) for value in (*args[1:], *named.values()))
    budget.make(sized(as_text(args[0])) + counts * width)
    return args


def lists(budget: Budget, args: Args, _named: Named) -> Args:
    """Spend a list of the members of the value; those of an iterator are counted as they are read."""
    value = args[0]
    if isinstance(value, Collection):
        budget.make(len(value) * REFERENCE)
    return args


def replaces(budget: Budget, args: Args, named: Named) -> Args:
    """Spend a text in which each place of the second argument is replaced by the third."""
    text, old, new = (as_text(value) for value in (*args, *named.values())[:3])
    budget.read(getsizeof(text))
    times = text.count(old)  # type: ignore[arg-type] # both are texts
    longest = ESCAPED if isinstance(text, Markup) else 1
    width = max(width_of(text), width_of(new))
    budget.make((len(text) * width + times * len(new) * width) * longest)
    return args


def backwards(budget: Budget, args: Args, named: Named) -> Args:
    """Spend the steps of a search from the right, or for any of some characters: both are quadratic in C."""
    text, *sought = args
    longest = max((len(each) for each in sought if isinstance(each, str)), default=1)
    budget.read(len(as_text(text)) * max(longest, 1))
    return makes(1)(budget, args, named)
