"""HAR files and the recordings of WireMock become the same session, masked alike."""

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from sandbox.cli.command_line import commands
from sandbox.recording.session import RecordedExchange
from sandbox.recording.session_reader import read_session
from tests.recording.test_masking import traces

SENT = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}
VALUES = ["SECRETKEY123", "38761930305", "555345", "FACEBOOK", "995511194242"]


def entry(method: str, url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an entry of a HAR file."""
    request = {
        "method": method,
        "url": url,
        "headers": [{"name": "x-api-key", "value": "SECRETKEY123"}],
        **more.pop("request", {}),
    }
    response = {
        "status": 200,
        "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "content-encoding", "value": "br"}],
        "content": {"mimeType": "application/json", "text": '{"uuid":"u1"}'},
        **more.pop("response", {}),
    }
    return {
        "startedDateTime": "2026-03-02T12:00:00.5+00:00",
        "time": 84.2,
        "request": request,
        "response": response,
        **more,
    }


HAR = {
    "log": {
        "version": "1.2",
        "entries": [
            entry(
                "POST",
                "https://api.betatel.com/api/smpp/client/send",
                request={"postData": {"mimeType": "application/json", "text": json.dumps(SENT)}},
            ),
            entry(
                "POST",
                "http://localhost:9/v1/sms/send?key=SECRETKEY123",
                request={
                    "postData": {
                        "mimeType": "application/x-www-form-urlencoded",
                        "params": [
                            {"name": "brandID", "value": "1"},
                            {"name": "numbers", "value": "995511194242"},
                            {"name": "text", "value": "hello there"},
                        ],
                    }
                },
                response={
                    "content": {
                        "encoding": "base64",
                        "text": b64encode(b'{"statusID":0,"smsID":"7","message":"Success"}').decode(),
                    }
                },
            ),
            entry("GET", "https://api.betatel.com/api/billing/me/balance", response={"status": 0}),
            entry("GET", "https://www.example.com/index.html"),
            {"request": None},
        ],
    }
}


class Said(NamedTuple):
    """The exit code of a command, and what it printed."""

    code: int
    out: str


def say(*words: str) -> Said:
    """Run a command."""
    done = CliRunner().invoke(commands, words, standalone_mode=False, catch_exceptions=False)
    return Said(done.return_value, done.output)


def exchanges(path: Path) -> list[RecordedExchange]:
    return [each for each in read_session(path).entries if isinstance(each, RecordedExchange)]


def test_a_har_file_becomes_a_session(tmp_path: Path) -> None:
    har, out = tmp_path / "t.har", tmp_path / "s.jsonl"
    har.write_text(json.dumps(HAR), encoding="utf-8")
    said = say("record", "--from-har", str(har), "--out", str(out))
    kept = exchanges(out)

    assert (said.code, said.out.splitlines()) == (
        0,
        [
            f"wrote {out}: 3 exchanges",
            "  left out log.entries[3]: GET /index.html is no operation of a provider",
            "  left out log.entries[4]: it is not an entry of a HAR file",
        ],
    )
    assert [(each.operation, each.messages, each.fault, each.ms) for each in kept] == [
        ("betatel.sms.send", 1, "", 84.2),
        ("ubill.sms.send", 1, "", 84.2),
        ("betatel.balance", 0, "no-response", 84.2),
    ]
    assert [each.reply.body.text for each in kept if each.reply] == [
        '{"uuid":"u1"}',
        '{"statusID":0,"smsID":"7","message":"Success"}',
    ]
    assert kept[0].at.isoformat() == "2026-03-02T12:00:00.500000+00:00"
    assert traces(out.read_text(encoding="utf-8"), VALUES) == []


MAPPING = {
    "request": {
        "urlPath": "/v1/sms/balance",
        "method": "GET",
        "queryParameters": {"key": {"equalTo": "SECRETKEY123"}},
    },
    "response": {"status": 200, "bodyFileName": "balance.json", "headers": {"Content-Type": "application/json"}},
}
RECORDED = {
    "mappings": [
        {
            "request": {
                "url": "/api/smpp/client/send",
                "method": "POST",
                "headers": {"x-api-key": {"equalTo": "SECRETKEY123"}},
                "bodyPatterns": [{"equalToJson": json.dumps(SENT), "ignoreArrayOrder": True}],
            },
            "response": {"status": 200, "jsonBody": {"uuid": "u1"}, "headers": {"Content-Type": "application/json"}},
        },
        {"request": {"urlPattern": "/.*", "method": "ANY"}, "response": {"status": 404}},
        {"request": {"url": "/v1/sms/balance", "method": "GET"}, "response": {"bodyFileName": "../secret.json"}},
    ]
}
JOURNAL = {
    "requests": [
        {
            "id": "x",
            "request": {
                "url": "/api/smpp/client/send",
                "absoluteUrl": "http://localhost:8080/api/smpp/client/send",
                "method": "POST",
                "headers": {"x-api-key": "SECRETKEY123", "Content-Type": "application/json"},
                "body": json.dumps(SENT),
                "bodyAsBase64": b64encode(json.dumps(SENT).encode()).decode(),
                "loggedDate": 1772452800123,
            },
            "response": {
                "status": 401,
                "headers": {"Content-Type": "application/json"},
                "body": '{"message":"no key"}',
            },
            "timing": {"totalTime": 12},
        }
    ]
}


def test_the_recordings_of_wiremock_become_a_session(tmp_path: Path) -> None:
    folder, out = tmp_path / "wiremock", tmp_path / "s.jsonl"
    for path, value in (
        ("mappings/a.json", MAPPING),
        ("mappings/b.json", RECORDED),
        ("requests.json", JOURNAL),
        ("other.json", {}),
        ("__files/balance.json", {"statusID": 0, "message": "Success", "sms": "10"}),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(value), encoding="utf-8")
    said = say("record", "--from-wiremock", str(folder), "--out", str(out))
    kept = exchanges(out)

    assert said.code == 0
    assert re.findall(r"left out (.+?): (?!mappings)", said.out) == [
        "mappings/b.json: mappings[1]",
        "mappings/b.json: mappings[2]",
        "other.json",
    ]
    assert [(each.operation, each.reply.status if each.reply else 0, each.ms) for each in kept] == [
        ("ubill.sms.balance", 200, None),
        ("betatel.sms.send", 200, None),
        ("betatel.sms.send", 401, 12.0),
    ]
    assert kept[0].request.query.startswith("key=")
    assert json.loads(kept[1].request.body.text).keys() == SENT.keys()
    assert kept[2].at.isoformat() == "2026-03-02T12:00:00.123000+00:00"
    assert traces(out.read_text(encoding="utf-8"), VALUES) == []


def test_a_file_without_a_request_to_a_provider_is_a_negative_result(tmp_path: Path) -> None:
    har, out = tmp_path / "t.har", tmp_path / "s.jsonl"
    har.write_text(json.dumps(HAR), encoding="utf-8")
    said = say("record", "smsbuddy", "--from-har", str(har), "--out", str(out))

    assert (said.code, said.out.splitlines()[0]) == (1, f"wrote {out}: 0 exchanges")
