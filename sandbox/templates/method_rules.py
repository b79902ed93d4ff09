"""Which methods templates may call, and what they cost; the table is complete: no other may be called."""

# ruff: noqa: SIM905 - a list of many names reads better without quotes

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.utils import Cycler
from markupsafe import Markup

from sandbox.templates.budget import Budget, measure, sized
from sandbox.templates.size_rules import Args, Named, Rule, backwards, makes, pads, plain, reads, replaces
from sandbox.templates.text_rules import ESCAPED, LONGEST_IN_DATE, count_of, joined, width_of

ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "iso-8859-1", "utf-16", "utf-16-be", "utf-16-le")


def _join_method(budget: Budget, args: Args, _named: Named) -> Args:
    text, values = args
    values = [*values]  # type: ignore[misc] # join refuses what is not iterable in the same words
    joined(budget, str(text), values * (ESCAPED if isinstance(text, Markup) else 1))
    return text, values


def _splits(budget: Budget, args: Args, named: Named) -> Args:
    text, between = args[0], named.get("sep", args[1] if len(args) > 1 else None)
    backwards(budget, (text, between), named)
    pieces = len(text) // 2  # type: ignore[arg-type] # it is a text
    if isinstance(text, str) and isinstance(between, str) and between:
        pieces = text.count(between)
    budget.make((pieces + 1) * 72 + sized(text))
    return args


def _dates(budget: Budget, args: Args, _named: Named) -> Args:
    budget.make(sum(len(each) for each in args if isinstance(each, str)) * LONGEST_IN_DATE)
    return args


def _lines(budget: Budget, args: Args, _named: Named) -> Args:
    budget.make(len(args[0]) * 72)  # type: ignore[arg-type] # it is a text
    return args


def _tabs(budget: Budget, args: Args, named: Named) -> Args:
    text = str(args[0])
    size = count_of(named.get("tabsize", args[1] if len(args) > 1 else 8))
    budget.make((len(text) + text.count("\t") * size) * width_of(text))
    return args


def _encodes(budget: Budget, args: Args, named: Named) -> Args:
    name = named.get("encoding", args[1] if len(args) > 1 else "utf-8")
    if str(name).lower() not in ENCODINGS:
        message = f"templates know the encodings {', '.join(ENCODINGS)}"
        raise ValueError(message)
    budget.make(measure(budget, args[0]) * ESCAPED)
    return args


def _translates(budget: Budget, args: Args, _named: Named) -> Args:
    text, table = args
    longest = max((len(each) for each in table.values() if isinstance(each, str)), default=1)  # type: ignore[attr-defined]
    budget.make(len(str(text)) * 4 * max(longest, 1) + measure(budget, table))
    return args


TEXT_METHODS: Mapping[str, Rule] = {
    **dict.fromkeys(["count", "endswith", "find", "index", "startswith"], reads),
    **dict.fromkeys(
        """
            isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper
            partition removeprefix removesuffix
            """.split(),
        makes(1),
    ),
    **dict.fromkeys(["lstrip", "rfind", "rindex", "rpartition", "rstrip", "strip"], backwards),
    **dict.fromkeys(["capitalize", "casefold", "lower", "swapcase", "title", "upper"], makes(3)),
    **dict.fromkeys(["center", "ljust", "rjust", "zfill"], pads),
    **dict.fromkeys(("split", "rsplit"), _splits),
    "encode": _encodes,
    "expandtabs": _tabs,
    "join": _join_method,
    "replace": replaces,
    "splitlines": _lines,
    "translate": _translates,
}


_DATE = {
    **dict.fromkeys(
        """
        ctime date isocalendar isoformat isoweekday replace time timestamp weekday
        """.split(),
        reads,
    ),
    "strftime": _dates,
}


METHODS: Mapping[type, Mapping[str, Rule]] = {
    str: TEXT_METHODS,
    bytes: {"decode": _encodes, "hex": makes(4), "count": reads, "startswith": reads, "endswith": reads},
    dict: {"get": reads, "items": plain, "keys": plain, "values": plain},
    list: {"count": reads, "index": reads},
    tuple: {"count": reads, "index": reads},
    float: {"is_integer": plain},
    datetime: {**_DATE, "timetz": reads, "tzname": reads, "utcoffset": reads},
    date: _DATE,
    time: _DATE,
    timedelta: {"total_seconds": plain},
    LoopContext: {"changed": reads, "cycle": plain},
    Cycler: {"next": plain, "reset": plain},
}


def method(budget: Budget, owner: object, name: str, args: Args, named: Named) -> Args:
    """Spend what a method costs; return the arguments to call it with.

    Raises:
        SecurityError: Templates may not call it.

    """
    rules = next((rules for kind, rules in METHODS.items() if isinstance(owner, kind)), {})
    if name not in rules:
        kind = owner if isinstance(owner, type) else type(owner)
        message = f"templates may not call {name} of a value of type {kind.__name__}"
        raise SecurityError(message)
    return rules[name](budget, (owner, *args), named)[1:]
