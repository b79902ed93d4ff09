"""Reads the query and the body of a control call; every mistake in them comes out at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sandbox.control.openapi import Expected
from sandbox.control.parameter_types import Setting, judge
from sandbox.control.problems import Mistake, ProblemError, pointer, refuse
from sandbox.specs.body_parsing import UnreadableError, pairs, read_json
from sandbox.specs.spec import coerce

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Given:
    """What a call was given by name, checked and read."""

    values: Mapping[str, object]

    def get(self, name: str, kind: type[Kind]) -> Kind | None:
        """Return a value of a kind; None when it was not given, or is of another of the kinds that it may have."""
        value = self.values.get(name)
        return value if isinstance(value, kind) else None

    def part(self, name: str) -> "Given":
        """Return the object under a name, or an empty one."""
        value = self.values.get(name)
        return Given(value if isinstance(value, dict) else {})


def read_query(raw: str, expected: Expected, setting: Setting) -> Given:
    """Return the query parameters.

    Raises:
        ProblemError: 400 with every mistake.

    """
    try:
        fields = pairs(raw)
    except UnreadableError as error:
        raise refuse(400, "", f"query: {error}") from None
    values: dict[str, object] = {}
    twice = []
    for name, value in fields:
        if name in values:
            twice.append(Mistake(pointer([name]), f"{name} is given twice"))
        values[name] = coerce(value, expected.kinds.get(name, frozenset()))
    return _judged(values, expected.query, setting, twice)


def read_body(raw: bytes, expected: Expected, setting: Setting) -> Given:
    """Return a JSON body; an empty one counts as `{}` where it may be empty.

    Raises:
        ProblemError: 400 with every mistake.

    """
    if expected.needs_body and not raw.strip():
        raise refuse(400, "", "body: it is empty; needed is a JSON object")
    try:
        values = read_json(raw) if raw.strip() else {}
    except UnreadableError as error:
        raise refuse(400, "", f"body: {error}") from None
    return _judged(values, expected.body or {}, setting, [])


def _judged(values: dict[str, object], schema: Mapping[str, object], setting: Setting, found: list[Mistake]) -> Given:
    read, mistakes = judge(values, schema, setting)
    if found or mistakes:
        raise ProblemError(400, [*found, *mistakes])
    return Given(read if isinstance(read, dict) else {})
