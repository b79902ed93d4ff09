"""The filters, tests and methods that templates may use, with the cost of each.

The tables are complete: a filter or method that is not listed is not available.
"""

# ruff: noqa: SIM905 - a long list of names reads better without quotes

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from sys import getsizeof

from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Undefined
from jinja2.utils import Cycler
from markupsafe import Markup

from sandbox.templates.budget import Budget, BudgetExceededError, measure, shallow_size
from sandbox.templates.costs import (
    DATE_SIZE,
    DIGIT_LIMIT,
    ESCAPED_SIZE,
    NUMBERS,
    Arguments,
    CostRule,
    Keywords,
    character_size,
    checked_count,
    spend_copies,
    spend_join,
    spend_list,
    spend_nothing,
    spend_padding,
    spend_printf,
    spend_read,
    spend_replacement,
    spend_search,
    to_text,
    to_text_or_bytes,
)

WALK_LIMIT = 10_000  # bytes for filters that walk through a text in Python, some of them in quadratic time


def _spend_counts(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend the members of the value, and the counts among the arguments."""
    counts = sum(checked_count(value) for value in (*args[1:], *keywords.values()))
    budget.make((len(args[0]) if isinstance(args[0], Collection) else 0) * 8 + counts * 8)
    return args


def _from_list(rule: CostRule) -> CostRule:
    """Return a rule that reads an iterator into a list first."""

    def whole(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
        if isinstance(args[0], str):
            spend_list(budget, args, keywords)
        elif hasattr(args[0], "__iter__") and not isinstance(args[0], list | tuple | Mapping | Undefined):
            args = ([*spend_list(budget, args, keywords)[0]], *args[1:])  # type: ignore[misc] # it has __iter__
        return rule(budget, args, keywords)

    return whole


def _spend_reverse(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    return (spend_copies(1) if isinstance(args[0], str) else spend_list)(budget, args, keywords)


def _spend_sort(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend a sort key for each member: a lower-case copy of it."""
    budget.make(measure(budget, *args, *keywords.values()) * 2)
    budget.step(len(args[0]) if isinstance(args[0], Collection) else 1)
    return args


def _spend_urlencode(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    rule = spend_copies(ESCAPED_SIZE)
    return (rule if isinstance(args[0], str) else _from_list(rule))(budget, args, keywords)


def _spend_sum(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    start = keywords.get("start", args[2] if len(args) > 2 else 0)  # noqa: PLR2004 - value, attribute, start
    if not isinstance(start, NUMBERS):
        message = "sum adds only numbers; use |join for strings"
        raise TypeError(message)
    return spend_read(budget, args, keywords)


def _spend_walk(factor: int) -> CostRule:
    """Return the rule for filters that walk through a text in Python."""

    def rule(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
        size = measure(budget, args[0])
        rest = measure(budget, *args[1:], *keywords.values())
        if max(size, rest) > WALK_LIMIT:
            message = f"the arguments of this filter exceed the limit of {WALK_LIMIT} bytes"
            raise BudgetExceededError(message)
        for value in (*args[1:], *keywords.values()):
            checked_count(value)
        budget.step(size // 4)
        budget.make(size * factor + (size + 1) * (rest if rest > 512 else 0))  # noqa: PLR2004 - ordinary arguments
        return args

    return rule


def _check_number(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    if measure(budget, *args, *keywords.values()) > WALK_LIMIT:
        message = f"the number exceeds the limit of {DIGIT_LIMIT} digits"
        raise BudgetExceededError(message)
    return args


def _spend_join(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    between = keywords.get("d", args[1] if len(args) > 1 else "")
    values = args[0]
    if isinstance(values, Collection):
        spend_join(budget, to_text(between), values)
    return args


def _spend_indent(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    lines = len(str(to_text_or_bytes(args[0])).splitlines()) + 1
    for value in (*args[1:], *keywords.values()):
        budget.make(lines * (getsizeof(value) if isinstance(value, str) else checked_count(value)))
    return spend_copies(2)(budget, args, keywords)


def _spend_json(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    size = measure(budget, args[0])
    indent = keywords.get("indent", args[1] if len(args) > 1 else None)
    width = getsizeof(indent) if isinstance(indent, str) else checked_count(indent)
    budget.make(size * ESCAPED_SIZE + size // 64 * width * 4)
    budget.step(size // 256)
    return args


def _spend_format(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    spend_printf(budget, to_text(args[0]), dict(keywords) or args[1:])
    return args


def _check_precision(_budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    for value in (*args[1:], *keywords.values()):
        if checked_count(value) > 300:  # noqa: PLR2004 - a float has no more decimals
            message = "round accepts a precision up to 300"
            raise BudgetExceededError(message)
    return args


PLAIN_FILTERS = {"attr", "count", "length", "d", "default", "first", "last", "map", "items", "selectattr", "rejectattr"}


FILTERS: Mapping[str, CostRule] = {
    **dict.fromkeys(PLAIN_FILTERS | {"select", "reject"}, spend_nothing),
    **dict.fromkeys(("abs", "filesizeformat", "safe", "truncate"), spend_read),
    **dict.fromkeys(("batch", "slice"), _spend_counts),
    **dict.fromkeys(("capitalize", "lower", "upper"), spend_copies(3)),
    **dict.fromkeys(("e", "escape", "forceescape"), spend_copies(ESCAPED_SIZE)),
    **dict.fromkeys(("int", "float"), _check_number),
    **dict.fromkeys(("dictsort", "groupby", "max", "min", "sort", "unique"), _from_list(_spend_sort)),
    **dict.fromkeys(("pprint", "striptags", "urlize", "wordcount", "wordwrap", "xmlattr", "title"), _spend_walk(16)),
    "center": spend_padding,
    "format": _spend_format,
    "indent": _spend_indent,
    "join": _from_list(_spend_join),
    "list": spend_list,
    "replace": spend_replacement,
    "reverse": _spend_reverse,
    "round": _check_precision,
    "string": spend_nothing,
    "sum": _from_list(_spend_sum),
    "tojson": _spend_json,
    "trim": spend_search,
    "urlencode": _spend_urlencode,
}


READING_TESTS = "in eq equalto == ne != lt lessthan < le <= gt greaterthan > ge >=".split()


ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "iso-8859-1", "utf-16", "utf-16-be", "utf-16-le")


def _spend_join_method(budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    text, values = args
    values = [*values]  # type: ignore[misc] # join raises the same error for a value that is not iterable
    spend_join(budget, str(text), values * (ESCAPED_SIZE if isinstance(text, Markup) else 1))
    return text, values


def _spend_split(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    text, between = args[0], keywords.get("sep", args[1] if len(args) > 1 else None)
    spend_search(budget, (text, between), keywords)
    pieces = len(text) // 2  # type: ignore[arg-type] # it is a text
    if isinstance(text, str) and isinstance(between, str) and between:
        pieces = text.count(between)
    budget.make((pieces + 1) * 72 + shallow_size(text))
    return args


def _spend_date(budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    budget.make(sum(len(each) for each in args if isinstance(each, str)) * DATE_SIZE)
    return args


def _spend_lines(budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    budget.make(len(args[0]) * 72)  # type: ignore[arg-type] # it is a text
    return args


def _spend_tabs(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    text = str(args[0])
    size = checked_count(keywords.get("tabsize", args[1] if len(args) > 1 else 8))
    budget.make((len(text) + text.count("\t") * size) * character_size(text))
    return args


def _spend_encoding(budget: Budget, args: Arguments, keywords: Keywords) -> Arguments:
    name = keywords.get("encoding", args[1] if len(args) > 1 else "utf-8")
    if str(name).lower() not in ENCODINGS:
        message = f"templates support only the encodings {', '.join(ENCODINGS)}"
        raise ValueError(message)
    budget.make(measure(budget, args[0]) * ESCAPED_SIZE)
    return args


def _spend_translation(budget: Budget, args: Arguments, _keywords: Keywords) -> Arguments:
    text, table = args
    longest = max((len(each) for each in table.values() if isinstance(each, str)), default=1)  # type: ignore[attr-defined]
    budget.make(len(str(text)) * 4 * max(longest, 1) + measure(budget, table))
    return args


TEXT_METHODS: Mapping[str, CostRule] = {
    **dict.fromkeys(["count", "endswith", "find", "index", "startswith"], spend_read),
    **dict.fromkeys(
        """
            isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper
            partition removeprefix removesuffix
            """.split(),
        spend_copies(1),
    ),
    **dict.fromkeys(["lstrip", "rfind", "rindex", "rpartition", "rstrip", "strip"], spend_search),
    **dict.fromkeys(["capitalize", "casefold", "lower", "swapcase", "title", "upper"], spend_copies(3)),
    **dict.fromkeys(["center", "ljust", "rjust", "zfill"], spend_padding),
    **dict.fromkeys(("split", "rsplit"), _spend_split),
    "encode": _spend_encoding,
    "expandtabs": _spend_tabs,
    "join": _spend_join_method,
    "replace": spend_replacement,
    "splitlines": _spend_lines,
    "translate": _spend_translation,
}


_DATE = {
    **dict.fromkeys(
        """
        ctime date isocalendar isoformat isoweekday replace time timestamp weekday
        """.split(),
        spend_read,
    ),
    "strftime": _spend_date,
}


METHODS: Mapping[type, Mapping[str, CostRule]] = {
    str: TEXT_METHODS,
    bytes: {
        "decode": _spend_encoding,
        "hex": spend_copies(4),
        "count": spend_read,
        "startswith": spend_read,
        "endswith": spend_read,
    },
    dict: {"get": spend_read, "items": spend_nothing, "keys": spend_nothing, "values": spend_nothing},
    list: {"count": spend_read, "index": spend_read},
    tuple: {"count": spend_read, "index": spend_read},
    float: {"is_integer": spend_nothing},
    datetime: {**_DATE, "timetz": spend_read, "tzname": spend_read, "utcoffset": spend_read},
    date: _DATE,
    time: _DATE,
    timedelta: {"total_seconds": spend_nothing},
    LoopContext: {"changed": spend_read, "cycle": spend_nothing},
    Cycler: {"next": spend_nothing, "reset": spend_nothing},
}


def spend_method(budget: Budget, owner: object, name: str, args: Arguments, keywords: Keywords) -> Arguments:
    """Spend the cost of a method; return the arguments for the call.

    Raises:
        SecurityError: Templates cannot call the method.

    """
    rules = next((rules for kind, rules in METHODS.items() if isinstance(owner, kind)), {})
    if name not in rules:
        kind = owner if isinstance(owner, type) else type(owner)
        message = f"templates cannot call {name} on a value of type {kind.__name__}"
        raise SecurityError(message)
    return rules[name](budget, (owner, *args), keywords)[1:]
