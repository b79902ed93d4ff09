"""What absent values are to the filters of provider documents: an empty text, where a filter takes a text."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

TEXT_FILTERS = (
    "capitalize",
    "e",
    "escape",
    "lower",
    "replace",
    "string",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
)


def of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter of texts to which null, and what is absent, is an empty text."""

    @wraps(function)
    def convert(context: Context, value: object, *args: object, **values: object) -> object:
        nothing = value is None or isinstance(value, Undefined)
        return function(context, "" if nothing else value, *args, **values)

    return pass_context(convert)
