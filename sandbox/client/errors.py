"""The errors that a client raises."""

from dataclasses import dataclass

from sandbox.core.errors import SandboxError

NOT_FOUND = 404


class ClientError(SandboxError):
    """Base class of the errors that a client raises."""


class AddressError(ClientError):
    """The URL or the control token is invalid."""


class ArgumentError(ClientError):
    """An argument cannot be encoded for the API."""


class UnreachableError(ClientError):
    """The server does not respond, or not in time."""


class UnexpectedResponseError(ClientError):
    """The response is not one that the control API gives."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One problem with a call.

    `at` is a JSON pointer into the body, query or path; empty for the call as a whole. A mistake in a scenario has the
    `line` and `column` of its text, from 1, one in a saved state its `line`.
    """

    at: str
    problem: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.at}: {self.problem}" if self.at else self.problem


class RefusedError(ClientError):
    """The server refused the call with the HTTP status `status`; `mistakes` has all its reasons."""

    def __init__(self, status: int, mistakes: tuple[Mistake, ...]) -> None:
        self.status = status
        self.mistakes = mistakes
        super().__init__("; ".join(map(str, mistakes)))


class NotFoundError(RefusedError):
    """The object does not exist, or did not appear within `wait`."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(NOT_FOUND, mistakes)

    @property
    def of_workspace(self) -> bool:
        """Whether the workspace itself does not exist."""
        return any(mistake.at == "/workspace" for mistake in self.mistakes)
