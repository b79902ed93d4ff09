"""A recording of a provider that does as its document says shows no difference."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.core.world import World
from sandbox.providers.registry import Registry
from tests.builders import packs
from tests.drift.sessions import Ask, drift, examples, generated, record
from tests.providers.own import DOCUMENTS
from tests.providers.yaml.providers import ID, NAMES, cases, six

KEYS = {"content-type": "application/json", "x-api-key": "a key of ours", "x-account-id": "acc-1"}
REFUSED = [(provider, name) for provider, pack in packs().items() for name in pack.spec.operations]


def names(path: Path, base: Registry | None = None) -> list[str]:
    """Return the texts of the differences."""
    return [each.text for each in drift(path, base=base).differences]


def test_every_request_of_the_provider_documents_is_answered_as_recorded(tmp_path: Path) -> None:
    assert names(record(tmp_path / "session.jsonl", examples())) == []


@pytest.mark.parametrize("provider", packs())
def test_every_form_of_every_operation_right_or_wrong_is_answered_as_recorded(provider: str, tmp_path: Path) -> None:
    assert names(record(tmp_path / "session.jsonl", generated(provider))) == []


@pytest.mark.parametrize("provider", packs())
def test_every_refusal_of_every_operation_is_as_recorded(provider: str, tmp_path: Path) -> None:
    asked, seen = [], set()
    for each in generated(provider):
        operation = each.operation
        if operation is not None and operation.name not in seen:
            seen.add(operation.name)
            asked += [each.refused_with(error) for error in operation.errors]

    # That the sandbox accepts such a request, or refuses it for another reason, is a difference of another kind.
    found = drift(record(tmp_path / "session.jsonl", asked)).differences
    assert (seen, [each.text for each in found if not each.name.endswith(("precedence", "refused"))]) == (
        set(packs()[provider].spec.operations),
        [],
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_of_one_s_own_answers_as_recorded(name: str, tmp_path: Path) -> None:
    asked = [lambda world, step=step: ask_step(step, world) for step in cases(name).steps if "call" in step]
    kept = {each: replace(pack, file=DOCUMENTS / f"{each}.yaml") for each, pack in six().items()}

    assert names(record(tmp_path / "session.jsonl", asked, base=kept), base=kept) == []


def ask_step(step: Mapping[str, Any], world: World) -> Ask:
    """Return the request of a step, with the ids of messages that the provider has sent."""
    filled = json.loads(ID.sub(lambda mark: named(world, mark[1], int(mark[2])), json.dumps(dict(step))))
    method, _, path = filled["call"].partition(" ")
    headers = dict(filled.get("headers", {}))
    if "json" in filled:
        return Ask(method, path, {"Content-Type": "application/json", **headers}, json.dumps(filled["json"]))
    if "xml" in filled:
        return Ask(method, path, {"Content-Type": "application/xml", **headers}, filled["xml"])
    form = urlencode(filled.get("form", {}), doseq=True)
    more = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    return Ask(method, path, {**more, **headers}, form)


def named(world: World, what: str, number: int) -> str:
    """Return an id, batch or code of a message, or what nothing has."""
    message = world.messages.get(number)
    if message is None:
        return "0"
    return {"id": message.id, "batch": message.id.rpartition("-")[0]}.get(what, str(message.code))


def test_statuses_that_are_read_are_those_that_callbacks_have_reported(tmp_path: Path) -> None:
    def read(world: World) -> Ask:
        return Ask("GET", f"/api/v1/connect-hub/whatsapp/{world.messages[1].id}/wdr", KEYS)

    send = Ask("POST", "/api/v1/connect-hub/whatsapp/otp", KEYS, json.dumps({"to": "38761930305", "text": "482910"}))
    report = drift(record(tmp_path / "session.jsonl", [send, read]))

    assert (report.differences, report.counts["compared"]) == ((), 2)


def test_statuses_that_are_read_without_callbacks_move_the_messages_of_the_sandbox(tmp_path: Path) -> None:
    def read(world: World) -> Ask:
        number = world.messages[1]
        return Ask("GET", f"/v1/sms/report/{number.id.partition('-')[0]}?key=a-key-of-ours")

    body = json.dumps({"brandID": 1, "numbers": ["995511194242", "995511194241"], "text": "hello"})
    send = Ask("POST", "/v1/sms/send?key=a-key-of-ours", KEYS, body)
    report = drift(record(tmp_path / "session.jsonl", [send, read], change=lambda _: []))

    assert (report.differences, report.counts["callbacks compared"]) == ((), 0)


def test_what_only_the_account_of_the_provider_decides_is_no_difference(tmp_path: Path) -> None:
    own = {"key": "K" * 24, "type": "1", "to": "9812345678", "message": "hello"}
    asked = [
        Ask("POST", "/api/sms/send", {"content-type": "application/json"}, json.dumps({**own, "sender": sender}))
        for sender in ("SMSBDY", "SMSBDY", "OTHERS")
    ]
    asked[1].error = "insufficient-funds"

    assert names(record(tmp_path / "session.jsonl", asked)) == []
