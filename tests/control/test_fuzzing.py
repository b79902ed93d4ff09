"""Schemathesis sends what the description allows, and what it forbids, to every call."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.control.call import openapi_json
from sandbox.server.app import make_app
from tests.control.threads import served
from tests.servers import BETATEL_SMS, make_engine

HEADERS = {**BETATEL_SMS.headers, "Content-Type": "application/json"}
LONGEST_LINE = 8_000  # characters of a request line that the HTTP server takes
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
PROJECT = ProjectConfig(
    generation=GenerationConfig(modes=list(GenerationMode)),
    phases=PhasesConfig(coverage=CoveragePhaseConfig(enabled=False)),  # it takes most of the time and finds the same
)
CONFIG = SchemathesisConfig(projects=ProjectsConfig(default=PROJECT))
SCHEMA = schemathesis.openapi.from_dict(json.loads(openapi_json()), config=CONFIG)


@schemathesis.serializer("application/gzip")
def write_bytes(_: object, value: object) -> bytes:
    """Return a file's bytes; what is generated is seldom gzip."""
    return value if isinstance(value, bytes) else str(value).encode()


class Session(requests.Session):
    """A client that keeps its connection to the sandbox at `url`."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return a client of a sandbox that has had some traffic."""
    with served(lambda: make_app(make_engine())) as url, Session(url) as client:
        for _ in range(3):
            client.post(url + BETATEL_SMS.path, data=json.dumps(BETATEL_SMS.body), headers=HEADERS)
        client.post(f"{url}/_sandbox/clock/advance", json={"by": "1s"})
        yield client


@SCHEMA.exclude(path="/events").parametrize()
@settings(max_examples=10, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_call_keeps_to_its_description_whatever_it_is_sent(case: Case[Any], session: Session) -> None:
    for given in (case.query, case.body):  # waiting takes real time
        if isinstance(given, dict) and isinstance(given.get("wait"), str | int | float):
            given["wait"] = "1ms"
    assume(len(urlencode(case.query or {})) < LONGEST_LINE)
    case.call_and_validate(base_url=f"{session.url}/_sandbox", session=session, checks=CHECKS)
