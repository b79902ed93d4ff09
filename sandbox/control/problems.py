"""Problem documents (RFC 9457) of the control API: each names every mistake of a call at once."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sandbox.core.errors import (
    AdvanceLimitError,
    CallbackStateError,
    ClockBackwardsError,
    IllegalMoveError,
    ResetError,
    SandboxError,
    StoreError,
    StoreUseError,
)
from sandbox.engine.engine import TooManyWorkspacesError
from sandbox.specs.types import problem

BASE = "/_sandbox"  # of the paths of the control API

# The HTTP status of each error that the engine may raise during a call.
STATUS_OF: Mapping[type[SandboxError], int] = {
    ClockBackwardsError: 409,
    CallbackStateError: 409,
    TooManyWorkspacesError: 409,
    AdvanceLimitError: 409,
    IllegalMoveError: 409,
    ResetError: 409,
    StoreError: 503,
    StoreUseError: 503,
}


class Mistake(NamedTuple):
    """One mistake. `at` is a JSON pointer into the body, the query parameters or the path parameters.

    `line` and `column`, from 1, are set for a mistake in a scenario, `line` for one in a saved state.
    """

    at: str
    problem: str
    line: int | None = None
    column: int | None = None

    def show(self) -> dict[str, object]:
        """Return the mistake as a problem document has it."""
        shown: dict[str, object] = {"at": self.at, "problem": self.problem}
        place = {"line": self.line, "column": self.column}
        return {**shown, **{name: number for name, number in place.items() if number is not None}}


class ProblemError(SandboxError):
    """An error that is answered with a problem document."""

    def __init__(self, status: int, mistakes: Iterable[Mistake]) -> None:
        self.status = status
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(mistake.problem for mistake in self.mistakes))


def refuse(status: int, at: str, why: str) -> ProblemError:
    """Return the error of a single mistake."""
    return ProblemError(status, [Mistake(at, why)])


def document(status: int, mistakes: Iterable[Mistake]) -> dict[str, object]:
    """Return a problem document."""
    errors = list(mistakes)
    detail = "; ".join(error.problem for error in errors)
    return {
        **problem(status, detail, errors=[error.show() for error in errors]),
        "type": f"{BASE}/docs/problems#{status}",
    }


def encode(value: object) -> bytes:
    """Return a value as JSON; a lone surrogate, which a header may contain, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def from_error(error: SandboxError) -> ProblemError | None:
    """Return the problem that an error stands for; None if no call may cause it."""
    if isinstance(error, ProblemError):
        return error
    status = next((STATUS_OF[each] for each in type(error).__mro__ if each in STATUS_OF), None)
    return None if status is None else refuse(status, "", str(error))


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
