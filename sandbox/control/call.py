"""A control call that has been checked, and the answers to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from sandbox.control.call_input import Given
from sandbox.control.phone_numbers import Homes
from sandbox.control.problems import ProblemError, document
from sandbox.control.server_state import Memory
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.specs.types import JSON, PROBLEM


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One call: whose workspace it is about, and what it was given by path, query and body."""

    memory: Memory
    workspace: Workspace
    path: Mapping[str, str]
    query: Given
    body: Given
    request: web.Request

    @property
    def engine(self) -> Engine:
        """The server."""
        return self.memory.engine

    @property
    def homes(self) -> Homes:
        """How each provider's own country writes numbers."""
        return self.memory.homes

    @property
    def world(self) -> World:
        """The state of the workspace."""
        return self.workspace.world


def encode(value: object) -> bytes:
    """Return a value as JSON; half a surrogate pair, which a header may hold, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def reply(value: object, *, status: int = 200) -> web.Response:
    """Return an answer with a JSON body."""
    return web.Response(status=status, body=encode(value), content_type=JSON)


def done() -> web.Response:
    """Return the answer of a call that has nothing to tell."""
    return web.Response(status=HTTPStatus.NO_CONTENT)


def problem(error: ProblemError) -> web.Response:
    """Return a problem document."""
    return web.Response(status=error.status, body=encode(document(error.status, error.mistakes)), content_type=PROBLEM)
