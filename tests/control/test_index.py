"""The index: what a probe, a load balancer or a person with curl finds at the root."""

import pytest

from sandbox import __version__
from tests.servers import Sandbox

INDEX = {
    "name": "sms-sandbox",
    "version": __version__,
    "links": {
        "inbox": "/_sandbox/ui/",
        "openapi": "/_sandbox/openapi.json",
        "health": "/_sandbox/health",
        "messages": "/_sandbox/messages",
        "providers": "/_sandbox/providers",
    },
}


@pytest.mark.parametrize("path", ["/", "/_sandbox", "/_sandbox/"])
@pytest.mark.parametrize("accept", ["*/*", "application/json, text/plain, */*", ""])
async def test_the_root_answers_a_probe_with_the_index(sandbox: Sandbox, path: str, accept: str) -> None:
    async with sandbox.client.get(path, headers={"Accept": accept}) as reply:
        found = reply.status, reply.content_type, await reply.json()

    assert found == (200, "application/json", INDEX)


@pytest.mark.parametrize("path", ["/", "/_sandbox", "/_sandbox/", "/_sandbox/health", "/_sandbox/messages"])
async def test_head_answers_as_get_without_a_body(sandbox: Sandbox, path: str) -> None:
    async with sandbox.client.get(path) as reply:
        expected = reply.status, reply.headers["Content-Length"], b""
    async with sandbox.client.head(path) as reply:
        found = reply.status, reply.headers["Content-Length"], await reply.read()

    assert found == expected


async def test_every_link_of_the_index_leads_somewhere(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/") as reply:
        links = (await reply.json())["links"]
    found = {}
    for name, path in links.items():
        async with sandbox.client.get(path) as reply:
            found[name] = reply.status

    assert found == dict.fromkeys(links, 200)


async def test_other_methods_find_no_operation_at_the_root(sandbox: Sandbox) -> None:
    async with sandbox.client.post("/") as reply:
        assert (reply.status, reply.headers["X-Sandbox-Request"]) == (404, "1")


async def test_a_probe_of_the_root_leaves_no_trace_in_the_journal(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/"):
        pass

    assert len(sandbox.world.requests) == 0
