"""`export`: what it writes, and where."""

import csv
import io
import json
from pathlib import Path

import pytest

from sandbox.testing import SandboxClient
from tests.cli.conftest import Said, Say
from tests.client.fixtures import NUMBER, send


def test_messages_are_written_to_a_file_by_its_name(sandbox: SandboxClient, say: Say, tmp_path: Path) -> None:
    send(sandbox)
    file = tmp_path / "messages.csv"
    said = say("export", "messages", str(file))

    assert (said, [each["to"] for each in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))]) == (
        Said(0, f"exported to {file}, {file.stat().st_size:,} bytes\n"),
        [NUMBER],
    )


def test_without_a_file_they_go_to_standard_output(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    table, lines, har = (
        say("export", *words).out for words in (["messages"], ["messages", "-", "--format", "jsonl"], ["requests"])
    )

    assert [next(csv.DictReader(io.StringIO(table)))["to"], json.loads(lines)["to"]] == [NUMBER, NUMBER]
    assert [each["_request"] for each in json.loads(har)["log"]["entries"]] == [1]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["messages", "--to", "305"], 2),
        (["messages", "--to", "999"], 1),
        (["messages", "--since", "latest"], 1),
        (["messages", "--status", "queued", "--text", "CODE", "--code", "555345", "--operation", "betatel.*"], 2),
    ],
    ids=str,
)
def test_messages_are_filtered(sandbox: SandboxClient, say: Say, words: list[str], rows: int) -> None:
    send(sandbox)

    assert len(say("export", *words).out.splitlines()) == rows


def test_requests_are_filtered(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    send(sandbox, to="1")
    words = (["--refused"], ["--accepted"], ["--status", "400"], ["--since", "1"], ["--to", "305"], ["--rule", "x"])
    found = [json.loads(say("export", "requests", *each).out)["log"]["entries"] for each in words]

    assert [[each["_request"] for each in entries] for entries in found] == [[2], [1], [2], [2], [1], []]


def test_json_says_what_was_written(sandbox: SandboxClient, say: Say, tmp_path: Path) -> None:
    send(sandbox)
    file = tmp_path / "requests.har"
    said = json.loads(say("export", "requests", str(file), "--json").out)

    assert said == {"file": str(file), "bytes": file.stat().st_size, "format": "har"}


def test_a_terminal_gets_no_control_character_of_a_text(
    sandbox: SandboxClient, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(sandbox, text="\u202eevil\nCode\u009b31m 482910")
    monkeypatch.setattr("sandbox.cli.export.is_terminal", lambda _: True)
    lines = say("export", "messages").out.split("\n")

    assert (len(lines), r'"\u202eevil' in lines[1], lines[2].partition(",")[0]) == (4, True, r'Code\x9b31m 482910"')
