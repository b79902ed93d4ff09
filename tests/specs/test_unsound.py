"""Each node of a sound document removed, emptied or mistyped: the start says what is wrong, or everything works."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.callbacks.compose import retry_schedule, timeout_of, write
from sandbox.control.system import describe_provider
from sandbox.core.callback import CallbackState, Target
from sandbox.core.change import TargetSet
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.errors import SpecError
from sandbox.core.world import World
from sandbox.engine.providers import provider_hosts
from sandbox.engine.scheduler import carry_out
from sandbox.formats.json_text import ValuePath
from sandbox.pipeline import ServerContext, handle
from sandbox.providers.registry import Pack, discover
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Router
from tests.builders import NOON
from tests.builders import packs as shipped_packs
from tests.specs.function_provider import DOCUMENT, MODULE

CSafeDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # PyYAML may be built without libyaml
GONE = object()
SPOILS = {"removed": GONE, "empty": None, "no entries": {}, "an empty list": [], "a text": "x", "a number": 7}
LINE = re.compile(r"[^\n]*acme\.yaml:\d+:\d+: [^\n]+")
SCENARIO = """
accounts: {"*": {"invalid*": {closed: true}}}
rules:
  - {name: refused, when: {to: "*000050"}, then: {error: server-error}}
  - {name: delivered, when: {to: "*555"}, then: {lifecycle: [sent: 200ms, delivered: 1s]}}
  - {name: whatever was refused, when: {valid: any, text: hi}, then: {after: 0s}}
"""
BODIES = (b'{"to": "38761444555", "body": "hi"}', b'{"to": "38761000050", "body": "hi"}', b"{}", b"")


def paths(value: object, path: ValuePath = ()) -> Iterator[ValuePath]:
    """Yield the path of every value in a document."""
    if path:
        yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(each, (*path, key))


def spoiled(document: object, path: ValuePath, spoil: object) -> object:
    """Return a document with another value at a path, or with none there."""
    result: Any = copy.deepcopy(document)
    node = result
    for step in path[:-1]:
        node = node[step]
    if spoil is GONE:
        del node[path[-1]]
    else:
        node[path[-1]] = copy.copy(spoil)
    return result


def used(own: Pack) -> None:
    """Send good and bad requests to a provider and see their callbacks through; refusals must say why."""
    packs = {**shipped_packs(), own.spec.name: own}
    scenario = load_text(SCENARIO, "unsound", packs=packs)
    defaults = {name: pack.spec.defaults for name, pack in packs.items()}
    world = World(
        "default", clock=make_clock(ClockMode.FROZEN, start=NOON), seed=7, scenario=scenario, defaults=defaults
    )
    server = ServerContext(packs, Router(own.spec.routes), world, lambda _: world)
    describe_provider(own.spec)
    provider_hosts(packs)
    world.commit(TargetSet(own.spec.name, Target("http://127.0.0.1:9/dlr")))
    for route in own.spec.routes:
        for body in BODIES:
            for key in ("k1", "invalid1"):
                headers = {"content-type": "application/json", "x-acme-key": key}
                for oversize in (False, True):
                    request = Request(route.method, route.template, "", headers, body, oversize)
                    _, reply = handle(request, server)
                    worded = {"X-Sandbox-Request", "X-Sandbox-Why"} <= reply.headers.keys()
                    assert reply.status == 200 or worded, (reply.status, reply.headers)
    while (due := world.agenda.first()) is not None:
        if due.at > world.now():
            world.commit(world.clock.moved(due.at))
        callback = carry_out(world, packs, due)
        if callback is not None and callback.state is CallbackState.SENDING:
            message = world.messages[callback.message]
            write(world, packs, callback)
            retry_schedule(world, packs, message)
            timeout_of(world, message)


def verdict(folder: Path) -> str:
    """Return what is wrong with how a document is received, empty where nothing is."""
    try:
        packs = discover([folder])
    except SpecError as error:
        lines = str(error).split("\n")
        return "" if all(map(LINE.fullmatch, lines)) else f"lines {lines}"
    try:
        used(*packs.values())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this test looks for
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("kind", SPOILS)
def test_a_document_with_one_thing_wrong_is_served_or_named_by_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sound = yaml.safe_load(DOCUMENT)
    found = {}
    for path in paths(sound):
        text = yaml.dump(spoiled(sound, path, SPOILS[kind]), Dumper=CSafeDumper, sort_keys=False)
        (tmp_path / "acme.yaml").write_text(text, encoding="utf-8")
        problem = verdict(tmp_path)
        if problem:
            found[path] = problem

    assert found == {}
