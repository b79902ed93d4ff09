"""The command that compares a recording with the sandbox."""

import json
from pathlib import Path

import pytest

from sandbox.recording.limits import Limits
from tests.cli.conftest import Said, Say
from tests.drift.sessions import Ask, changed_packs, record

BALANCE = Ask("GET", "/v1/sms/balance?key=a-key-of-ours")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Return a recording of a provider whose balance has another name."""
    known = changed_packs("ubill", (("message: Brand not found", "message: No such brand"),), tmp_path / "specs")
    body = json.dumps({"brandID": 7, "numbers": ["995511194242"], "text": "hello"})
    send = Ask("POST", "/v1/sms/send?key=a-key-of-ours", {"content-type": "application/json"}, body)
    return record(tmp_path / "session.jsonl", [BALANCE, send], known=known)


def test_differences_are_listed_with_a_summary_and_make_the_exit_code_1(say: Say, session: Path) -> None:
    said = say("drift", str(session))
    first, blank, summary, *_ = said.out.splitlines()

    assert (said.code, first.partition(" in specs")[0], blank, summary) == (
        1,
        'ubill.sms.send 200: /message is "No such brand" here, "Brand not found"',
        "",
        "1 difference: compared 2 exchanges and 0 callbacks",
    )


def test_the_summary_counts_facts_by_word_and_verdict(say: Say, session: Path) -> None:
    table = [line.split() for line in say("drift", str(session)).out.splitlines()[-4:]]

    assert [row[0] for row in table] == ["facts", "documented", "published", "inferred"]
    assert table[0][1:] == ["confirmed", "contradicted", "not", "seen"]
    assert table[2][2] == "1"  # the error is a published one


def test_json_has_each_difference_with_its_fact(say: Say, session: Path) -> None:
    said = say("drift", str(session), "--json")
    (found,) = json.loads(said.out)["differences"]

    assert (said.code, found["name"], found["count"], found["entries"], found["fact"]["word"]) == (
        1,
        "ubill.sms.send 200: value /message",
        1,
        [2],
        "published",
    )


def test_known_differences_do_not_fail(say: Say, session: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text(
        "# they say it otherwise\nubill.sms.send 200: value /message\nubill.gone: status\n", encoding="utf-8"
    )
    said = say("drift", str(session), "--ignore", str(known))

    assert (said.code, said.out.splitlines()[:2]) == (
        0,
        [
            "0 differences, and 1 times one that is known: compared 2 exchanges and 0 callbacks",
            "  known, but not seen any more: ubill.gone: status",
        ],
    )


def test_facts_are_listed_with_what_the_recording_says_of_them(say: Say, session: Path) -> None:
    rows = [line.split() for line in say("drift", str(session), "--facts").out.splitlines()]
    (found,) = [row for row in rows if row[:1] == ["contradicted"]]

    assert (found[1], found[3:]) == ("published", ["components.examples.BrandNotFound"])


def test_a_recording_in_which_no_provider_answered_fails(say: Say, tmp_path: Path) -> None:
    session = record(tmp_path / "session.jsonl", [BALANCE], limits=Limits(most=0))
    said = say("drift", str(session))

    assert (said.code, said.out.splitlines()[2]) == (
        1,
        "  nothing was compared: no exchange of the recording has a reply of the provider",
    )


def test_own_documents_take_the_place_of_those_that_are_built_in(say: Say, session: Path, tmp_path: Path) -> None:
    assert say("drift", str(session), "--specs", str(tmp_path / "specs")).code == 0


def test_a_shape_that_cannot_be_written_is_named(say: Say, session: Path, tmp_path: Path) -> None:
    path = tmp_path / "none" / "shape.yaml"

    assert say("drift", str(session), "--shape", str(path)).err == (
        f"sms-sandbox: cannot write {path}: No such file or directory\n"
    )


@pytest.mark.parametrize("text", ["", "{}\n", "no json\n"])
def test_a_file_that_is_no_session_is_refused_with_its_place(say: Say, tmp_path: Path, text: str) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(text, encoding="utf-8")
    said = say("drift", str(path))

    assert (said.code, said.out, said.err.startswith(f"sms-sandbox: {path}")) == (2, "", True)


def test_a_file_that_does_not_exist_is_named(say: Say, tmp_path: Path) -> None:
    said = say("drift", str(tmp_path / "none.jsonl"))

    assert said == Said(2, "", f"sms-sandbox: {tmp_path / 'none.jsonl'}: No such file or directory\n")
