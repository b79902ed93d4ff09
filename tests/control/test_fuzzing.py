"""Schemathesis sends what the description allows, and what it forbids, to every call."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.app import make_app
from sandbox.control.contract import published
from tests.control.threads import served
from tests.servers import BETATEL_SMS, make_engine

LONGEST_LINE = 8_000  # characters of a request line that the HTTP server takes
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CONFIG = SchemathesisConfig(
    projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(modes=list(GenerationMode)))),
)
SCHEMA = schemathesis.openapi.from_dict(json.loads(published()), config=CONFIG)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a sandbox that has had some traffic."""
    with served(lambda: make_app(make_engine())) as url:
        for _ in range(3):
            requests.post(url + BETATEL_SMS.path, json=BETATEL_SMS.body, headers=dict(BETATEL_SMS.headers), timeout=10)
        requests.post(f"{url}/_sandbox/clock/advance", json={"by": "1s"}, timeout=10)
        yield url


@SCHEMA.exclude(path="/events").parametrize()
@settings(max_examples=1, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_call_keeps_to_its_description_whatever_it_is_sent(case: Case, address: str) -> None:
    for given in (case.query, case.body):  # waiting takes real time
        if isinstance(given, dict) and isinstance(given.get("wait"), str | int | float):
            given["wait"] = "1ms"
    assume(len(urlencode(case.query or {})) < LONGEST_LINE)
    case.call_and_validate(base_url=f"{address}/_sandbox", checks=CHECKS)
