"""One thing wrong in a document with every behaviour: each mistake is a line with its place and what would be right."""

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from sandbox.core.errors import SpecError
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import discover
from sandbox.specs.compile import operations_of
from tests.specs.documents import PROVIDERS, resolved

DATA = Path(__file__).parents[1] / "data"
SOUND = (DATA / "behaviours.yaml").read_text(encoding="utf-8")
DOCUMENT: Any = yaml.safe_load(SOUND)
ROWS = yaml.safe_load((DATA / "behaviour_mistakes.yaml").read_text(encoding="utf-8"))
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # PyYAML may be built without libyaml
SEND: ValuePath = ("paths", "/acme/messages", "post")
CHANNEL: ValuePath = ("x-sandbox", "channels", "sms")
PLACES: Mapping[str, ValuePath] = {
    "document": (),
    "own": ("x-sandbox",),
    "account": ("x-sandbox", "account"),
    "settings": ("x-sandbox", "settings"),
    "time": ("x-sandbox", "time"),
    "refusals": ("x-sandbox", "refusals"),
    "channel": CHANNEL,
    "callback": (*CHANNEL, "callback"),
    "signature": (*CHANNEL, "callback", "signature"),
    "operation": SEND,
    "behaviour": (*SEND, "x-sandbox"),
    "send": (*SEND, "x-sandbox", "send"),
    "errors": (*SEND, "responses", "400", "content", "application/json", "examples"),
    "message": ("paths", "/acme/messages/{id}", "get", "x-sandbox", "message"),
    "messages": ("paths", "/acme/list", "get", "x-sandbox", "messages"),
    "check": ("paths", "/acme/check", "post", "x-sandbox", "code.check"),
    "balance": ("paths", "/acme/balance", "get", "x-sandbox", "balance"),
    "reply": ("paths", "/acme/ping", "get", "x-sandbox", "reply"),
    "ping": ("paths", "/acme/ping", "get"),
    "path": ("paths", "/acme/ping"),
}
DIFFERENT = "is declared differently elsewhere; all its calls must have the same declaration"
LINE = re.compile(r"(.*?)/row(\d+)\.yaml:(\d+):(\d+): (.+)")


def changed(at: str, value: object) -> object:
    """Return the sound document with a value at a place; None removes what is there."""
    document = copy.deepcopy(DOCUMENT)
    name, *steps = at.split(".")
    *path, last = (*PLACES[name], *(int(step) if step.isdecimal() else step for step in steps))
    node: Any = document
    for step in path:
        node = node[step]
    if value is None:
        node.pop(last, None)
    else:
        node[last] = copy.deepcopy(value)
    return document


def mistakes(documents: Mapping[int, object]) -> Mapping[int, list[str]]:
    """Return the mistakes of documents by number, without their places."""
    found: dict[int, list[str]] = {number: [] for number in documents}
    with TemporaryDirectory() as folder:
        for number, document in documents.items():
            text = document if isinstance(document, str) else yaml.dump(document, Dumper=Dumper, sort_keys=False)
            (Path(folder) / f"row{number}.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(SpecError) as caught:
            discover([Path(folder)])
    for line in str(caught.value).splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        found[int(match[2])].append(match[5])
    return found


@cache
def all_mistakes() -> Mapping[int, list[str]]:
    return mistakes({number: changed(row["at"], row["put"]) for number, row in enumerate(ROWS)})


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[f"{row['at']}={str(row['put'])[:30]}" for row in ROWS])
def test_each_mistake_is_one_line_that_says_what_would_be_right(number: int) -> None:
    says = ROWS[number]["says"]

    assert all_mistakes()[number] == ([says] if isinstance(says, str) else says)


def test_the_document_without_a_change_is_sound(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(SOUND, encoding="utf-8")
    (pack,) = discover([tmp_path]).values()

    assert sorted(pack.provider.operations) == [
        f"acme.{name}" for name in ("balance", "check", "get", "list", "ping", "send")
    ]


def operation(**more: object) -> Mapping[str, object]:
    return {"x-operation": "acme.ping", "x-sandbox": {"reply": {"status": 204}}, **more}


def test_two_operations_on_one_path_are_a_mistake_also_if_its_parameters_have_other_names() -> None:
    parameters = [{"name": "other", "in": "path", "required": True}]
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/acme/messages/{other}"] = {
        "get": {**operation(), "x-operation": "acme.other", "parameters": parameters}
    }
    same = f"{SOUND}  /acme/ping:\n    get: {{x-operation: acme.ping}}\n"
    told = mistakes({0: document, 1: same})

    assert told == {
        0: ["GET /acme/messages/{other}: GET /acme/messages/{id} is the same path; only one of them can be served"],
        1: ["duplicate key '/acme/ping'"],
    }


def test_all_calls_of_an_operation_have_the_same_behaviour() -> None:
    same, other = copy.deepcopy(DOCUMENT), copy.deepcopy(DOCUMENT)
    same["paths"]["/acme/again"] = {"post": copy.deepcopy(same["paths"]["/acme/messages"]["post"])}
    same["paths"]["/acme/ping"]["get"]["x-sandbox"]["reply"] = {"staus": 204}
    other["paths"]["/acme/again"] = {"get": operation(**{"x-sandbox": {"reply": {"status": 201}}})}
    told = mistakes({0: same, 1: other})

    assert told == {
        0: ["GET /acme/ping: x-sandbox.reply.staus: reply has no key 'staus'. Did you mean 'status'?"],
        1: [f"GET /acme/again: x-sandbox: acme.ping {DIFFERENT}"],
    }


def test_a_schema_that_allows_any_name_lets_templates_read_any_parameter(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    reply = {"reply": {"body": {"a": "{{ parameters.anything }}"}}}
    node = {"x-operation": "acme.free", "x-sandbox": reply, "requestBody": {"content": {"application/json": {}}}}
    document["paths"]["/acme/free"] = {"post": {**node, "parameters": [{"name": "x-a", "in": "header"}]}}
    (tmp_path / "acme.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")

    assert "acme.free" in discover([tmp_path])["acme"].provider.operations


def declared_in(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the behaviours that a document declares."""
    for _, _, node in operations_of(document):
        yield from node.get("x-sandbox", {})


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_behaviours_of_a_shipped_document_are_read_at_every_start_and_checked_here(provider: str) -> None:
    document = shipped("specs") / f"{provider}.yaml"

    assert [*declared_in(resolved(provider))] != []
    assert [*discover([], [document])] == [provider]
