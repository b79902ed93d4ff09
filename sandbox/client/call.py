"""Calls of the control API as values, and the endpoint that they are sent to; both clients send the same calls."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

from sandbox.client.codec import Duration, Page
from sandbox.client.errors import (
    NOT_FOUND,
    AddressError,
    ClientError,
    Mistake,
    NotFoundError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from sandbox.client.values import Workspace
from sandbox.core.clock import parse_duration
from sandbox.core.errors import tls_failure

Result = TypeVar("Result")
Other = TypeVar("Other")

TIMEOUT = 30.0  # seconds of real time within which a response must arrive, not counting `wait`
ADVANCE_TIMEOUT = 600.0  # seconds; an advance waits for every receiver
JSON = "application/json"
YAML = "application/yaml"
DEFAULT_URL = "http://127.0.0.1:8080"
BASE = "/_sandbox"
SUCCESS = range(200, 300)
VISIBLE_ASCII = re.compile(r"[!-~]+", re.ASCII)  # the characters that a URL or a header may contain


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[Result]):
    """One call: `parse` turns the body of its response into a result.

    `path` is relative to `/_sandbox`, or to the workspace if the call is `scoped`. `timeout` is in seconds.
    """

    method: str
    path: str
    parse: Callable[[bytes], Result]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    type: str = JSON
    scoped: bool = True
    timeout: float = TIMEOUT

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def parsed_by(self, parse: Callable[[bytes], Other]) -> "ApiCall[Other]":
        """Return the same call with another parser of its response."""
        return replace(cast("ApiCall[Any]", self), parse=parse)


def timeout_for(wait: Duration | None) -> float:
    """Return the timeout, in seconds, of a call that waits on the server.

    Raises:
        DurationError: `wait` is not a duration.

    """
    if wait is None:
        return TIMEOUT
    return TIMEOUT + (wait if isinstance(wait, timedelta) else parse_duration(wait)).total_seconds()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and one of its workspaces, as one client addresses them.

    `prefix` is the path of the URL. `workspace` None stands for `default`.
    """

    tls: bool
    host: str
    port: int | None
    prefix: str
    token: str | None
    workspace: str | None

    @property
    def url(self) -> str:
        """The URL of the server, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"http{'s' if self.tls else ''}://{host}{port}{self.prefix}"

    def target(self, call: ApiCall[Result]) -> str:
        """Return the path and query of a call."""
        scope = f"/workspaces/{quote(self.workspace, safe='')}" if call.scoped and self.workspace else ""
        return f"{self.prefix}{BASE}{scope}{call.target}"

    def headers(self, call: ApiCall[Result]) -> Mapping[str, str]:
        """Return the headers of a call."""
        headers = {"Accept": "application/json"}
        if call.body:
            headers["Content-Type"] = call.type
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def parse(self, call: ApiCall[Result], status: int, body: bytes) -> Result:
        """Return the result of a call from its response.

        Raises:
            RefusedError: the server refused the call.
            UnexpectedResponseError: the response does not come from a sandbox, or from another version of it.

        """
        __tracebackhide__ = True
        if status not in SUCCESS:
            raise self._refusal(call, status, body)
        try:
            return self._located(call.parse(body))
        except ValueError:
            raise self._unexpected(call, status, "a body that is not JSON") from None
        except UnexpectedResponseError as error:
            raise self._unexpected(call, status, str(error)) from None

    def _located(self, result: Result) -> Result:
        """Return a result, its workspaces with the server that they are on."""
        found: object = result
        if isinstance(found, Page):
            found = replace(found, items=tuple(map(self._located, found.items)))
        elif isinstance(found, Workspace):
            found = replace(found, server_url=self.url, server_token=self.token)
        return cast("Result", found)

    def _refusal(self, call: ApiCall[Result], status: int, body: bytes) -> ClientError:
        mistakes = tuple(_mistakes(body))
        if not mistakes:
            return self._unexpected(call, status, "no problem document")
        return NotFoundError(mistakes) if status == NOT_FOUND else RefusedError(status, mistakes)

    def _unexpected(self, call: ApiCall[Result], status: int, what: str) -> UnexpectedResponseError:
        request = f"{call.method} {self.target(call)}"
        return UnexpectedResponseError(
            f"{self.url} answered {request} with {status} and {what}; is it an sms-sandbox server?"
        )

    def unreachable(self, failure: Exception, timeout: float) -> UnreachableError:
        """Return the error for a request that failed."""
        if isinstance(failure, TimeoutError):
            return UnreachableError(f"{self.url} did not answer within {timeout:g} s")
        if isinstance(failure, UnicodeError):
            return UnreachableError(f"no sandbox answers at {self.url}: '{self.host}' is not a valid host name")
        origin = getattr(failure, "certificate_error", getattr(failure, "os_error", failure))  # of aiohttp's errors
        problem = tls_failure(self.url, origin)
        if problem is not None:
            return UnreachableError(problem)
        number = failure.errno if isinstance(failure, OSError) else None
        reason = os.strerror(number) if number and number > 0 else str(failure) or type(failure).__name__
        return UnreachableError(
            f"no sandbox answers at {self.url}: {reason}; run sms-sandbox serve, or set SANDBOX_URL"
        )


def make_endpoint(url: str, *, token: str | None, workspace: str | None) -> Endpoint:
    """Return the endpoint at a URL.

    Raises:
        AddressError: the URL is invalid, or the token cannot be sent in a header.

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        message = f"invalid URL '{url}' ({error}): use http://HOST:PORT"
        raise AddressError(message) from None
    if parts.scheme not in {"http", "https"} or not host or not VISIBLE_ASCII.fullmatch(url):
        message = f"invalid URL '{url}': use http://HOST:PORT"
        raise AddressError(message)
    if token is not None and not VISIBLE_ASCII.fullmatch(token):
        message = "invalid control token: it is empty or contains characters that a header cannot carry"
        raise AddressError(message)
    return Endpoint(parts.scheme == "https", host, port, parts.path.rstrip("/"), token, workspace)


def _mistakes(body: bytes) -> Iterator[Mistake]:
    """Yield the mistakes of a problem document; none if the body is not one."""
    try:
        problem = json.loads(body)
    except ValueError:
        return
    errors = problem.get("errors") if isinstance(problem, dict) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and isinstance(error.get("problem"), str):
            yield Mistake(str(error.get("at", "")), error["problem"], error.get("line"), error.get("column"))
