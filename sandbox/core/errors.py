"""Errors and mistakes in files, with texts for people: where it is, what was found, what would be right."""

from collections.abc import Awaitable, Iterable
from difflib import get_close_matches
from typing import NamedTuple


class FileMistake(NamedTuple):
    """A mistake, or a warning, about a file; `line` and `column` count from 1 and are None if it has no position."""

    problem: str
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return on_one_line(": ".join(filter(None, (self.place, self.problem))))

    @property
    def place(self) -> str:
        """Return `file:line:column`, as far as known."""
        return ":".join(str(each) for each in (self.file, self.line, self.column) if each not in {"", None})


def on_one_line(text: str) -> str:
    """Return a text with line breaks and other unprintable characters escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


OTHER_HOST = frozenset({62, 64})  # OpenSSL's codes for a certificate of another host name or address


def tls_failure(url: str, error: BaseException) -> str | None:
    """Return why a TLS connection to a URL failed, in words for its user; None if the error is not one of TLS."""
    problem = getattr(error, "verify_message", None)
    if problem:
        advice = "; set SSL_CERT_FILE to the server's ca.pem, whose path sms-sandbox trust prints"
        known = getattr(error, "verify_code", 0) in OTHER_HOST
        return f"the certificate of {url} is not trusted: {problem}{'' if known else advice}"
    reason = getattr(error, "reason", None)
    if isinstance(reason, str) and hasattr(error, "library"):
        return f"{url} does not speak TLS ({reason.lower().replace('_', ' ')}); if it serves plain HTTP, use http://"
    return None


class SandboxError(Exception):
    """The base class of all errors that the sandbox raises."""


class IllegalMoveError(SandboxError):
    """A message cannot change from its current status to the one requested."""


class UnknownStatusError(SandboxError):
    """A status name that neither the sandbox nor the provider knows."""


class ClockBackwardsError(SandboxError):
    """A clock cannot go backwards."""


class MistakesError(SandboxError):
    """Files that cannot be used; `mistakes` lists every mistake, file by file, from top to bottom."""

    def __init__(self, mistakes: Iterable[FileMistake]) -> None:
        found = tuple(mistakes)
        files = {file: place for place, file in enumerate(dict.fromkeys(each.file for each in found))}
        self.mistakes = tuple(
            sorted(found, key=lambda each: (files[each.file], each.line or 0, each.column or 0)),
        )
        super().__init__("\n".join(map(str, self.mistakes)))


class SpecError(MistakesError):
    """Provider documents with mistakes."""


class ScenarioError(MistakesError):
    """A scenario with mistakes."""


class AdvanceLimitError(SandboxError):
    """An advance until idle reached its limit: 30 days of clock time or 1,000,000 steps."""


class ResetError(SandboxError):
    """The workspace was reset or deleted while a call was waiting."""


class StoreError(SandboxError):
    """The store cannot be read or written; the text says what happened."""


class StoreUseError(StoreError):
    """What was given as a store cannot be used as one: it is none, of another version, or in use elsewhere."""


class ElsewhereError(SandboxError):
    """A workspace is not at work in this server, but in another replica, or nowhere yet; `workspace` is its name."""

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace
        super().__init__(f"the workspace {workspace} is at work in another replica")


class BusyError(SandboxError):
    """A workspace handles a large request, which takes several turns of the loop; `done` is done at its end."""

    def __init__(self, done: Awaitable[None]) -> None:
        self.done = done
        super().__init__("the workspace handles a large request")


class OwnershipLostError(StoreError):
    """Another replica has taken `workspaces` over; this one can write nothing of them."""

    def __init__(self, workspaces: Iterable[str]) -> None:
        self.workspaces = frozenset(workspaces)
        super().__init__(f"another replica has taken over the workspace {', '.join(sorted(self.workspaces))}")


class ReadOnlyError(SandboxError):
    """The server shows the saved state in `file`, which cannot be changed."""

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(f"this server shows the saved state {file}, which cannot be changed")


class CallbackStateError(SandboxError):
    """A callback's state does not allow the requested action."""


def exists_already(path: object, option: str) -> str:
    """Return why a file is not written; `option` names another one."""
    return f"{path} exists already, and is not overwritten; choose another file with {option}"


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'name'?" if a known name is similar, else a list of all known names.

    The text begins with a space, and is empty if no name is known.
    """
    names = sorted(known)
    found = get_close_matches(word, names, n=1) or [name for name in names if name.lower() == word.lower()]
    if found:
        return f" Did you mean '{found[0]}'?"
    return f" Available: {', '.join(names)}." if names else ""
