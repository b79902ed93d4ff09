"""Says in words what a value's schema holds against it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.control.problems import Mistake, pointer
from sandbox.core.errors import near_miss
from sandbox.specs.types import WORDING, show

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]


def mistakes_in(value: object, schema: Schema) -> Iterator[tuple[tuple[str | int, ...], Mistake]]:
    """Yield each mistake and the path of the value that it spoils."""
    from sandbox.specs.validation import Validator  # noqa: PLC0415 - loaded when it is needed first

    for error in Validator(schema).iter_errors(value):
        path = tuple(error.absolute_path)
        yield from ((path, mistake) for mistake in WORDS.get(str(error.validator), _plain)(error, path))


def _plain(error: "ValidationError", path: Iterable[str | int]) -> Iterator[Mistake]:
    """Say what the value is instead: by the schema's own description of it, else by the rule that it breaks."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    word = WORDING.get(str(error.validator))
    if error.validator in DESCRIBED and "description" in schema:
        problem = f"{show(error.instance)} is not {schema['description']}"
    elif word is None:
        problem = f"{show(error.instance)} breaks the rule {error.validator}: {show(error.validator_value)}"
    else:
        problem = word(error.instance, error.validator_value)
    yield Mistake(pointer(path), helped(problem, schema))


def helped(problem: str, schema: Schema) -> str:
    """Return a problem with what its schema says would be right instead, where it does."""
    return f"{problem}; {schema['x-instead']}" if "x-instead" in schema else problem


def _missing(error: "ValidationError", path: tuple[str | int, ...]) -> Iterator[Mistake]:
    yield Mistake(pointer((*path, error.message)), f"{error.message} is missing")


def _unknown(error: "ValidationError", path: tuple[str | int, ...]) -> Iterator[Mistake]:
    known = set(error.schema.get("properties", ()) if isinstance(error.schema, Mapping) else ())
    for name in error.instance if isinstance(error.instance, Mapping) else ():
        if name not in known:
            yield Mistake(pointer((*path, name)), f"nothing is called {show(name)} here.{near_miss(name, known)}")


def _count(error: "ValidationError", path: tuple[str | int, ...]) -> Iterator[Mistake]:
    known = ", ".join(error.schema.get("properties", ()) if isinstance(error.schema, Mapping) else ())
    bound = "at least" if error.validator == "minProperties" else "at most"
    yield Mistake(pointer(path), f"{bound} {error.validator_value} of {known} must be given")


DESCRIBED = frozenset({"anyOf", "oneOf", "pattern"})
WORDS: Mapping[str, Callable[["ValidationError", tuple[str | int, ...]], Iterator[Mistake]]] = {
    "required": _missing,
    "additionalProperties": _unknown,
    "minProperties": _count,
    "maxProperties": _count,
}
