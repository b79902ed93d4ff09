"""What the filters and tests of templates cost; the table is complete: what does not stand in it is not offered."""

from collections.abc import Collection, Mapping
from sys import getsizeof

from jinja2.runtime import Undefined

from sandbox.templates.budget import Budget, BudgetExceededError, measure
from sandbox.templates.size_rules import (
    DIGITS,
    NUMBERS,
    Args,
    Named,
    Rule,
    as_text,
    backwards,
    lists,
    makes,
    pads,
    plain,
    reads,
    replaces,
)
from sandbox.templates.text_rules import ESCAPED, count_of, joined, percent, text_of

LONGEST_FOR_PYTHON = 10_000  # bytes for filters that walk through a text in Python, some in quadratic time


def _counts(budget: Budget, args: Args, named: Named) -> Args:
    """Spend the members of the value, and the counts beside it."""
    counts = sum(count_of(value) for value in (*args[1:], *named.values()))
    budget.make((len(args[0]) if isinstance(args[0], Collection) else 0) * 8 + counts * 8)
    return args


def _whole(rule: Rule) -> Rule:
    """Return a rule that is applied to a list, where the value is an iterator."""

    def whole(budget: Budget, args: Args, named: Named) -> Args:
        if isinstance(args[0], str):
            lists(budget, args, named)
        elif hasattr(args[0], "__iter__") and not isinstance(args[0], list | tuple | Mapping | Undefined):
            args = ([*lists(budget, args, named)[0]], *args[1:])  # type: ignore[misc] # it has __iter__
        return rule(budget, args, named)

    return whole


def _reverses(budget: Budget, args: Args, named: Named) -> Args:
    return (makes(1) if isinstance(args[0], str) else lists)(budget, args, named)


def _sorts(budget: Budget, args: Args, named: Named) -> Args:
    """Spend keys for all members: lower-cased copies of them."""
    budget.make(measure(budget, *args, *named.values()) * 2)
    budget.step(len(args[0]) if isinstance(args[0], Collection) else 1)
    return args


def _encodes_url(budget: Budget, args: Args, named: Named) -> Args:
    rule = makes(ESCAPED)
    return (rule if isinstance(args[0], str) else _whole(rule))(budget, args, named)


def _sums(budget: Budget, args: Args, named: Named) -> Args:
    start = named.get("start", args[2] if len(args) > 2 else 0)  # noqa: PLR2004 - value, attribute, start
    if not isinstance(start, NUMBERS):
        message = "sum adds numbers alone; join texts with |join"
        raise TypeError(message)
    return reads(budget, args, named)


def _walks(factor: int) -> Rule:
    """Return the rule of filters that walk through a text in Python."""

    def rule(budget: Budget, args: Args, named: Named) -> Args:
        size = measure(budget, args[0])
        rest = measure(budget, *args[1:], *named.values())
        if max(size, rest) > LONGEST_FOR_PYTHON:
            message = f"this filter takes values of up to {LONGEST_FOR_PYTHON} bytes in templates"
            raise BudgetExceededError(message)
        for value in (*args[1:], *named.values()):
            count_of(value)
        budget.step(size // 4)
        budget.make(size * factor + (size + 1) * (rest if rest > 512 else 0))  # noqa: PLR2004 - ordinary arguments
        return args

    return rule


def _numbers(budget: Budget, args: Args, named: Named) -> Args:
    if measure(budget, *args, *named.values()) > LONGEST_FOR_PYTHON:
        message = f"templates read numbers of up to {DIGITS} digits"
        raise BudgetExceededError(message)
    return args


def _joins(budget: Budget, args: Args, named: Named) -> Args:
    between = named.get("d", args[1] if len(args) > 1 else "")
    values = args[0]
    if isinstance(values, Collection):
        joined(budget, text_of(between), values)
    return args


def _indents(budget: Budget, args: Args, named: Named) -> Args:
    lines = len(str(as_text(args[0])).splitlines()) + 1
    for value in (*args[1:], *named.values()):
        budget.make(lines * (getsizeof(value) if isinstance(value, str) else count_of(value)))
    return makes(2)(budget, args, named)


def _json(budget: Budget, args: Args, named: Named) -> Args:
    size = measure(budget, args[0])
    indent = named.get("indent", args[1] if len(args) > 1 else None)
    width = getsizeof(indent) if isinstance(indent, str) else count_of(indent)
    budget.make(size * ESCAPED + size // 64 * width * 4)
    budget.step(size // 256)
    return args


def _printf(budget: Budget, args: Args, named: Named) -> Args:
    percent(budget, text_of(args[0]), dict(named) or args[1:])
    return args


def _escape(budget: Budget, args: Args, _named: Named) -> Args:
    budget.make(measure(budget, args[0]) * ESCAPED)
    return args


def _rounds(_budget: Budget, args: Args, named: Named) -> Args:
    for value in (*args[1:], *named.values()):
        if count_of(value) > 300:  # noqa: PLR2004 - a float has no more places
            message = "round takes a precision of up to 300"
            raise BudgetExceededError(message)
    return args


_MAP = {"attr", "count", "length", "d", "default", "first", "last", "map", "items", "selectattr", "rejectattr"}


FILTERS: Mapping[str, Rule] = {
    **dict.fromkeys(_MAP | {"select", "reject"}, plain),
    **dict.fromkeys(("abs", "filesizeformat", "safe", "truncate"), reads),
    **dict.fromkeys(("batch", "slice"), _counts),
    **dict.fromkeys(("capitalize", "lower", "upper"), makes(3)),
    **dict.fromkeys(("e", "escape", "forceescape"), _escape),
    **dict.fromkeys(("int", "float"), _numbers),
    **dict.fromkeys(("dictsort", "groupby", "max", "min", "sort", "unique"), _whole(_sorts)),
    **dict.fromkeys(("pprint", "striptags", "urlize", "wordcount", "wordwrap", "xmlattr", "title"), _walks(16)),
    "center": pads,
    "format": _printf,
    "indent": _indents,
    "join": _whole(_joins),
    "list": lists,
    "replace": replaces,
    "reverse": _reverses,
    "round": _rounds,
    "string": plain,
    "sum": _whole(_sums),
    "tojson": _json,
    "trim": backwards,
    "urlencode": _encodes_url,
}


TESTS_READ = (
    "in",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
)
