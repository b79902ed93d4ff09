"""Web pages that call a provider's path: refused with a reason, or allowed by `--cors`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import unquote

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from sandbox.core.callback import Target
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.server.app import read_origin
from tests.servers import BETATEL_SMS, FROZEN, OwnServer, Receiver, Sandbox, make_engine

PAGE = "http://localhost:3000"
TOLD = (
    f"header Origin: {PAGE} is a web page, and browsers cannot read this reply, because no provider documents CORS;"
    f" to allow the page, start with sms-sandbox serve --cors {PAGE}"
)
ASKS = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type, x-api-key",
}


@asynccontextmanager
async def serving(*origins: str, start: WorkspaceConfig = FROZEN) -> AsyncIterator[Sandbox]:
    """Serve with these origins allowed."""
    engine = make_engine(start)
    client = TestClient(OwnServer(engine, origins))
    await client.start_server()
    yield Sandbox(engine, client)
    await client.close()


def shared(reply: ClientResponse) -> Mapping[str, str]:
    """Return the headers of a reply that are about other origins."""
    return {name: value for name, value in reply.headers.items() if name.startswith(("Access-Control", "Vary"))}


async def test_a_pages_preflight_is_refused_and_told_what_allows_it() -> None:
    async with serving() as sandbox:
        reply = await sandbox.client.options(BETATEL_SMS.path, headers=ASKS)
        why = unquote(reply.headers["X-Sandbox-Why"]).partition("; ")[2]

    assert (reply.status, why, shared(reply)) == (405, TOLD, {})


async def test_a_pages_call_gets_what_the_provider_gives_and_is_told_that_it_cannot_read_it() -> None:
    async with serving() as sandbox:
        accepted = await sandbox.send(Origin=PAGE)
        refused = await sandbox.send(BETATEL_SMS.with_values(to="x"), Origin=PAGE)
        told = [each.why[-1:] for each in sandbox.world.requests.values()]

    assert (accepted.status, refused.status, told, shared(accepted), shared(refused)) == (
        200,
        400,
        [(TOLD,), (TOLD,)],
        {},
        {},
    )


async def test_the_sandboxs_own_pages_are_told_nothing() -> None:
    async with serving() as sandbox:
        own = str(sandbox.client.make_url("/")).rstrip("/")
        await sandbox.send(BETATEL_SMS.with_values(to="x"), Origin=own)
        why = sandbox.world.requests[1].why

    assert TOLD not in why
    assert len(why) == 1


@pytest.mark.parametrize(
    ("origins", "allowed"), [((PAGE,), PAGE), (("http://other.example", PAGE), PAGE), (("*",), "*")]
)
async def test_an_allowed_pages_preflight_is_answered_and_sends_nothing(origins: tuple[str, ...], allowed: str) -> None:
    async with serving(*origins) as sandbox:
        reply = await sandbox.client.options(BETATEL_SMS.path, headers=ASKS)
        stored = [(each.status, each.operation, each.refused) for each in sandbox.world.requests.values()]

    assert (reply.status, shared(reply), stored, len(sandbox.world.messages)) == (
        204,
        {
            "Access-Control-Allow-Origin": allowed,
            **({} if allowed == "*" else {"Vary": "Origin"}),
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "content-type, x-api-key",
            "Access-Control-Max-Age": "600",
        },
        [(204, None, False)],
        0,
    )


async def test_an_allowed_page_may_read_accepted_refused_and_unknown_replies() -> None:
    async with serving(PAGE) as sandbox:
        replies = [
            await sandbox.send(Origin=PAGE),
            await sandbox.send(BETATEL_SMS.with_values(to="x"), Origin=PAGE),
            await sandbox.client.get("/nowhere", headers={"Origin": PAGE}),
            await sandbox.client.options("/nowhere", headers=ASKS),
        ]
        told = [TOLD in each.why for each in sandbox.world.requests.values()]

    readable = {
        "Access-Control-Allow-Origin": PAGE,
        "Vary": "Origin",
        "Access-Control-Expose-Headers": "X-Sandbox-Request, X-Sandbox-Why, X-Sandbox-Rule, Retry-After",
    }
    assert ([each.status for each in replies], [shared(each) for each in replies], told) == (
        [200, 400, 404, 404],
        [readable] * 4,
        [False] * 4,
    )


async def test_a_page_of_another_origin_is_not_allowed() -> None:
    async with serving("http://localhost:3001") as sandbox:
        replies = [
            await sandbox.client.options(BETATEL_SMS.path, headers=ASKS),
            await sandbox.send(Origin=PAGE),
            await sandbox.send(Origin="null"),
        ]

    assert [(each.status, shared(each)) for each in replies] == [(405, {}), (200, {}), (200, {})]


async def test_the_control_api_takes_no_page_whatever_cors_names() -> None:
    async with serving("*") as sandbox:
        reply = await sandbox.client.get("/_sandbox/messages", headers={"Origin": PAGE})

    assert (reply.status, shared(reply)) == (403, {})


@pytest.mark.parametrize(("origins", "calls"), [((), 0), (("http://other.example",), 0), ((PAGE,), 1)])
async def test_a_page_causes_a_callback_only_where_its_origin_is_allowed(
    origins: tuple[str, ...], calls: int, receiver: Receiver
) -> None:
    start = replace(FROZEN, targets={"betatel": Target(receiver.url())})
    async with serving(*origins, start=start) as sandbox:
        await sandbox.send(Origin=PAGE, Sec_Fetch_Site="cross-site")
        await sandbox.advance()

    assert bool(receiver.calls) is bool(calls)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("http://localhost:80", "http://localhost"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("*", "*"),
        ("localhost:3000", None),
        ("http://localhost:3000/", None),
        ("http://", None),
        ("ftp://shop.example", None),
        ("http://a b", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, origin: str | None) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize("header", [{"Expect": "foo"}, {"Content-Encoding": "br"}], ids=["417", "415"])
async def test_a_page_whose_origin_is_allowed_can_read_what_http_itself_refuses(header: dict[str, str]) -> None:
    async with serving(PAGE) as allowing, serving() as closed:
        readable, hidden = [
            await each.client.post(BETATEL_SMS.path, data=b"{}", headers={**header, "Origin": PAGE})
            for each in (allowing, closed)
        ]

    assert (
        shared(readable)["Access-Control-Allow-Origin"],
        shared(hidden),
        TOLD in unquote(hidden.headers["X-Sandbox-Why"]),
    ) == (
        PAGE,
        {},
        True,
    )
