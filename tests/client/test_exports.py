"""Both clients export messages and requests."""

import asyncio
import json
from pathlib import Path

import pytest

from sandbox.client import ArgumentError, RefusedError
from sandbox.testing import SandboxClient
from tests.client.fixtures import NUMBER, send


def test_the_name_of_a_file_says_the_format(sandbox: SandboxClient, tmp_path: Path) -> None:
    send(sandbox)
    table, lines, har = (tmp_path / name for name in ("a.csv", "a.JSONL", "a.har"))
    contents = [sandbox.export_messages(table), sandbox.export_messages(lines), sandbox.export_requests(har)]

    assert [each.read_bytes() for each in (table, lines, har)] == contents
    assert [contents[0][:3], json.loads(contents[1])["to"], json.loads(contents[2])["log"]["version"]] == [
        b"id,",
        NUMBER,
        "1.2",
    ]
    assert sorted(tmp_path.iterdir()) == sorted([table, lines, har])


def test_an_export_has_filters_and_needs_no_file(sandbox: SandboxClient) -> None:
    send(sandbox)
    send(sandbox, to="1")

    assert (
        [len(sandbox.export_messages(provider=each).splitlines()) for each in ("betatel", "ubill")],
        [len(json.loads(sandbox.export_requests(refused=each))["log"]["entries"]) for each in (True, False, None)],
        sandbox.export_messages(format="jsonl", text="no such text"),
    ) == ([2, 1], [1, 1, 2], b"")


def test_a_format_can_be_given_for_any_name(sandbox: SandboxClient, tmp_path: Path) -> None:
    file = tmp_path / "messages.txt"

    assert (sandbox.export_messages(file, format="jsonl"), file.read_bytes()) == (b"", b"")


@pytest.mark.parametrize(
    ("name", "known"), [("a.txt", ".csv or .jsonl"), ("a", ".csv or .jsonl"), ("a.har", ".csv or .jsonl")]
)
def test_a_name_without_a_format_is_refused(sandbox: SandboxClient, name: str, known: str) -> None:
    with pytest.raises(ArgumentError) as error:
        sandbox.export_messages(name)

    assert str(error.value) == f"{name}: messages are exported as {known}; use such a name, or give the format"


def test_a_refused_export_leaves_no_file(sandbox: SandboxClient, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        sandbox.export_messages(tmp_path / "a.csv", provider="nobody")

    assert list(tmp_path.iterdir()) == []


def test_the_client_for_asyncio_exports_too(sandbox: SandboxClient) -> None:
    send(sandbox)

    assert asyncio.run(sandbox.aio.export_messages()) == sandbox.export_messages()
