"""Each of the six providers, driven through its requests, refusals, callbacks, scenarios, the clock and restarts."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from sandbox.callbacks.egress import Egress, Policy
from sandbox.core.callback import Target
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.store.base import Store
from sandbox.store.sqlite import SqliteStore
from tests.builders import packs
from tests.providers.own import Own
from tests.providers.yaml.providers import NAMES, ask, cases, fill, serve, six, told
from tests.providers.yaml.signatures import IS_SIGNED
from tests.servers import FROZEN, Heard, OwnServer, Receiver, Sandbox, ignore

ROOT = Path(__file__).parent.parent.parent.parent


def walk(place: Own, steps: Iterable[Mapping[str, Any]]) -> list[tuple[object, object]]:
    """Take steps; return what each gives, and what it should give."""
    found: list[tuple[object, object]] = []
    for step in steps:
        if "advance" in step:
            place.advance(step["advance"])
        elif "callbacks" in step:
            wanted = [each["request"] + str(each["headers"]) + each["body"] for each in step["callbacks"]]
            made = [f"{each.method} {each.url}{dict(each.headers)}{each.body}" for each in place.callbacks()]
            found.append((made, [fill(place, each) for each in wanted]))
        else:
            reply = told(ask(place, step))
            right = (step["status"], step["type"], fill(place, step["body"]), fill(place, step.get("why", "")))
            found.append((reply, right))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_answers_moves_messages_and_reports_them_as_its_document_has_it(name: str) -> None:
    for made, wanted in walk(serve(name), cases(name).steps):
        assert made == wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_changes_what_a_provider_answers_and_does(name: str) -> None:
    for made, wanted in walk(serve(name, cases(name).scenario["rules"]), cases(name).scenario["steps"]):
        assert made == wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_magic_numbers_hold_for_a_provider(name: str) -> None:
    magic, found = cases(name).magic, {}
    rules = (ROOT / "scenarios" / "default.yaml").read_text(encoding="utf-8")
    for suffix, wanted in magic["replies"].items():
        place = serve(name, rules, packs())
        reply = ask(place, json.loads(json.dumps(magic["step"]).replace("<number>", magic["number"] + suffix)))
        place.advance(600)
        words = [step.word for message in place.messages for step in message.history]
        found[suffix] = {"status": reply.status, "body": reply.body.decode(), "words": words}
        wanted["body"] = fill(place, wanted["body"])

    assert found == magic["replies"]


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_does_the_same_each_time(name: str) -> None:
    def play() -> list[object]:
        place = serve(name)
        return [*(made for made, _ in walk(place, cases(name).steps)), place.messages]

    assert play() == play()


@pytest.mark.parametrize("name", NAMES)
def test_a_refused_request_leaves_nothing(name: str) -> None:
    place = serve(name)
    for step in cases(name).steps:
        if "advance" in step:
            place.advance(step["advance"])
        if "call" not in step:
            continue
        before = (len(place.world.messages), dict(place.world.accounts))
        reply = ask(place, step)
        after = (len(place.world.messages), dict(place.world.accounts))

        assert reply.status < 300 or before == after


def first_send(name: str) -> Mapping[str, Any]:
    step: Mapping[str, Any] = cases(name).steps[0]
    return step


async def post(client: "TestClient[Any, Any]", step: Mapping[str, Any]) -> tuple[int, str]:
    """Make the request of a step over HTTP."""
    method, _, path = step["call"].partition(" ")
    more: dict[str, Any] = {"json": step["json"]} if "json" in step else {"data": step.get("form", step.get("xml"))}
    if "xml" in step:
        more["data"] = step["xml"].encode()
    headers = {**step.get("headers", {}), **({"Content-Type": "application/xml"} if "xml" in step else {})}
    async with client.request(method, URL(path, encoded=True), headers=headers, **more) as reply:
        return reply.status, await reply.text()


async def start(store: Store | None = None) -> Sandbox:
    """Serve the six providers over HTTP."""
    engine = Engine(six(), egress=Egress(Policy()), start=FROZEN)
    if store is not None:
        await engine.open_store(store, ignore)
    client = TestClient(OwnServer(engine))
    await client.start_server()
    return Sandbox(engine, client)


def aim(sandbox: Sandbox, receiver: Receiver) -> None:
    """Send the callbacks of all providers to a customer's server."""
    for name in NAMES:
        sandbox.workspace.set_target(name, Target(receiver.url(f"/{name}"), cases(name).target.get("key")))


def own_step(name: str) -> Mapping[str, Any]:
    """Return the first request of a provider, without a callback URL of its own."""
    text = json.dumps(first_send(name))
    return dict(json.loads(text.replace("StatusCallback", "Unused").replace("dlr-url", "unused")))


def heard(receiver: Receiver, name: str) -> list[Heard]:
    return [each for each in receiver.calls if each.path.startswith(f"/{name}")]


def is_signed(receiver: Receiver, name: str, call: Heard) -> bool:
    url = f"http://127.0.0.1:{receiver.port}{call.path}"
    return IS_SIGNED[name](call.method, url, call.headers, call.body)


async def test_the_callbacks_that_a_customer_hears_are_signed_and_received(receiver: Receiver) -> None:
    receiver.otherwise = _answers_all
    sandbox = await start()
    aim(sandbox, receiver)
    statuses = [(await post(sandbox.client, own_step(name)))[0] for name in NAMES]
    await sandbox.advance()
    await sandbox.client.close()

    signed = {name: [is_signed(receiver, name, each) for each in heard(receiver, name)] for name in NAMES}
    assert (max(statuses), {name: all(each) for name, each in signed.items()}) == (202, dict.fromkeys(NAMES, True))
    assert {name: len(each) for name, each in signed.items()} == {
        "bulka": 2,
        "kasa": 2,
        "pigeon": 2,
        "tello": 2,
        "verka": 1,
        "ximo": 2,
    }
    assert {each.state for each in sandbox.callbacks} == {"delivered"}


async def _answers_all(_: web.Request) -> web.StreamResponse:
    return web.Response(text="ok, ACK")


async def test_a_callback_that_is_not_received_is_tried_again_as_the_channel_says(receiver: Receiver) -> None:
    sandbox = await start()
    aim(sandbox, receiver)
    receiver.otherwise = _answers_all
    receiver.answers.extend([_says_no] * 2)
    await post(sandbox.client, own_step("pigeon"))
    await sandbox.advance()
    await sandbox.client.close()

    first = sandbox.callbacks[0]
    waits = [
        round((after.at - before.at).total_seconds())
        for before, after in zip(first.attempts, first.attempts[1:], strict=False)
    ]
    calls = heard(receiver, "pigeon")
    assert (first.state, waits) == ("delivered", [2, 4])
    assert all(is_signed(receiver, "pigeon", each) for each in calls)
    assert len({each.headers["x-pigeon-timestamp"] for each in calls[:3]}) > 1


async def _says_no(_: web.Request) -> web.StreamResponse:
    return web.Response(text="no")


def with_keys(name: str, keys: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the first request of a provider with the keys of a workspace."""
    step = dict(own_step(name))
    match name:
        case "pigeon":
            step["headers"] = {"Authorization": f"Bearer {keys['token']}"}
        case "tello":
            both = b64encode(f"{keys['username']}:{keys['password']}".encode()).decode()
            step["headers"] = {"Authorization": f"Basic {both}"}
        case "kasa":
            query = f"?username={keys['username']}&password={keys['password']}&"
            step["call"] = step["call"].replace("?username=u&password=p&", query)
        case "ximo":
            step["xml"] = step["xml"].replace("<apikey>k1</apikey>", f"<apikey>{keys['apikey']}</apikey>")
        case _:
            step["headers"] = dict(keys)
    return step


def messages_of(world: World) -> list[tuple[object, ...]]:
    return [(each.provider, each.id, each.recipient, each.data, each.code) for each in world.messages.values()]


async def test_workspaces_are_apart_and_begin_alike() -> None:
    sandbox = await start()
    made = await (await sandbox.client.post("/_sandbox/workspaces", json={"seed": 7})).json()
    for name in NAMES:
        await post(sandbox.client, own_step(name))
        await post(sandbox.client, with_keys(name, made["keys"][name]))
    await sandbox.client.close()

    worlds = sandbox.engine.worlds
    assert messages_of(worlds["default"]) == messages_of(worlds[made["id"]])
    assert {each.provider for each in worlds[made["id"]].messages.values()} == {*NAMES}


async def test_a_restart_and_a_saved_state_keep_everything(tmp_path: Path, receiver: Receiver) -> None:
    receiver.otherwise = _answers_all
    first = await start(SqliteStore(tmp_path / "state.db"))
    aim(first, receiver)
    for name in NAMES:
        await post(first.client, own_step(name))
    before = messages_of(first.world)
    await first.client.close()

    second = await start(SqliteStore(tmp_path / "state.db"))
    wrong_secret = {**own_step("tello"), "headers": {"Authorization": "Basic QUMxOm90aGVy"}}
    refused, _ = await post(second.client, wrong_secret)
    state = await (await second.client.get("/_sandbox/state?keys=true")).read()
    await second.client.close()

    third = await start()
    await third.client.put("/_sandbox/state", data=state)
    found = messages_of(third.world)
    await third.advance()
    await third.client.close()

    assert (found, refused, {each.status for each in third.world.messages.values()}) == (before, 401, {"delivered"})
    assert {each.state for each in third.callbacks} == {"delivered"}
    assert all(is_signed(receiver, name, each) for name in NAMES for each in heard(receiver, name))
