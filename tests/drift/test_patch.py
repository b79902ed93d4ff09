"""The patch that a recording makes of a document: it applies, it keeps what is not concerned, and it is enough."""

import json
import subprocess
from pathlib import Path
from shutil import which

import pytest

from sandbox.core.world import World
from sandbox.drift.run import write_patch
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import Registry, discover
from tests.builders import packs
from tests.drift.sessions import Ask, changed_packs, drift, generated, record

pytestmark = pytest.mark.skipif(which("git") is None, reason="git applies the patches")
KEYS = {"content-type": "application/json", "x-api-key": "a key of ours", "x-account-id": "acc-1"}
SMS = Ask("POST", "/api/smpp/client/send", KEYS, json.dumps({"from": "ACME", "to": "38761930305", "text": "hello"}))
WHATSAPP = Ask("POST", "/api/v1/connect-hub/whatsapp/otp", KEYS, json.dumps({"to": "38761930305", "text": "482910"}))
UNAUTHORIZED = """    Unauthorized:
      description: No key, or an unknown one.
      content:
        """
OF_KEY = '{$ref: "#/components/responses/Unauthorized"}'


def applied(patch: str, folder: Path) -> Registry:
    """Return the providers of the shipped documents with a patch."""
    (folder / "specs").mkdir(parents=True)
    for each in shipped("specs").glob("*.yaml"):
        (folder / "specs" / each.name).write_bytes(each.read_bytes())
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)  # noqa: S607
    subprocess.run(["git", "apply"], cwd=folder, input=patch.encode(), check=True)  # noqa: S607
    return discover([folder / "specs"])


@pytest.mark.parametrize(
    ("provider", "changes"),
    [
        ("ubill", [(f"{UNAUTHORIZED}text/plain", f"{UNAUTHORIZED}application/json")]),
        ("ubill", [(f'"401": {OF_KEY}', f'"403": {OF_KEY}')]),
        ("ubill", [("message: Brand not found", "message: No such brand")]),
        ("ubill", [("value: Please authorize with valid API key!", 'value: "Who are you? #1: sign in, please"')]),
    ],
    ids=["content type", "status", "a text", "a text that needs quotes"],
)
def test_a_document_with_the_patch_of_a_recording_says_what_was_recorded(
    provider: str, changes: list[tuple[str, str]], tmp_path: Path
) -> None:
    known = changed_packs(provider, tuple(changes), tmp_path / "real")
    session = record(tmp_path / "session.jsonl", generated(provider), known=known)
    patched = applied(write_patch(drift(session), packs()), tmp_path / "patched")

    assert [each.text for each in drift(session, base=patched).differences] == []


def test_facts_that_were_inferred_and_are_confirmed_become_observed_with_the_date(tmp_path: Path) -> None:
    patch = write_patch(drift(record(tmp_path / "session.jsonl", [WHATSAPP])), packs())

    assert [line for line in patch.splitlines() if line.startswith(("-", "+"))] == [
        "--- a/specs/betatel.yaml",
        "+++ b/specs/betatel.yaml",
        "-      x-word: inferred",
        "-      x-source: as the SMS callback, with the statuses of betatel-whatsapp-otp.txt",
        "+      x-word: observed",
        "+      x-source: 'as the SMS callback, with the statuses of betatel-whatsapp-otp.txt; observed 2026-03-02'",
    ]


def test_a_member_that_no_document_has_is_added_to_the_schema_of_the_reply(tmp_path: Path) -> None:
    change = ('reply: {body: {uuid: "{{ message.id }}"}}', 'reply: {body: {uuid: "{{ message.id }}", cost: 0.05}}')
    known = changed_packs("betatel", (change,), tmp_path / "real")
    patch = write_patch(drift(record(tmp_path / "session.jsonl", [SMS], known=known)), packs())
    document = applied(patch, tmp_path / "patched")["betatel"].spec.document
    content = document["paths"]["/api/smpp/client/send"]["post"]["responses"]["200"]["content"]

    assert content["application/json; charset=utf-8"]["schema"]["properties"]["cost"] == {
        "type": "number",
        "x-word": "observed",
        "x-source": "observed 2026-03-02",
    }


def test_an_error_that_no_document_has_is_added_without_a_value_of_the_account(tmp_path: Path) -> None:
    session = record(tmp_path / "session.jsonl", [SMS], keep_content=True)
    lines = session.read_text(encoding="utf-8").splitlines()
    sent = json.loads(lines[1])
    body = json.dumps({"code": 77, "detail": "blocked: 38762111222", "at": "2026-03-02T12:00:00Z"})
    sent["exchange"]["reply"] = {"status": 418, "headers": [["Content-Type", "application/json"]], "body": body}
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join([lines[0], json.dumps(sent)]) + "\n", encoding="utf-8")
    patch = write_patch(drift(other), packs())
    responses = applied(patch, tmp_path / "patched")["betatel"].spec.operations["betatel.sms.send"].errors

    assert (responses["observed"].status, responses["observed"].body, "38762111222" in patch) == (
        418,
        {"code": 1, "detail": "text", "at": "2026-01-31T12:34:56Z"},
        False,
    )


def test_a_reply_that_no_document_has_an_example_of_is_added_as_a_sample(tmp_path: Path) -> None:
    def read(world: World) -> Ask:
        return Ask("GET", f"/api/v1/connect-hub/whatsapp/{world.messages[1].id}/wdr", KEYS)

    patch = write_patch(drift(record(tmp_path / "session.jsonl", [WHATSAPP, read])), packs())
    patched = applied(patch, tmp_path / "patched")["betatel"].spec.document
    reply = patched["paths"]["/api/v1/connect-hub/whatsapp/{uuid}/wdr"]["get"]["responses"]["200"]["content"]

    assert reply["application/json; charset=utf-8"]["examples"]["observed"] == {
        "value": {
            "uuid": "01JV5V54KPYK9GB29265EQRZ2P",
            "wam_id": "wamid." + 32 * "0",
            "to": "12345678901",
            "text": "123456",
            "status": "DELIVERED",
            "timestamp": "2026-01-31T12:34:56.789Z",
            "delivery_timestamp": "2026-01-31T12:34:56.789Z",
            "delivery_time": 1,
            "webhook_delivered": False,
        },
        "x-word": "observed",
        "x-source": "observed 2026-03-02",
    }


def test_what_takes_more_than_an_edit_is_listed_before_the_patch(tmp_path: Path) -> None:
    known = changed_packs("betatel", (("{says: delivered, reported", "{says: done, reported"),), tmp_path / "real")
    patch = write_patch(drift(record(tmp_path / "session.jsonl", [SMS], known=known)), packs())

    assert [line[:58] for line in patch.splitlines()] == [
        "# What takes more than an edit of the document:",
        '#   betatel sms callback delivered: /body/status is "done"',
        "",
    ]


def test_documents_that_say_all_that_is_recorded_need_no_patch(tmp_path: Path) -> None:
    assert write_patch(drift(record(tmp_path / "session.jsonl", [SMS])), packs()) == ""
