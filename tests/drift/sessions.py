"""Recordings of a provider that is a sandbox itself, made by the recorder without a network."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import yaml
from yarl import URL

from sandbox.callbacks.compose import request_of
from sandbox.client import Provider
from sandbox.client.codec import read_all
from sandbox.control.system import describe_provider
from sandbox.core.callback import Callback, Outgoing
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.demo.request_templates import PreparedRequest, sample_requests
from sandbox.drift.run import DriftReport as Report
from sandbox.drift.run import find_drift
from sandbox.formats.yaml_files import shipped
from sandbox.pipeline import ServerContext, handle
from sandbox.providers.registry import Registry, discover
from sandbox.recording.limits import Limits
from sandbox.recording.masking import Masker
from sandbox.recording.recorder import Incoming, Recorder, Route
from sandbox.recording.session import SessionHeader, SessionWriter
from sandbox.recording.upstream import RawHeaders, Upstream, UpstreamReply
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router
from sandbox.specs.spec import Operation
from tests.builders import NOON, packs, router, run_until

SALT = "a salt of the tests"
Change = Callable[[str], str]


class Ask:
    """A request that is recorded; `error` is what the provider then replies with, whatever it is."""

    def __init__(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: str = "", *, error: str = ""
    ) -> None:
        self.error = error
        self.incoming = Incoming(
            method,
            target,
            tuple((name.encode(), value.encode()) for name, value in (headers or {}).items()),
            body.encode(),
        )

    @property
    def operation(self) -> Operation | None:
        """The operation that it asks for."""
        found = router().find(self.incoming.method, self.incoming.target.partition("?")[0])
        return found.route.operation if isinstance(found, Found) else None

    def refused_with(self, error: str) -> "Ask":
        """Return the same request, which the provider refuses with an error."""
        other = copy(self)
        other.error = error
        return other


class RealProvider:
    """The provider that is recorded: a world with its own documents, whose clock the test moves."""

    url = URL("https://provider.example")

    def __init__(self, known: Registry, scenario: Scenario | None = None, *, seed: int = 77) -> None:
        self.packs = known
        self._scenario = scenario or Scenario("bare")
        self.world = World(
            "default",
            clock=make_clock(ClockMode.FROZEN, start=NOON),
            seed=seed,
            scenario=self._scenario,
            defaults={name: pack.spec.defaults for name, pack in known.items()},
        )
        router = Router(route for pack in known.values() for route in pack.spec.routes)
        self._context = ServerContext(known, router, self.world, lambda _: self.world)
        self._reported = 0

    async def send(self, method: str, target: str, headers: RawHeaders, body: bytes) -> UpstreamReply:
        """Answer a request."""
        path, _, query = target.partition("?")
        named = {name.decode().lower(): value.decode() for name, value in headers}
        _, response = handle(Request(method, path, query, named, body), self._context)
        shown = tuple((name.encode(), value.encode()) for name, value in response.headers.items())
        return UpstreamReply(response.status, "", shown, response.body)

    def close(self) -> None:
        """Close nothing."""

    def refuse(self, error: str) -> None:
        """Reply with an error from now on; empty: as it is right."""
        rule = f"rules: [{{name: refused, when: {{valid: any}}, then: {{error: {error}}}}}]"
        self.world.commit(load_text(rule, "refused", packs=self.packs) if error else self._scenario)

    def pass_time(self, by: timedelta) -> list[tuple[Callback, Outgoing]]:
        """Let time pass; return the callbacks that came of it."""
        run_until(self.world, self.world.now() + by, self.packs)
        new = [each for each in self.world.callbacks.values() if each.id > self._reported]
        self._reported = max((each.id for each in new), default=self._reported)
        return [(each, outgoing) for each in new if (outgoing := request_of(self.world, self.packs, each))]


def record(  # noqa: PLR0913 - what a recording depends on
    path: Path,
    asked: Iterable[Ask | Callable[[World], Ask]],
    *,
    known: Registry | None = None,
    base: Registry | None = None,
    scenario: Scenario | None = None,
    wait: timedelta = timedelta(seconds=10),
    change: Callable[[list[tuple[Callback, Outgoing]]], list[tuple[Callback, Outgoing]]] = list,
    limits: Limits | None = None,
    keep_content: bool = False,
    seed: int = 77,
    turns: int = 1,
) -> Path:
    """Record requests and the callbacks that follow; return the session file.

    `base` are the providers that the recorder knows, `known` those that answer. `change` changes the callbacks. A
    request may depend on what has happened before. After each request, time passes in so many turns.
    """
    base = base or packs()

    async def run() -> None:
        real = RealProvider(known or base, scenario, seed=seed)
        masker = Masker(base, SALT, keep_content=keep_content)
        header = SessionHeader(NOON, "0", "record", {name: str(real.url) for name in base}, masker.masked)
        routes = {name: Route(_as_upstream(real)) for name in base}
        with SessionWriter(path, header) as writer:
            recorder = Recorder(
                base,
                routes,
                masker=masker,
                limits=limits or Limits(),
                writer=writer,
                log=lambda _: None,
                now=real.world.now,
            )
            for each in asked:
                ask = each if isinstance(each, Ask) else each(real.world)
                real.refuse(ask.error)
                await recorder.pass_request(ask.incoming)
                for callback, outgoing in (each for _ in range(turns) for each in change(real.pass_time(wait))):
                    parts = urlsplit(outgoing.url)
                    target = f"/?{parts.query}" if parts.query else "/"
                    headers = tuple((name.encode(), value.encode()) for name, value in outgoing.headers.items())
                    incoming = Incoming(outgoing.method, target, headers, outgoing.body.encode())
                    await recorder.pass_callback(callback.provider, "", incoming)

    asyncio.run(run())
    return path


def _as_upstream(real: RealProvider) -> Upstream:
    return cast("Upstream", real)  # it has what the recorder uses


@cache
def changed_packs(name: str, changes: tuple[tuple[str, str], ...], folder: Path) -> Registry:
    """Return the providers with changes to the text of one document; each must apply."""
    text = (shipped("specs") / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return {**packs(), **discover([folder])}


def drift(path: Path, ignored: Iterable[str] = (), *, base: Registry | None = None) -> Report:
    """Return what documents have otherwise than a recording; by default the shipped ones."""
    return find_drift(path, base or packs(), ignored=ignored)


def examples() -> list[Ask]:
    """Return all requests of the provider documents, with those that come before them."""
    listed = yaml.safe_load((Path(__file__).parents[1] / "data" / "examples.yaml").read_text(encoding="utf-8"))
    found = []
    for each in listed["requests"]:
        for row in (*each.get("given", {}).get("earlier", ()), each):
            url = row["url"]
            for old, new in {**each.get("replaced", {}), **row.get("replaced", {})}.items():
                url = url.replace(old, new)
            body = row.get("body", "")
            for old, new in {**each.get("replaced", {}), **row.get("replaced", {})}.items():
                body = body.replace(old, new)
            target = "/" + url.split("://" if "://" in url else ":/", 1)[1].partition("/")[2]
            found.append(Ask(row["method"], target, row.get("headers", {}), body))
    return found


def generated(provider: str) -> list[Ask]:
    """Return requests to every operation of a provider in every form, right ones and wrong ones."""
    spec = packs()[provider].spec
    described = json.loads(json.dumps(describe_provider(spec), default=str))
    for each in described["operations"]:
        each["channel"] = each["channel"] or "none"  # so that operations that send nothing have requests, too
    (value,) = read_all(Provider, (described,))
    found = []
    for sample in sample_requests(value):
        whole = sample.render(lambda _, value: value)
        found += [_ask(each) for each in (whole, *_spoiled(whole))]
    return found


def _ask(prepared: PreparedRequest) -> Ask:
    return Ask(prepared.method, prepared.target, prepared.headers, prepared.body)


def _spoiled(right: PreparedRequest) -> Iterator[PreparedRequest]:
    """Yield a request without each of its parts, with other values, and unreadable."""
    path, _, query = right.target.partition("?")
    pairs = query.split("&") if query else []
    for place, pair in enumerate(pairs):
        rest = pairs[:place] + pairs[place + 1 :]
        yield right._replace(target=f"{path}?{'&'.join(rest)}")
        yield right._replace(target=f"{path}?{'&'.join([*rest, pair.partition('=')[0] + '=%C3%A9'])}")
    for name in right.headers:
        yield right._replace(headers={each: value for each, value in right.headers.items() if each != name})
    if right.body.startswith("{"):
        values = json.loads(right.body)
        for name in values:
            yield right._replace(body=json.dumps({each: value for each, value in values.items() if each != name}))
            others: tuple[object, ...] = ("", "é", 7, [], {"a": 1}, None)
            yield from (right._replace(body=json.dumps({**values, name: other})) for other in others)
    if right.body:
        yield right._replace(body=right.body[:-3])
        yield right._replace(body="")
