"""Requests made from the specs, sent to a running sandbox: no server error, every reply as its spec has it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.callbacks.egress import Egress, Policy
from sandbox.engine.engine import Engine
from sandbox.formats.yaml_files import load, shipped
from sandbox.server.app import make_app
from tests.builders import packs
from tests.providers.own import DOCUMENTS
from tests.providers.yaml.providers import NAMES, six
from tests.servers import FROZEN, PATIENCE

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1", "key": "k1", "authkey": "k1", "x-verka-token": "k1"}
AUTHORIZATION = {"pigeon": "Bearer k1", "tello": "Basic QUMxOnMzY3JldA=="}


@contextmanager
def serving() -> Iterator[str]:
    """Serve a sandbox of all providers from a thread of its own; give its address."""
    loop = asyncio.new_event_loop()
    engine = Engine({**packs(), **six()}, egress=Egress(Policy()), start=FROZEN)
    runner = web.AppRunner(make_app(engine), access_log=None)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
        yield f"http://127.0.0.1:{port}"
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as url:
        yield url


def operations() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """Yield every operation; of those that SMS Buddy also has without /v1, the one with it."""
    shipped_ones = [shipped("specs") / f"{name}.yaml" for name in ("betatel", "smsbuddy", "ubill")]
    for path in (*shipped_ones, *(DOCUMENTS / f"{name}.yaml" for name in NAMES)):
        document = load(path)
        assert isinstance(document, dict)
        paths = document["paths"]
        document["paths"] = {path: paths[path] for path in paths if path.replace("/api/", "/api/v1/", 1) not in paths}
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            if isinstance(result, Ok):
                yield result.ok()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation", list(operations()), ids=lambda each: each.label)
def test_a_request_made_from_the_spec_is_answered_as_the_spec_has_it(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    address: str,
) -> None:
    provider = str(operation.definition.raw["x-operation"]).partition(".")[0]
    headers = {**KEYS, "Authorization": AUTHORIZATION[provider]} if provider in AUTHORIZATION else KEYS

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Case[Any]) -> None:
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)

    attempt()
