"""The SDK's own client drives every tool over both transports, in both generations of the protocol."""

import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from sandbox.agents.server import TOOLS
from sandbox.docs.site import FOLDER
from tests import commands
from tests.agents.conftest import TOKEN, serving
from tests.agents.walk import walk
from tests.servers import Receiver

Transport = Callable[[str], AbstractAsyncContextManager[Client]]

PAGE = FOLDER / "agents.md"
TRANSCRIPT = re.compile(r"(?<=^```text\n)→ .*?(?=^```$)", re.MULTILINE | re.DOTALL)


def shown() -> str:
    """Return the transcript of the page."""
    return "".join(TRANSCRIPT.findall(PAGE.read_text(encoding="utf-8")))


def write(transcript: str) -> None:
    """Replace the transcript of the page."""
    PAGE.write_text(TRANSCRIPT.sub(lambda _: transcript, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


@asynccontextmanager
async def over_http(mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        serving(TOKEN) as url,
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{url}/_sandbox/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_http_as_the_banner_says(mode: str) -> AsyncIterator[Client]:
    with commands.serving("--mcp") as (process, _):
        assert process.stdout is not None
        (url,) = re.findall(r"^  agents     (http://\S+) \(MCP\)$", process.stdout.readline(), re.MULTILINE)
        async with Client(url, mode=mode) as client:
            yield client


@asynccontextmanager
async def over_stdio(mode: str, *flags: str) -> AsyncIterator[Client]:
    command = StdioServerParameters(command=sys.executable, args=["-m", "sandbox", "mcp", *flags])
    async with Client(command, mode=mode) as client:
        yield client


@asynccontextmanager
async def over_stdio_to_a_running_server(mode: str) -> AsyncIterator[Client]:
    async with serving(TOKEN) as url, over_stdio(mode, "--url", url, "--control-token", TOKEN) as client:
        yield client


@pytest.mark.parametrize(
    ("transport", "mode", "version"),
    [
        (over_http, "auto", "2026-07-28"),
        (over_http_as_the_banner_says, "legacy", "2025-11-25"),
        (over_stdio, "legacy", "2025-11-25"),
        (over_stdio_to_a_running_server, "auto", "2026-07-28"),
    ],
)
async def test_every_tool_does_over_every_transport_what_the_page_shows(
    transport: Transport, mode: str, version: str, receiver: Receiver
) -> None:
    async with transport(mode) as client:
        agent = await walk(client, receiver)
        found = client.protocol_version
    if "UPDATE_TRANSCRIPT" in os.environ:
        write(agent.transcript)

    assert (found, agent.called, agent.transcript) == (version, set(TOOLS), shown())
