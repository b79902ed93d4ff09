"""Where a sandbox is and how a call reaches it: the URL, the control token, the workspace; and what an answer means."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlsplit

from sandbox.client.call import ApiCall
from sandbox.client.errors import (
    NOT_FOUND,
    AddressError,
    ClientError,
    Mistake,
    NotFoundError,
    RefusedError,
    StrangerError,
    UnreachableError,
)

Answer = TypeVar("Answer")

DEFAULT_URL = "http://127.0.0.1:8080"
BASE = "/_sandbox"
GOOD = range(200, 300)
WRITTEN = re.compile(r"[!-~]+", re.ASCII)  # what a URL or a header is written with


@dataclass(frozen=True, slots=True)
class Address:
    """A sandbox, seen by one client. `prefix` is the path that the URL itself has; `workspace` None means `default`."""

    tls: bool
    host: str
    port: int | None
    prefix: str
    token: str | None
    workspace: str | None

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"http{'s' if self.tls else ''}://{host}{port}{self.prefix}"

    def target(self, question: ApiCall[Answer]) -> str:
        """Return the path and query of a call."""
        scope = f"/workspaces/{quote(self.workspace, safe='')}" if question.scoped and self.workspace else ""
        return f"{self.prefix}{BASE}{scope}{question.target}"

    def headers(self, question: ApiCall[Answer]) -> Mapping[str, str]:
        """Return the headers of a call."""
        headers = {"Accept": "application/json"}
        if question.body:
            headers["Content-Type"] = question.type
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def read(self, question: ApiCall[Answer], status: int, answer: bytes) -> Answer:
        """Return what an answer says.

        Raises:
            RefusedError: the sandbox refused.
            StrangerError: whoever answers is no sandbox, or one of another time.

        """
        __tracebackhide__ = True
        if status not in GOOD:
            raise self._refusal(question, status, answer)
        try:
            return question.parse(answer)
        except ValueError:
            raise self._stranger(question, status, "an answer that is not JSON") from None
        except StrangerError as error:
            raise self._stranger(question, status, str(error)) from None

    def _refusal(self, question: ApiCall[Answer], status: int, answer: bytes) -> ClientError:
        mistakes = tuple(_mistakes(answer))
        if not mistakes:
            return self._stranger(question, status, "no problem document")
        return NotFoundError(mistakes) if status == NOT_FOUND else RefusedError(status, mistakes)

    def _stranger(self, question: ApiCall[Answer], status: int, what: str) -> StrangerError:
        asked = f"{question.method} {self.target(question)}"
        return StrangerError(f"{self.url} answers {asked} with {status} and {what}; is it an sms-sandbox?")

    def unreachable(self, failure: Exception, patience: float) -> UnreachableError:
        """Return why nobody answered."""
        if isinstance(failure, TimeoutError):
            return UnreachableError(f"{self.url} gave no answer within {patience:g} s")
        if isinstance(failure, UnicodeError):
            return UnreachableError(f"no sandbox answers at {self.url}: '{self.host}' is no name of a host")
        number = failure.errno if isinstance(failure, OSError) else None
        why = os.strerror(number) if number and number > 0 else str(failure) or type(failure).__name__
        return UnreachableError(f"no sandbox answers at {self.url}: {why}; run sms-sandbox serve, or set SANDBOX_URL")


def make_address(url: str, *, token: str | None, workspace: str | None) -> Address:
    """Return the address of a URL.

    Raises:
        AddressError: the URL is none, or the token cannot stand in a header.

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        message = f"'{url}' is no URL ({error}); write http://HOST:PORT"
        raise AddressError(message) from None
    if parts.scheme not in {"http", "https"} or not host or not WRITTEN.fullmatch(url):
        message = f"'{url}' is no URL; write http://HOST:PORT"
        raise AddressError(message)
    if token is not None and not WRITTEN.fullmatch(token):
        message = "the control token is empty or has characters that a header cannot carry"
        raise AddressError(message)
    return Address(parts.scheme == "https", host, port, parts.path.rstrip("/"), token, workspace)


def _mistakes(answer: bytes) -> Iterator[Mistake]:
    """Yield what a problem document names; nothing where it is none."""
    try:
        problem = json.loads(answer)
    except ValueError:
        return
    errors = problem.get("errors") if isinstance(problem, dict) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and isinstance(error.get("problem"), str):
            yield Mistake(str(error.get("at", "")), error["problem"], error.get("line"), error.get("column"))
