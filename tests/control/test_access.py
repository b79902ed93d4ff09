from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sandbox.server.app import make_app
from tests.control.calls import Control
from tests.servers import Sandbox, make_engine

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def guarded() -> AsyncIterator[Client]:
    """Return a client of a server with a control token."""
    client: Client = TestClient(TestServer(make_app(make_engine(), token="s3cret")))
    await client.start_server()
    yield client
    await client.close()


async def test_without_the_token_a_call_is_401_and_says_what_is_asked_for(guarded: Client) -> None:
    async with guarded.get("/_sandbox/messages") as reply:
        found = reply.status, reply.headers["WWW-Authenticate"], reply.content_type, (await reply.json())["detail"]

    assert found == (
        401,
        "Bearer",
        "application/problem+json",
        "the control token is missing or wrong; send it as Authorization: Bearer TOKEN",
    )


async def test_with_the_token_it_is_answered(guarded: Client) -> None:
    async with guarded.get("/_sandbox/messages", headers={"Authorization": "Bearer s3cret"}) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("path", ["", "health", "openapi.json", "schemas/scenario.json", "schemas/provider.json"])
async def test_what_describes_the_server_needs_no_token(guarded: Client, path: str) -> None:
    async with guarded.get(f"/_sandbox/{path}") as reply:
        assert reply.status == 200


async def test_the_token_is_not_asked_for_by_the_providers(guarded: Client) -> None:
    async with guarded.get("/v1/sms/balance?key=k1") as reply:
        assert reply.status == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}],
)
async def test_strangers_are_turned_away_before_anything_happens(sandbox: Sandbox, headers: dict[str, str]) -> None:
    await sandbox.send()
    async with sandbox.client.post("/_sandbox/reset", headers=headers) as reply:
        found = reply.status, reply.content_type, len(sandbox.world.messages)

    assert found == (403, "application/problem+json", 1)


async def test_providers_answer_to_any_name(sandbox: Sandbox) -> None:
    reply = await sandbox.send(host="api.betatel.com")

    assert reply.status == 200


async def test_every_answer_forbids_sniffing_and_storing(sandbox: Sandbox) -> None:
    found = set()
    for path in ("messages", "messages/x", "openapi.json", "nowhere", "metrics", "events"):
        async with sandbox.client.get(f"/_sandbox/{path}") as reply:
            found.add((reply.headers["X-Content-Type-Options"], reply.headers["Cache-Control"]))

    assert found == {("nosniff", "no-store")}


WORKSPACE = "/_sandbox/workspaces/w1"
UNKNOWN_CALLS = (
    ("GET", "/mesages"),
    ("GET", "/workspaces/w1/mesages"),
    ("GET", "/x"),
    ("PATCH", "/clock"),
    ("DELETE", ""),
)


async def test_an_unknown_call_names_the_nearest(control: Control) -> None:
    answered = [await control.call(*each) for each in UNKNOWN_CALLS]

    assert [(answer.status, answer.errors) for answer in answered] == [
        (404, [("", "GET /_sandbox/mesages: there is no such path. Did you mean '/_sandbox/messages'?")]),
        (404, [("", f"GET {WORKSPACE}/mesages: there is no such path. Did you mean '{WORKSPACE}/messages'?")]),
        (404, [("", "GET /_sandbox/x: there is no such path. /_sandbox/openapi.json lists all paths.")]),
        (405, [("", "PATCH /_sandbox/clock: method not allowed; use GET, HEAD, PUT")]),
        (405, [("", "DELETE /_sandbox: method not allowed; use GET, HEAD")]),
    ]
