"""Errors whose text is meant for a person: where, what came, what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple


class FileMistake(NamedTuple):
    """One thing that is wrong, or doubtful, in a file. `line` and `column` count from 1; None: it has no place."""

    problem: str
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return on_one_line(": ".join(filter(None, (self.place, self.problem))))

    @property
    def place(self) -> str:
        """Return `file:line:column`, as far as they are known."""
        return ":".join(str(each) for each in (self.file, self.line, self.column) if each not in {"", None})


def on_one_line(text: str) -> str:
    """Return a text with escapes in place of line ends and other characters that are not printed."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class SandboxError(Exception):
    """The root of all errors that the sandbox raises on purpose."""


class IllegalMoveError(SandboxError):
    """A message was to move to a status that may not follow its present one."""


class UnknownStatusError(SandboxError):
    """A status word that neither we nor the provider have."""


class ClockBackwardsError(SandboxError):
    """A clock was to go back."""


class MistakesError(SandboxError):
    """Files that cannot be used. `mistakes` has all that was found, file by file, from top to bottom; one a line."""

    def __init__(self, mistakes: Iterable[FileMistake]) -> None:
        found = tuple(mistakes)
        files = {file: place for place, file in enumerate(dict.fromkeys(each.file for each in found))}
        self.mistakes = tuple(
            sorted(found, key=lambda each: (files[each.file], each.line or 0, each.column or 0)),
        )
        super().__init__("\n".join(map(str, self.mistakes)))


class SpecError(MistakesError):
    """Provider documents that cannot be served."""


class ScenarioError(MistakesError):
    """A scenario that cannot be used."""


class AdvanceLimitError(SandboxError):
    """An advance until idle that finds no end: 30 days of clock time or 1,000,000 steps."""


class ResetError(SandboxError):
    """A reset or deletion came while something waited."""


class CallbackStateError(SandboxError):
    """A callback's state forbids what was asked of it."""


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return the sentence " Did you mean 'name'?", else the one that lists all known names, else an empty text."""
    names = sorted(known)
    found = get_close_matches(word, names, n=1) or [name for name in names if name.lower() == word.lower()]
    if found:
        return f" Did you mean '{found[0]}'?"
    return f" There are: {', '.join(names)}." if names else ""
