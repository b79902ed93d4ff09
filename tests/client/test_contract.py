"""The clients and the description of the control API know the same calls, parameters and fields."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from sandbox.client import behaviour_values, overview_values, server_values, values
from sandbox.client.behaviour_values import KEY, LOCAL
from sandbox.client.call import ApiCall
from sandbox.client.clients import STREAM, ApiMethod, ApiMethods
from sandbox.control.call import openapi_json

DOCUMENT: Mapping[str, Any] = json.loads(openapi_json())
METHODS = ("get", "put", "post", "patch", "delete")
# What the required parameters of the clients' calls are given.
SAMPLES = {
    "id": "ID",
    "to": "387",
    "status": "delivered",
    "provider": "ubill",
    "key": "KEY",
    "url": "http://127.0.0.1:9/",
    "targets": {"ubill": "http://127.0.0.1:9/"},
    "name": "default",
    "document": "name: mine",
    "file": b"",
    "sender": "387",
    "text": "Yes",
}
PAGES = {"wait", "limit", "cursor"}
# The schema of each value that the clients make; those without one stand inside another schema.
SCHEMAS = {
    "Message": values.Message,
    "Request": values.Request,
    "Callback": values.Callback,
    "Target": values.Target,
    "Clock": behaviour_values.Clock,
    "Advance": behaviour_values.Advance,
    "Agenda": behaviour_values.Agenda,
    "Overview": overview_values.Overview,
    "Durations": overview_values.Durations,
    "Account": values.Account,
    "Sender": values.Sender,
    "Template": values.Template,
    "Scenario": behaviour_values.Scenario,
    "ScenarioCheck": behaviour_values.ScenarioCheck,
    "Workspace": values.Workspace,
    "Verdict": values.Verdict,
    "Provider": values.Provider,
    "Health": server_values.Health,
    "Replica": server_values.Replica,
}


def calls() -> dict[str, Callable[..., ApiCall[Any]]]:
    """Return every call of the clients by its name."""
    return {name: each.make for name, each in vars(ApiMethods).items() if isinstance(each, ApiMethod)}


def sample(make: Callable[..., ApiCall[Any]], **more: object) -> ApiCall[Any]:
    """Return a call with the parameters that must be given."""
    needed = {
        name: SAMPLES[name]
        for name, parameter in inspect.signature(make).parameters.items()
        if parameter.default is parameter.empty
    }
    return make(**{**needed, **more})


def described() -> Iterator[tuple[str, str]]:
    """Yield the method and path of every call that is described."""
    for path, item in DOCUMENT["paths"].items():
        yield from ((method.upper(), path) for method in METHODS if method in item)


def location(call: ApiCall[Any]) -> tuple[str, str]:
    """Return the method and described path of a call."""
    for method, path in described():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if method == call.method and re.fullmatch(pattern, call.path):
            return method, path
    return call.method, call.path


def test_the_clients_know_every_call() -> None:
    known = {location(sample(make)) for make in calls().values()} | {location(STREAM)}

    assert known == set(described())


def test_the_clients_know_which_calls_are_about_the_server() -> None:
    scoped = {location(sample(make)): sample(make).scoped for make in calls().values()}

    assert scoped == {
        (method, path): "servers" not in DOCUMENT["paths"][path] for method, path in described() if path != "/events"
    }


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = node
    while "$ref" in found:
        target: Any = DOCUMENT
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found = target
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [name for name, make in calls().items() if sample(make).method == "GET"])
def test_a_call_can_give_every_filter(name: str) -> None:
    make = calls()[name]
    method, path = location(sample(make))
    parameters = DOCUMENT["paths"][path][method.lower()].get("parameters", [])
    filters = {each["name"] for each in map(resolved, parameters) if each["in"] == "query"}
    filters -= PAGES if name.startswith("export_") else {"format"}  # a list is not a file
    words = {"sender": "from"}
    given = {words.get(each, each) for each in inspect.signature(make).parameters}

    assert filters - given == set()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_value_has_every_field_that_is_described(name: str) -> None:
    kind = SCHEMAS[name]
    read = {each.metadata.get(KEY, each.name) for each in fields(kind) if each.metadata != LOCAL}

    assert read == set(DOCUMENT["components"]["schemas"][name]["properties"])


def parts_of(kind: type) -> set[type]:
    """Return the values inside a value, and those inside them."""
    hints = get_type_hints(kind).values()
    parts = {part for hint in hints for part in (hint, *get_args(hint)) if isinstance(part, type) if is_dataclass(part)}
    return parts.union(*map(parts_of, parts))


def test_every_value_that_the_clients_make_is_described_or_part_of_one() -> None:
    parts = set[type]().union(*map(parts_of, SCHEMAS.values()))
    modules = (values, behaviour_values, overview_values, server_values)
    named = [each for module in modules for each in vars(module).values()]
    made = {each for each in named if isinstance(each, type) and is_dataclass(each)}
    by_themselves = {values.Otp, values.Index, values.Event, behaviour_values.ScenarioEntry}

    assert made - parts - set(SCHEMAS.values()) == by_themselves


def test_every_call_says_what_it_does() -> None:
    assert [name for name, make in calls().items() if not inspect.getdoc(make)] == []
