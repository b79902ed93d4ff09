"""Calls of the control API over HTTP; every answer is held against the API's own description."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from sandbox.control.call import OPENAPI
from sandbox.specs.document import read
from tests.servers import Sandbox

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call was answered."""

    status: int
    value: Value

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Place and words of each mistake of a problem document."""
        return [(each["at"], each["problem"]) for each in self.value["errors"]]


class Control:
    """The control API of one workspace."""

    def __init__(self, sandbox: Sandbox, *, base: str = "/_sandbox", headers: Mapping[str, str] | None = None) -> None:
        self.sandbox = sandbox
        self.base = base
        self.headers = headers or {}

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Return the answer to a call; a body of bytes is sent as it is, any other as JSON."""
        content: dict[str, Any] = {"data": body} if body is None or isinstance(body, bytes) else {"json": body}
        sent = {**self.headers, **(headers or {})}
        async with self.sandbox.client.request(
            method, self.base + path, params=query, headers=sent, **content
        ) as reply:
            kind = reply.headers.get("Content-Type", "").partition(";")[0]
            value = await reply.json(content_type=None) if "json" in kind else {"text": await reply.text()}
            problems = misfits(method, path, reply.status, kind, value)
        assert problems == []
        return Answered(reply.status, value)

    async def get(self, path: str, **query: str) -> Value:
        """Return what a GET answers with 200; a query name's trailing underscore is left out."""
        return await self._good("GET", path, None, {name.rstrip("_"): value for name, value in query.items()})

    async def post(self, path: str, body: object = None) -> Value:
        """Return what a POST answers."""
        return await self._good("POST", path, body, None)

    async def put(self, path: str, body: object) -> Value:
        """Return what a PUT answers."""
        return await self._good("PUT", path, body, None)

    async def patch(self, path: str, body: object) -> Value:
        """Return what a PATCH answers."""
        return await self._good("PATCH", path, body, None)

    async def delete(self, path: str, **query: str) -> Value:
        """Return what a DELETE answers; a query name's trailing underscore is left out."""
        return await self._good("DELETE", path, None, {name.rstrip("_"): value for name, value in query.items()})

    async def refused(
        self, method: str, path: str, body: object = None, **query: str
    ) -> tuple[int, list[tuple[str, str]]]:
        """Return the status and the mistakes of a refusal; a query name's trailing underscore is left out."""
        answered = await self.call(method, path, body, query={name.rstrip("_"): value for name, value in query.items()})
        return answered.status, answered.errors

    async def _good(self, method: str, path: str, body: object, query: Mapping[str, str] | None) -> Value:
        answered = await self.call(method, path, body, query=query)
        assert answered.status < 300, answered
        return answered.value


@cache
def operations() -> Mapping[tuple[str, str], Value]:
    """Return the described calls, by method and path template."""
    return {
        (method.upper(), template): node
        for template, item in read(OPENAPI)["paths"].items()
        for method, node in item.items()
        if method in {"get", "put", "post", "delete", "patch"}
    }


def described(method: str, path: str) -> Value | None:
    """Return the description of the call at a path."""
    plain = re.sub(r"^/workspaces/[^/]+(?=/)", "", path)
    for (known, template), node in operations().items():
        if known == method and re.fullmatch(
            re.sub(r"\{\w+\}", "[^/]+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")), plain
        ):
            return node
    return None


def misfits(method: str, path: str, status: int, kind: str, value: object) -> list[str]:
    """Return how an answer differs from what is described."""
    node = described(method, path)
    if node is None:
        return [] if status in {404, 405} else [f"{method} {path}: not described, yet {status}"]
    response = node["responses"].get(str(status)) or node["responses"]["default"]
    content = response.get("content", {})
    if not content:
        return [] if not kind or kind == "application/octet-stream" else [f"{status}: a body of {kind}"]
    if kind not in content:
        return [f"{status}: {kind} is not one of {', '.join(content)}"]
    if "json" not in kind:
        return []
    validator = Draft202012Validator(content[kind]["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
