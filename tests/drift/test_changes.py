"""Each thing that a provider does otherwise than its document says is named, and nothing else."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.core.callback import Callback, Outgoing
from sandbox.core.world import World
from sandbox.recording.limits import Limits
from tests.builders import packs
from tests.drift.sessions import Ask, changed_packs, drift, generated, record

Calls = list[tuple[Callback, Outgoing]]
KEYS = {"content-type": "application/json", "x-api-key": "a key of ours", "x-account-id": "acc-1"}
SMS = Ask("POST", "/api/smpp/client/send", KEYS, json.dumps({"from": "ACME", "to": "38761930305", "text": "hello"}))
UNAUTHORIZED = """    Unauthorized:
      description: No key, or an unknown one.
      content:
        """
OF_KEY = '{$ref: "#/components/responses/Unauthorized"}'
OF_UBILL = ("brand.create", "brand.list", "sms.balance", "sms.report", "sms.send", "sms.send_xml")
REPORTED = ("delivered", "sent")
CHANNELS = ("connect-sms", "sms", "whatsapp")
RECORD = 'to: "{{ message.to }}"\n              text: "{{ message.text }}"'

# The provider, what its document has and what it does instead, and the names of the differences.
CHANGES: list[tuple[str, list[tuple[str, str]], list[str]]] = [
    (
        "ubill",
        [(f"{UNAUTHORIZED}text/plain", f"{UNAUTHORIZED}application/json")],
        [f"ubill.{each} 401: content-type" for each in OF_UBILL],
    ),
    (
        "ubill",
        [
            (
                '"401": {$ref: "#/components/responses/Unauthorized"}',
                '"403": {$ref: "#/components/responses/Unauthorized"}',
            )
        ],
        [f"ubill.{each} 401: status" for each in OF_UBILL],
    ),
    ("ubill", [("message: Brand not found", "message: No such brand")], ["ubill.sms.send 200: value /message"]),
    (
        "betatel",
        [('reply: {body: {uuid: "{{ message.id }}"}}', 'reply: {body: {id: "{{ message.id }}"}}')],
        ["betatel.sms.send 200: renamed /uuid"],
    ),
    (
        "betatel",
        [('reply: {body: {uuid: "{{ message.id }}"}}', 'reply: {body: {uuid: "{{ message.id }}", cost: 0.05}}')],
        ["betatel.sms.send 200: extra /cost"],
    ),
    (
        "betatel",
        [("id: uuid\n          price: &", "id: ulid\n          price: &")],
        ["betatel.sms.send 200: format /uuid"],
    ),
    (
        "betatel",
        [(RECORD, 'text: "{{ message.text }}"\n              to: "{{ message.to }}"')],
        ["betatel.whatsapp.wdr.search 200: order /list/*"],
    ),
    (
        "betatel",
        [("required: [from, to, text]", "required: [to, text]")],
        ["betatel.connect.sms.send: accepted", "betatel.sms.send: accepted"],
    ),
    (
        "betatel",
        [("required: [to, text]", "required: [to, text, priority]")],
        ["betatel.whatsapp.otp: refused"],
    ),
    (
        "smsbuddy",
        [('          mobile: "{{ message.to }}"', '          mobile: "{{ message.to }}"\n          operator: "x"')],
        ["smsbuddy sms callback delivered: extra /query/operator"],
    ),
    (
        "betatel",
        [('status: "{{ callback.provider_status }}", to', 'state: "{{ callback.provider_status }}", to')],
        [
            f"betatel {each} callback {word}: renamed /body/status"
            for each in CHANNELS
            for word in ("delivered", "sent")
        ],
    ),
    (
        "betatel",
        [("time: {format: iso-seconds}", "time: {format: unix}")],
        [
            f"betatel {each} callback {word}: type /body/timestamp"
            for each in CHANNELS
            for word in ("delivered", "sent")
        ],
    ),
    (
        "betatel",
        [("{says: delivered, reported", "{says: done, reported")],
        ["betatel sms callback delivered: value /body/status"],
    ),
    ("betatel", [("sent: {says: sent, reported: true", "sent: {says: sent")], ["betatel sms callbacks: missing sent"]),
]


@pytest.mark.parametrize(
    ("provider", "changes", "names"), CHANGES, ids=[" ".join(names)[:60] for _, _, names in CHANGES]
)
def test_what_a_provider_does_otherwise_is_named_and_nothing_else(
    provider: str, changes: list[tuple[str, str]], names: list[str], tmp_path: Path
) -> None:
    known = changed_packs(provider, tuple(changes), tmp_path / "specs")
    found = drift(record(tmp_path / "session.jsonl", generated(provider)[:150], known=known)).differences

    assert [each.name for each in found] == names


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            lambda calls: [each for each in calls for _ in range(2)],
            ["betatel sms callback delivered: repeated", "betatel sms callback sent: repeated"],
        ),
        (lambda calls: calls[::-1], ["betatel sms callbacks: order delivered"]),
        (lambda calls: calls[1:], ["betatel sms callbacks: missing sent"]),
        (lambda calls: calls[:1], []),  # the recording may have ended before the last one came
        (lambda _: [], []),  # nobody has opened a tunnel
    ],
    ids=["doubled", "reversed", "first lost", "last not there yet", "none"],
)
def test_callbacks_too_many_too_few_or_in_another_order_are_named(
    change: Callable[[Calls], Calls], names: list[str], tmp_path: Path
) -> None:
    found = drift(record(tmp_path / "session.jsonl", [SMS], change=change)).differences

    assert [each.name for each in found] == names


def test_a_difference_names_the_fact_with_its_place_its_word_and_where_it_is_recorded(tmp_path: Path) -> None:
    known = changed_packs(
        "ubill", ((f"{UNAUTHORIZED}text/plain", f"{UNAUTHORIZED}application/json"),), tmp_path / "specs"
    )
    asked = [Ask("GET", "/v1/sms/balance", {}), Ask("GET", "/v1/sms/balance", {})]
    (found,) = drift(record(tmp_path / "session.jsonl", asked, known=known)).differences

    assert found.fact is not None
    lines = (tmp_path / "specs" / "ubill.yaml").read_text(encoding="utf-8").splitlines()
    line = 1 + next(place for place, text in enumerate(lines) if "Please authorize with valid API key!" in text)
    assert (str(found), found.fact.source) == (
        (
            "ubill.sms.balance 401: the body is application/json here, text/plain in "
            f"specs/ubill.yaml:{line} (published) [entries 1, 2]"
        ),
        "public clients",
    )


def test_an_attempt_after_a_failed_one_is_held_against_the_retry_schedule(tmp_path: Path) -> None:
    session = record(tmp_path / "session.jsonl", [SMS])
    lines = session.read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])
    last["callback"]["reply"] = {"status": 500, "headers": []}
    again = json.loads(json.dumps(last))
    again["callback"] |= {"number": 9, "at": "2026-03-02T12:05:10+00:00"}
    later = tmp_path / "later.jsonl"
    later.write_text("\n".join([*lines[:-1], json.dumps(last), json.dumps(again)]) + "\n", encoding="utf-8")

    assert [each.text.partition(" in ")[0] for each in drift(later).differences] == [
        "betatel sms callback: attempt 2 comes after 300 s here, after 5 s"
    ]


def test_what_a_limit_kept_from_the_provider_is_not_asked(tmp_path: Path) -> None:
    report = drift(record(tmp_path / "session.jsonl", [SMS, SMS], limits=Limits(budget=1)))

    assert (report.differences, report.counts["compared"], report.not_asked) == ((), 1, {"betatel.sms.send": 1})


def test_what_came_of_no_provider_is_no_difference(tmp_path: Path) -> None:
    session = record(tmp_path / "session.jsonl", [SMS])
    lines = session.read_text(encoding="utf-8").splitlines()
    failed = json.loads(lines[1])
    failed["exchange"] |= {"number": 9, "fault": "timeout", "why": "it took longer than 30 s"}
    failed["exchange"]["reply"] = {"status": 504, "headers": [], "body": "{}"}
    broken = tmp_path / "broken.jsonl"
    broken.write_text("\n".join([*lines, json.dumps(failed)]) + "\n", encoding="utf-8")
    report = drift(broken)

    assert (report.differences, report.counts["failed"]) == ((), 1)


def test_known_differences_are_counted_and_those_that_are_gone_are_named(tmp_path: Path) -> None:
    known = changed_packs("ubill", (("message: Brand not found", "message: No such brand"),), tmp_path / "specs")
    session = record(tmp_path / "session.jsonl", generated("ubill"), known=known)
    report = drift(session, ["ubill.sms.send 200: value *", "ubill.sms.balance*"])

    assert report.differences == ()
    assert {pattern: times > 0 for pattern, times in report.ignored.items()} == {
        "ubill.sms.send 200: value *": True,
        "ubill.sms.balance*": False,
    }


def test_words_are_counted_by_what_the_recording_says_of_their_facts(tmp_path: Path) -> None:
    known = changed_packs("betatel", (("{says: delivered, reported", "{says: done, reported"),), tmp_path / "specs")
    report = drift(record(tmp_path / "session.jsonl", [SMS], known=known))
    facts = report.facts["betatel"]
    shown = {str(facts.all[place]): verdict.value for place, verdict in facts.verdicts.items()}

    assert shown == {
        "POST /api/smpp/client/send": "confirmed",
        "components.schemas.Sms.properties.from": "confirmed",
        "components.schemas.Sms.properties.to": "confirmed",
        "components.schemas.Sms.properties.text": "confirmed",
        "webhooks.sms.post": "contradicted",
        "x-sandbox.channels.sms.statuses.sent": "confirmed",
    }


def test_a_code_that_the_provider_made_is_the_right_one_where_the_provider_says_so(tmp_path: Path) -> None:
    own = {"key": "K" * 24}
    kind = {"content-type": "application/json"}
    body = {**own, "sender": "SMSBDY", "to": "9812345678", "message": "code {#otp#}"}
    create = Ask("POST", "/api/otp/create", kind, json.dumps(body))

    def verify(world: World) -> Ask:
        code = next(iter(world.otps.values())).code
        return Ask("POST", "/api/otp/verify", kind, json.dumps({**own, "to": "9812345678", "otp": code}))

    report = drift(record(tmp_path / "session.jsonl", [create, verify], wait=timedelta(seconds=1)))

    assert ([each.text for each in report.differences], report.counts["compared"]) == ([], 2)


def test_the_providers_of_the_tests_are_those_that_are_shipped() -> None:
    assert {provider for provider, _, _ in CHANGES} == set(packs())


def test_an_ignored_difference_still_contradicts_its_fact(tmp_path: Path) -> None:
    known = changed_packs("ubill", (("message: Brand not found", "message: No such brand"),), tmp_path / "specs")
    session = record(tmp_path / "session.jsonl", generated("ubill"), known=known)

    assert drift(session, ["*"]).words() == drift(session).words()


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("statusID=1", "statusID=7", "ubill sms callback delivered: value /query/statusID"),
        ('\\"statusID\\":10', '\\"statusID\\":11', "ubill.sms.send 200: undeclared"),
        ('\\"statusID\\":0', '\\"statusID\\":5', "ubill.sms.send 200: undeclared"),
    ],
    ids=["a word of a callback", "the code of an error", "the code of success"],
)
def test_a_code_that_no_document_has_is_named(tmp_path: Path, old: str, new: str, name: str) -> None:
    def send(brand: int) -> Ask:
        body = json.dumps({"brandID": brand, "numbers": ["995511194242"], "text": "hello"})
        return Ask("POST", "/v1/sms/send?key=a-key-of-ours", {"content-type": "application/json"}, body)

    session = record(tmp_path / "session.jsonl", [send(1), send(7)])
    text = session.read_text(encoding="utf-8")
    assert old in text
    session.write_text(text.replace(old, new), encoding="utf-8")

    assert [each.name for each in drift(session).differences] == [name]
