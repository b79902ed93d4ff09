"""What may go wrong between a client and a sandbox, in words for a person."""

from dataclasses import dataclass

from sandbox.core.errors import SandboxError

NOT_FOUND = 404


class ClientError(SandboxError):
    """The root of what a client raises."""


class AddressError(ClientError):
    """A URL or token that cannot be used."""


class ArgumentError(ClientError):
    """A value that a call cannot carry."""


class UnreachableError(ClientError):
    """Nobody answers, or not in time."""


class StrangerError(ClientError):
    """Somebody answers, but not as the control API does."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a call; `at` is a JSON pointer into its body, query or path, empty for the whole.

    A mistake in a scenario has its `line` and `column` in the text, from 1.
    """

    at: str
    problem: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.at}: {self.problem}" if self.at else self.problem


class RefusedError(ClientError):
    """The sandbox refused: `status` is that of HTTP, `mistakes` all that its problem document names."""

    def __init__(self, status: int, mistakes: tuple[Mistake, ...]) -> None:
        self.status = status
        self.mistakes = mistakes
        super().__init__("; ".join(map(str, mistakes)))


class NotFoundError(RefusedError):
    """There is no such thing, or `wait` was over before there was."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(NOT_FOUND, mistakes)

    @property
    def of_workspace(self) -> bool:
        """Whether it is the workspace itself that there is not."""
        return any(mistake.at == "/workspace" for mistake in self.mistakes)
