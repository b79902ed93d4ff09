"""The six providers, and the steps that drive each: its requests with their exact replies, and its callbacks."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sandbox.core.callback import Target
from sandbox.core.message import Message
from sandbox.formats.yaml_files import load
from sandbox.pipeline import Response
from sandbox.providers.registry import Registry, discover
from tests.providers.own import DOCUMENTS, Own

NAMES = ("bulka", "kasa", "pigeon", "tello", "verka", "ximo")
ID = re.compile(r"<(id|batch|code)(\d+)>")


class Cases(NamedTuple):
    """What drives a provider: steps, those under a scenario, and a request with a number that the scenario knows."""

    target: Mapping[str, str]
    steps: list[Mapping[str, Any]]
    scenario: Mapping[str, Any]
    magic: Mapping[str, Any]


@cache
def six() -> Registry:
    """Return the six providers."""
    with TemporaryDirectory() as folder:
        for name in NAMES:
            copyfile(DOCUMENTS / f"{name}.yaml", Path(folder) / f"{name}.yaml")
        return discover([Path(folder)])


@cache
def cases(name: str) -> Cases:
    """Return what drives a provider."""
    found = load(DOCUMENTS / "cases" / f"{name}.yaml")
    assert isinstance(found, dict)
    return Cases(**found)


def serve(name: str, scenario: str = "", beside: Registry | None = None) -> Own:
    """Return a place that a provider serves, with the target of its cases."""
    target = cases(name).target
    return Own(six()[name], scenario=scenario, target=Target(target["url"], target.get("key")), beside=beside)


def ask(place: Own, step: Mapping[str, Any]) -> Response:
    """Make the request of a step."""
    method, _, path = step["call"].partition(" ")
    body: object = step.get("json", step.get("form"))
    headers = step.get("headers", {})
    if "xml" in step:
        body, headers = step["xml"].encode(), {**headers, "Content-Type": "application/xml"}
    return place.call(method, fill(place, path), body, form="form" in step, headers=headers)


def fill(place: Own, text: str) -> str:
    """Return a text with the ids, requests and codes of messages for `<id1>`, `<batch1>` and `<code1>`."""

    def find(mark: re.Match[str]) -> str:
        message: Message = place.world.messages[int(mark[2])]
        match mark[1]:
            case "id":
                return message.id
            case "batch":
                return message.id.rpartition("-")[0]
        return str(message.code)

    return ID.sub(find, text)


def told(response: Response) -> tuple[int, str, str, str]:
    """Return what a step says of a response: status, media type, body and reasons."""
    headers = response.headers
    return response.status, headers["Content-Type"], response.body.decode(), headers.get("X-Sandbox-Why", "")
