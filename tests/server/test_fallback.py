"""What the fast path leaves to aiohttp waits until it is loaded, which happens with the first such request."""

import subprocess
import sys

import pytest

from tests.commands import PATIENCE
from tests.server.connections import HEADERS, fast_path_server, frozen, request

HEALTH = request("Host: localhost", start="GET /_sandbox/health HTTP/1.1", body=b"")
METRICS = request("Host: localhost", start="GET /_sandbox/metrics HTTP/1.1", body=b"")
LATE = ("aiohttp", "jsonschema", "markdown_it", "prometheus_client", "sandbox.control.routes", "sandbox.docs")
ONE_SEND = f"""
import asyncio, sys
from sandbox.server.runner import running_server
from sandbox.server.startup import Options, make_engine

async def main():
    options = Options(port=0)
    async with running_server(make_engine(options), options) as ports:
        for content in ({request(*HEADERS)!r}, {HEALTH!r}):
            reader, writer = await asyncio.open_connection("127.0.0.1", ports.plain)
            writer.write(content)
            print(await reader.readline(), sorted({{*{LATE!r}}} & {{*sys.modules}}))
            writer.close()

asyncio.run(main())
"""


def test_the_first_send_is_answered_before_aiohttp_and_the_control_api_are_loaded() -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", ONE_SEND], capture_output=True, text=True, timeout=PATIENCE, check=True
    )

    assert done.stdout.splitlines() == [
        "b'HTTP/1.1 200 OK\\r\\n' []",
        "b'HTTP/1.1 200 OK\\r\\n' ['aiohttp', 'sandbox.control.routes', 'sandbox.docs']",
    ]


async def test_metrics_count_what_came_before_they_were_loaded() -> None:
    async with fast_path_server(frozen()) as local:
        await local.ask(request(*HEADERS))
        metrics = await local.ask(METRICS)

    assert b'sandbox_requests_total{operation="betatel.whatsapp.otp",status="200"} 1.0' in metrics


async def test_all_that_arrives_while_aiohttp_is_loaded_is_answered_in_turn() -> None:
    async with fast_path_server(frozen()) as local:
        clients = [await local.connect() for _ in range(2)]
        for client in clients:
            await client.send(HEALTH, request(*HEADERS))
        heard = [(await client.receive()).partition(b"\r\n")[0] for client in clients for _ in range(2)]

    assert heard == [b"HTTP/1.1 200 OK"] * 4


async def test_a_client_that_goes_away_while_aiohttp_is_loaded_is_no_matter() -> None:
    async with fast_path_server(frozen()) as local:
        client = await local.connect()
        await client.send(HEALTH)
        client.close()
        reply = await local.ask(HEALTH)

    assert reply.partition(b"\r\n")[0] == b"HTTP/1.1 200 OK"


async def test_a_request_is_answered_once_what_prevented_the_loading_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard = []
    async with fast_path_server(frozen()) as local:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "sandbox.server.aiohttp_connection", None)
            heard.append(await local.ask(HEALTH))
        heard.append((await local.ask(HEALTH)).partition(b"\r\n")[0])

    assert heard == [b"(closed)", b"HTTP/1.1 200 OK"]
    assert "the control API cannot be loaded" in caplog.text
