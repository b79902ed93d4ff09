"""Tells whether a recorded reply accepts its request, and which error of the provider's document it is if not."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.core.effects import FIRST_ERROR_STATUS
from sandbox.learning.callback_statuses import leaves_in
from sandbox.recording.session import RecordedReply
from sandbox.specs.spec import Operation
from sandbox.specs.types import ErrorReply

UNKNOWN = "not in the document"


class Refusal(NamedTuple):
    """A reply that refuses: its HTTP status, and the name of the error, empty if the document has none like it."""

    status: int
    error: str

    def __str__(self) -> str:
        """Return the refusal in words."""
        return f"{self.error or UNKNOWN} (HTTP {self.status})"


def find_refusal(operation: Operation, reply: RecordedReply) -> Refusal | None:
    """Return what a reply refuses with, None if it accepts.

    Providers refuse by an HTTP status, or with 200 and a code in the body: the one of an error in the document.
    """
    given = _members(reply)
    coded = [each for each in operation.errors.values() if _has_code(given, each)]
    if reply.status >= FIRST_ERROR_STATUS:
        alike = [each for each in operation.errors.values() if each.status == reply.status]
        found = [each for each in coded if each in alike] or alike
        return Refusal(reply.status, _nearest(given, found))
    return Refusal(reply.status, _nearest(given, coded)) if coded else None


def _members(reply: RecordedReply) -> Mapping[str, str]:
    """Return the members of a reply: those of JSON at the top, of anything else the first of each name."""
    try:
        value = json.loads(reply.body.text)
    except (ValueError, RecursionError):
        kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
        return {leaf.name: leaf.value for leaf in reversed(leaves_in(reply.body.text, kind.lower()))}
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def _has_code(given: Mapping[str, str], error: ErrorReply) -> bool:
    """Return whether a body has the code of an error wherever the error's own body has it."""
    if not isinstance(error.body, Mapping):
        return False
    code = str(error.code)
    members = [name for name, value in error.body.items() if str(value) == code]
    return bool(members) and all(given.get(name) == code for name in members)


def _nearest(given: Mapping[str, str], errors: list[ErrorReply]) -> str:
    """Return the name of the error whose body has most in common; the first of several."""

    def alike(error: ErrorReply) -> int:
        body = error.body if isinstance(error.body, Mapping) else {}
        return sum(given.get(name) == str(value) for name, value in body.items())

    return max(errors, key=alike).name if errors else ""
