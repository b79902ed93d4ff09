"""A session file: what is written is what is read, line by line, and a mistake has its place."""

import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.core.errors import SandboxError
from sandbox.recording.session import (
    Body,
    RecordedCallback,
    RecordedExchange,
    RecordedReply,
    RecordedRequest,
    Reported,
    SessionHeader,
    SessionWriter,
)
from sandbox.recording.session_reader import SessionError, read_session

AT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
HEADER = SessionHeader(AT, "0.2.0", "record", {"ubill": "https://api.ubill.dev"}, ("credentials",))
REQUEST = RecordedRequest("POST", "/a%2Fb", "c=d&", (("X-A", "1"), ("x-a", "é\udcff")), Body("{}", "gzip"))
REPLY = RecordedReply(200, (), Body("", "br", "why not"))
EXCHANGE = RecordedExchange(1, AT, "ubill", "ubill.sms.send", REQUEST, REPLY, 12.5, 2, "closed", "budget", "why")
CALLBACK = RecordedCallback(2, AT, "ubill", REQUEST, None, None, Reported(1, "100"), "", "")
FIRST = (
    '{"sms_sandbox_session":1,"version":"0","at":"2026-03-02T12:00:00Z","source":"har","upstreams":{},"masked":[]}\n'
)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with SessionWriter(path, HEADER) as writer:
        writer.write(EXCHANGE)
        writer.write(CALLBACK)
    session = read_session(path)

    assert (session.header, list(session.entries)) == (HEADER, [EXCHANGE, CALLBACK])
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("mine")
    with pytest.raises(SandboxError, match="exists already, and is not overwritten"):
        SessionWriter(path, HEADER)

    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: this is not a session: the first line has no sms_sandbox_session; sms-sandbox record makes one"),
        ("{}\n", "1: this is not a session: the first line has no sms_sandbox_session; sms-sandbox record makes one"),
        ('{"sms_sandbox_session": 2}\n', "1: a session of format 2; this version reads format 1"),
        (FIRST.replace('"har"', '"web"'), '1: source is "web", not record, har, wiremock or replay'),
        (FIRST.replace("Z", ""), '1: at is "2026-03-02T12:00:00", not a time in ISO 8601 with its zone'),
        (FIRST + "[]\n", "2: the line is not a JSON object"),
        (FIRST + '{"exchange": 1}\n', '2: the line is neither {"exchange": {…}} nor {"callback": {…}}'),
        (FIRST + '{"exchange": {"number": true}}\n', "2: number is true, not a whole number"),
        (FIRST + '{"callback": {"number": 1}}\n', "2: at is missing; it must be a time in ISO 8601 with its zone"),
        (
            FIRST + '{"callback": {"number": 1, "at"',
            (
                "2: the line is not JSON (Expecting ':' delimiter: line 1 column 32 (char 31)), "
                "and the file ends in it: its end is missing"
            ),
        ),
    ],
)
def test_a_mistake_has_its_place_and_what_would_be_right(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SessionError) as caught:
        list(read_session(path).entries)

    assert str(caught.value) == f"{path}:{problem}"


def test_a_file_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="No such file"):
        read_session(tmp_path / "none")


def test_memory_does_not_grow_with_the_session(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with SessionWriter(path, HEADER) as writer:
        for _ in range(3_000):
            writer.write(EXCHANGE)
    tracemalloc.start()
    count = sum(1 for _ in read_session(path).entries)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 3_000
    assert peak < path.stat().st_size / 4


def test_every_line_is_json_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with SessionWriter(path, HEADER) as writer:
        writer.write(EXCHANGE)
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())

    assert (first["sms_sandbox_session"], list(second)) == (1, ["exchange"])
