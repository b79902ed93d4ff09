"""A saved state is shown as it was: nothing that is pending is carried out, and nothing can be changed."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from sandbox.control.routes import SERVER_ROUTES, WITHOUT_CHANGE, WORKSPACE_ROUTES
from sandbox.core.clock import utc_now
from sandbox.core.errors import MistakesError
from sandbox.server.state_view import load_read_only
from tests.commands import PATIENCE, run
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, Gate, OwnServer, Receiver, Sandbox, make_engine
from tests.store.saved import Line, edited, save
from tests.store.test_restart import use_everything
from tests.store.test_states import as_masked, lists

REFUSAL = "this server shows the saved state state.jsonl.gz, which cannot be changed"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a state is saved."""
    return tmp_path / "state.jsonl.gz"


def write(file: Path, content: bytes) -> None:
    """Write a file."""
    file.write_bytes(content)


@pytest.fixture
async def shown(sandbox: Sandbox, file: Path) -> AsyncIterator[Sandbox]:
    """Return a sandbox that shows the state of another, which has used everything."""
    await use_everything(sandbox, Control(sandbox))
    write(file, await save(sandbox))
    engine = make_engine()
    await load_read_only(engine, file)
    client = TestClient(OwnServer(engine))
    await client.start_server()
    yield Sandbox(engine, client)
    await client.close()


async def test_every_list_is_shown_as_it_was_saved(sandbox: Sandbox, shown: Sandbox) -> None:
    names = ("messages", "accounts", "clock", "scenario", "targets")
    was, now = await lists(Control(sandbox)), await lists(Control(shown))

    assert [as_masked(now[name]) for name in names] == [as_masked(was[name]) for name in names]


async def test_no_call_changes_anything(shown: Sandbox) -> None:
    control = Control(shown)
    before = await lists(control)
    refused = {
        (method, path): await control.refused(method, re.sub(r"\{\w+\}", "1", path), {})
        for method, path, _ in (*SERVER_ROUTES, *WORKSPACE_ROUTES)
        if method != "GET" and path not in WITHOUT_CHANGE
    }

    assert refused == dict.fromkeys(refused, (409, [("", REFUSAL)]))
    assert (await control.post("/verify", {"to": BETATEL_SMS.body["to"]}))["passed"]
    assert await lists(control) == before


async def test_providers_refuse_every_request(shown: Sandbox) -> None:
    before = await lists(Control(shown))
    reply = await shown.send()

    assert (reply.status, (await reply.json())["detail"]) == (503, REFUSAL)
    assert await lists(Control(shown)) == before


async def test_nothing_that_is_pending_is_carried_out(sandbox: Sandbox, receiver: Receiver, file: Path) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(timedelta(seconds=1)))
    await gate.until(waiting=1)
    await sandbox.send()

    def run_since_a_day(line: Line) -> None:
        line["value"] |= {"mode": "real", "rate": 1.0, "real": (utc_now() - timedelta(days=1)).isoformat()}

    write(file, edited(await save(sandbox, keys="true"), "clock", run_since_a_day))
    gate.open()
    await advance
    heard = len(receiver.calls)
    engine = make_engine()
    await load_read_only(engine, file)
    world = engine.default.world

    assert (world.clock.mode, world.clock.rate, world.agenda.first() is None) == ("frozen", 0, False)
    assert [each.state for each in world.callbacks.values()] == ["sending"]
    assert [len(each.plan) > 0 for each in world.messages.values()] == [True, True]
    assert world.now() - sandbox.world.clock.start >= timedelta(days=1)
    assert len(receiver.calls) == heard


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "{}: No such file or directory"),
        (b"x" * 99, "{}: the file is not gzip, or is damaged; sms-sandbox state"),
    ],
)
async def test_what_is_no_saved_state_is_not_shown(file: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        write(file, content)
    with pytest.raises(MistakesError) as refused:
        await load_read_only(make_engine(), file)

    assert str(refused.value).startswith(told.format(file))


async def test_the_command_shows_a_state_until_it_is_stopped(sandbox: Sandbox, file: Path) -> None:
    await sandbox.send()
    write(file, await save(sandbox))
    command = [sys.executable, "-m", "sandbox", "state", "open", str(file)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        banner = [(await process.stdout.readline()).decode().rstrip() for _ in range(4)]
    url = banner[0].rpartition(" ")[2]
    page = await asyncio.to_thread(_get, url)
    messages = json.loads(await asyncio.to_thread(_get, url.replace("/ui/", "/messages")))
    process.send_signal(signal.SIGTERM)
    code = await process.wait()

    assert banner[0].startswith("sms-sandbox shows a saved state on http://127.0.0.1:")
    assert banner[3] == "  content    1 message, 0 callbacks, 1 request"
    assert (b"<title>" in page, len(messages["items"]), code) == (True, 1, 0)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as reply:  # noqa: S310 - our own server
        return bytes(reply.read())


async def test_the_commands_save_and_load_a_workspace(sandbox: Sandbox, file: Path) -> None:
    await sandbox.send()
    url = str(sandbox.client.make_url(""))
    saved = await asyncio.to_thread(run, "state", "save", str(file), "--url", url)
    kept = await asyncio.to_thread(run, "state", "save", str(file), "--url", url, "--with-keys", "--json")
    saved_bytes = await save(sandbox)
    await sandbox.reset()
    loaded = await asyncio.to_thread(run, "state", "load", str(file), "--url", url)
    write(file, saved_bytes[:-9])
    refused = await asyncio.to_thread(run, "state", "load", str(file), "--url", url)

    assert (saved[0], saved[1].endswith(", keys masked\n"), json.loads(kept[1])["keys"]) == (0, True, "kept")
    assert loaded == (0, f"workspace default has the state of {file}\n")
    assert refused == (2, f"sms-sandbox: {file}: the file is cut off: its end is missing\n")
    assert len(sandbox.world.messages) == 1
