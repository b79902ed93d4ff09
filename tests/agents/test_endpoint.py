"""MCP over HTTP is guarded as the control API is, and off unless it is wanted."""

import json
import re
from typing import Any

import aiohttp
import pytest

from tests.agents.conftest import TOKEN, serving
from tests.servers import Sandbox

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "describe_provider", "arguments": {}}}
HEADERS = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {TOKEN}"}


async def post(url: str, body: object = CALL, **headers: str) -> tuple[int, Any]:
    """Return the status and the body of a reply."""
    named = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=named) as reply:
        return reply.status, json.loads(await reply.read())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_it_has_the_guards_of_the_control_api(headers: dict[str, str], status: int) -> None:
    async with serving(TOKEN) as url:
        found = await post(f"{url}/_sandbox/mcp", **headers)

    assert found[0] == status


async def test_the_url_that_a_tool_returns_is_the_one_by_which_the_agent_has_reached_the_server() -> None:
    async with serving(TOKEN) as url:
        _, reply = await post(f"{url}/_sandbox/mcp", Host="sandbox.internal:9000")

    assert reply["result"]["structuredContent"]["url"] == "http://sandbox.internal:9000"


async def test_a_server_on_all_networks_reaches_itself() -> None:
    async with serving(TOKEN, host="0.0.0.0") as url:
        _, reply = await post(f"{url}/_sandbox/mcp")

    assert reply["result"]["isError"] is False


@pytest.mark.parametrize("body", [{}, [], "call", {"jsonrpc": "2.0", "id": 1, "method": 7}])
async def test_what_is_no_call_is_refused(body: object) -> None:
    async with serving(TOKEN) as url:
        status, reply = await post(f"{url}/_sandbox/mcp", body)

    assert (status, "error" in reply) == (400, True)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_there_is_no_session_to_listen_to_or_to_end(method: str) -> None:
    async with (
        serving(TOKEN) as url,
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.request(method, f"{url}/_sandbox/mcp") as reply,
    ):
        found = reply.status, reply.headers["Allow"]

    assert found == (405, "POST")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_is_off_unless_the_server_is_told_otherwise(sandbox: Sandbox, method: str) -> None:
    async with sandbox.client.request(method, "/_sandbox/mcp") as reply:
        found = reply.status, (await reply.json())["detail"]

    assert found == (404, "MCP is off; start the server with sms-sandbox serve --mcp")


async def test_the_pages_are_listed_for_language_models(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/llms.txt") as reply:
        text = await reply.text()
    paths = re.findall(r"^- \[[^]]+\]\((\S+)\): \S.*$", text, re.MULTILINE)
    found = []
    for path in paths:
        async with sandbox.client.get(path) as page:
            found.append((page.status, page.content_type))

    assert (text.partition("\n")[0], len(paths), {*found}) == (
        "# sms-sandbox",
        text.count("\n- "),
        {(200, "text/markdown")},
    )
