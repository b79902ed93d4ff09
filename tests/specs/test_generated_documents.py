"""Documents that hypothesis writes: `check` and `serve` agree on which are sound, and a sound one answers requests."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from sandbox.core.errors import SpecError
from sandbox.formats.schema_reference import shipped_schema
from sandbox.providers.registry import discover
from tests.specs.generated import sound_documents, spoiled_documents
from tests.specs.served import Served

Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # PyYAML may be built without libyaml
LINE = re.compile(r"[^\n]*acme\.yaml:\d+:\d+: [^\n]+")
VALIDATOR = Draft202012Validator(shipped_schema("provider"))
BODIES: tuple[Any, ...] = (
    {"to": "38761444555", "text": "hi", "from": "ACME", "ref": "r1"},
    {"to": "38761444555", "text": "no", "send_at": "2026-03-03T12:00:00Z", "url": "http://127.0.0.1:9/own", "ttl": 1},
    {"to": "1;2, 38761444555", "ttl": "many"},
    {},
)


def mistakes_of_check(path: Path) -> str:
    """Return what `check` says about a document; empty if it is sound."""
    try:
        discover([], [path])
    except SpecError as error:
        return str(error)
    return ""


def asked(served: Served) -> Iterator[str]:
    """Yield what fails while each operation is asked several times, and while callbacks are written."""
    for route in served.pack.spec.routes:
        for body in BODIES:
            query = "&".join(f"{name}={str(value).replace(' ', '%20')}" for name, value in body.items())
            reply = served.ask(route.method, route.template, body if route.known.types else None, query=query)
            if reply.status == 500 and b'"about:blank"' in reply.body:
                yield f"{route.operation.name} {json.dumps(body)}: {reply.body.decode()}"
    yield from (each.body for each in served.callbacks() if not each.url)


def judged(document: object) -> tuple[list[str], list[str]]:
    """Return the mistakes of a document and, if it has none, what fails when it is used."""
    with TemporaryDirectory() as name:
        path = Path(name) / "acme.yaml"
        path.write_text(yaml.dump(document, Dumper=Dumper, sort_keys=False), encoding="utf-8")
        told = mistakes_of_check(path)
        if told:
            with pytest.raises(SpecError, match=f"^{re.escape(told)}$"):
                Served(Path(name))
            return told.split("\n"), []
        return [], list(asked(Served(Path(name))))


@settings(max_examples=max(settings().max_examples // 3, 1))
@given(document=sound_documents())
def test_a_sound_document_is_served_fits_the_schema_and_answers_its_requests(document: object) -> None:
    mistakes, failures = judged(document)

    assert (mistakes, failures) == ([], [])
    assert [each.message for each in VALIDATOR.iter_errors(document)] == []


@settings(max_examples=settings().max_examples)
@given(document=spoiled_documents())
def test_a_spoiled_document_is_refused_with_lines_by_check_and_serve_or_answers_its_requests(document: object) -> None:
    mistakes, failures = judged(document)

    assert ([line for line in mistakes if not LINE.fullmatch(line)], failures) == ([], [])
