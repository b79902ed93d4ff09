"""A provider of one's own in one document, to which a test adds what it is about, and a world that it serves."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from sandbox.callbacks.compose import write
from sandbox.core.account import Account
from sandbox.core.callback import Outgoing, Target
from sandbox.core.change import TargetSet
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.errors import SpecError
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.engine.scheduler import carry_out
from sandbox.formats.yaml_files import load
from sandbox.pipeline import Response, ServerContext, handle
from sandbox.providers.registry import Pack, Registry, discover
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import FORM, Request
from sandbox.specs.routing import Router
from tests.builders import NOON

Node = dict[str, Any]
DOCUMENTS = Path(__file__).parent.parent / "data" / "providers"
SEND = ("paths", "/own/messages", "post")
GET = ("paths", "/own/messages/{id}", "get")
LIST = ("paths", "/own/list", "get")
CALLBACK = ("x-sandbox", "channels", "sms", "callback")
GOOD = {"to": "4917612345678", "text": "hello"}
KEY = {"x-key": "k1"}


@cache
def _text() -> str:
    return json.dumps(load(DOCUMENTS / "own.yaml"))


def put(document: Node, steps: tuple[str, ...], value: object) -> None:
    """Set a value of a document."""
    here = document
    for step in steps[:-1]:
        here = here.setdefault(step, {})
    here[steps[-1]] = value


def compile_document(document: Node) -> Pack:
    """Return the provider of a document."""
    return _compile(json.dumps(document))


@lru_cache(maxsize=16)
def _compile(text: str) -> Pack:
    with TemporaryDirectory() as folder:
        (Path(folder) / "own.yaml").write_text(text, encoding="utf-8")
        return discover([Path(folder)])["own"]


class Own:
    """A world that one provider serves: sends requests, moves the clock, and collects callbacks."""

    def __init__(
        self,
        pack: Pack,
        *,
        scenario: str = "",
        seed: int = 7,
        target: Target | None = None,
        beside: Registry | None = None,
    ) -> None:
        self.packs: Registry = {**(beside or {}), pack.spec.name: pack}
        rules = load_text(scenario, "ours", packs=self.packs) if scenario else Scenario("bare")
        self.world = World(
            "default",
            clock=make_clock(ClockMode.FROZEN, start=NOON),
            seed=seed,
            scenario=rules,
            defaults={name: each.spec.defaults for name, each in self.packs.items()},
        )
        self._router = Router(pack.spec.routes)
        if target is not None:
            self.world.commit(TargetSet(pack.spec.name, target))

    def call(
        self, method: str, path: str, body: object = None, *, form: bool = False, headers: Mapping[str, str] = KEY
    ) -> Response:
        """Return the reply to a request; its body is JSON, or a form, or bytes as they are."""
        path, _, query = path.partition("?")
        every = {name.lower(): value for name, value in headers.items()}
        content = b""
        if isinstance(body, bytes):
            content = body
        elif form and isinstance(body, Mapping):
            content, every["content-type"] = urlencode(body, doseq=True).encode(), FORM
        elif body is not None:
            content, every["content-type"] = json.dumps(body).encode(), "application/json"
        context = ServerContext(self.packs, self._router, self.world, lambda _: self.world)
        request = Request(method, path, query, MappingProxyType(every), content)  # requests share their headers
        return handle(request, context)[1]

    def send(self, body: object = GOOD, *, query: str = "", **more: Any) -> Response:  # noqa: ANN401 - as `call`
        """Send; the body is JSON."""
        return self.call("POST", f"/own/messages{query}", body, **more)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON of any kind
        """Return the JSON that a GET replies."""
        return json.loads(self.call("GET", path).body)

    @property
    def messages(self) -> list[Message]:
        return list(self.world.messages.values())

    @property
    def account(self) -> Account:
        [found] = self.world.accounts.values()
        return found

    def advance(self, by: timedelta | float = 10) -> None:
        """Let the clock pass, in seconds; callbacks are collected."""
        to = self.world.now() + (by if isinstance(by, timedelta) else timedelta(seconds=by))
        self.advance_to(to)

    def advance_to(self, to: datetime) -> None:
        while (due := self.world.agenda.first()) is not None and due.at <= to:
            if due.at > self.world.now():
                self.world.commit(self.world.clock.moved(due.at))
            carry_out(self.world, self.packs, due)
        self.world.commit(self.world.clock.moved(to))

    def callbacks(self) -> list[Outgoing]:
        """Return the callbacks as they are sent, in order."""
        return [write(self.world, self.packs, each) for each in self.world.callbacks.values()]


Change = Callable[[Node], object]


def own(
    send: str = "",
    *,
    scenario: str = "",
    seed: int = 7,
    target: Target | None = None,
    change: Change | None = None,
    **parts: str,
) -> Own:
    """Serve the document with parts of it replaced, as `written` says."""
    return Own(compile_document(written(send, change, **parts)), scenario=scenario, seed=seed, target=target)


def written(send: str = "", change: Change | None = None, **parts: str) -> Node:
    """Return the document with parts of it replaced, each a mapping in YAML.

    `send` is the `x-sandbox` of the operation that sends, `get` and `list` those of the others; `callback` is that of
    the channel. `top` is added to the document's `x-sandbox`, `errors` to the examples of the status 400.
    """
    document: Node = json.loads(_text())
    for steps, text in ((SEND, send), (GET, parts.pop("get", "")), (LIST, parts.pop("list", ""))):
        if text:
            put(document, (*steps, "x-sandbox"), yaml.safe_load(text))
    if "callback" in parts:
        put(document, CALLBACK, yaml.safe_load(parts.pop("callback")))
    document["x-sandbox"].update(yaml.safe_load(parts.pop("top", "")) or {})
    examples = document["paths"]["/own/messages"]["post"]["responses"]["400"]["content"]["application/json"]["examples"]
    examples.update(yaml.safe_load(parts.pop("errors", "")) or {})
    if parts:
        raise TypeError(parts)
    if change is not None:
        change(document)
    return document


def mistakes(send: str = "", change: Change | None = None, **parts: str) -> list[str]:
    """Return the mistakes of the document with parts of it replaced, without their places in the file."""
    with pytest.raises(SpecError) as caught:
        compile_document(written(send, change, **parts))
    return [line.partition(": ")[2] for line in str(caught.value).split("\n")]


def why(reply: Response) -> tuple[int, object, str]:
    """Return status, JSON and reasons of a reply."""
    return reply.status, json.loads(reply.body), reply.headers.get("X-Sandbox-Why", "")


def read(reply: Response) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return the JSON of a reply."""
    return json.loads(reply.body)
