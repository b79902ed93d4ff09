"""What expressions give, as bodies, texts and conditions take it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.times import Moment
from sandbox.templates.text import TemplateFailedError

OMITTED = object()  # the value of what `x-if` leaves out
NO = ("", "false", "none", "null", "0")  # texts of a query or form that stand for no, in lower case


def is_true(value: object) -> bool:
    """Return whether a condition holds; a text may be that of a query or form, such as false."""
    return value.strip().lower() not in NO if isinstance(value, str) else bool(value)


def _to_text(value: object) -> str:
    return "" if value is None else str(value)


def _to_integer(value: Any) -> int:  # noqa: ANN401 - whatever a template reads
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


CONVERSIONS: Mapping[str, Callable[[object], object]] = {"string": _to_text, "int": _to_integer}  # as Jinja's filters


def plain(value: object, scope: Scope) -> object:
    """Return the value of an expression as JSON can write it: times as the provider writes them."""
    if isinstance(value, Moment):
        return value.written
    if isinstance(value, datetime):
        return scope.write_time(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each, scope) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each, scope) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    what = "a function; call it, as in uuid()" if callable(value) else f"a {type(value).__name__}"
    message = f"a value of the body is {what}"
    raise TemplateFailedError(message)


BODIES = (dict, str, Mapping)  # the frequent ones first: a look at an abstract class takes ten times as long


def encode_body(value: object) -> Mapping[str, object] | str:
    """Return a body as a reply holds it: a mapping or a text; other values as JSON, nothing as an empty text."""
    if value is OMITTED:
        return ""
    if isinstance(value, BODIES):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
