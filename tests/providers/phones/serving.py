"""Sandboxes that serve the provider Acme beside the shipped ones: its document describes messages from phones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from aiohttp.test_utils import TestClient

from sandbox.callbacks.egress import Egress, Policy
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import Registry, discover
from sandbox.store.base import Store
from tests.control.calls import Control, Value
from tests.servers import FROZEN, OwnServer, Sandbox, ignore

FOLDER = Path(__file__).parent
PHONE = "+38761444555"


@cache
def acme_packs() -> Registry:
    """Return the shipped providers and Acme."""
    return discover([shipped("specs"), FOLDER])


@asynccontextmanager
async def serving(start: WorkspaceConfig = FROZEN, *, store: Store | None = None) -> AsyncIterator[Sandbox]:
    """Return a sandbox that listens until the context ends."""
    engine = Engine(acme_packs(), egress=Egress(Policy()), start=start)
    if store is not None:
        await engine.open_store(store, ignore)
    client = TestClient(OwnServer(engine))
    await client.start_server()
    try:
        yield Sandbox(engine, client)
    finally:
        await client.close()


async def send(
    sandbox: Sandbox, to: str = PHONE, *, key: str = "k1", path: str = "/acme/sms", sender: str = "ACME"
) -> int:
    """Send as an application would; return the status of the reply."""
    body = {"to": to, "from": sender, "text": "Shall we come at noon?"}
    reply = await sandbox.client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
    return reply.status


async def text(sandbox: Sandbox, words: str, **more: object) -> Value:
    """Let the phone send a text; return the message."""
    return await Control(sandbox).post("/inbound", {"provider": "acme", "from": PHONE, "text": words, **more})
