"""A learnt scenario shows what was recorded: delays by operation and status, shares of outcomes, refusals."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import pytest

from sandbox.core.errors import SandboxError
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.learning.observations import Observations
from sandbox.learning.scenario import learn_scenario, write_duration
from sandbox.recording.session import Body, Entry, RecordedReply, RecordedRequest, Reported
from sandbox.scenarios import load_text
from tests.builders import NOON, Desk, make_world, packs
from tests.drift.sessions import record
from tests.drift.test_unchanged import ask_step
from tests.learning.sessions import (
    RecordedDesk,
    as_recorded,
    betatel_callback,
    callback,
    exchange,
    learn,
    write,
)
from tests.providers.yaml.providers import NAMES, cases, six
from tests.scenarios import builders
from tests.scenarios.builders import betatel, desk, named

RECORDED, MANY = 2500, 5000
KNOWN = """
rules:
  - when: {operation: betatel.sms.send}
    then:
      after: {uniform: [60ms, 140ms]}
      outcomes:
        - {weight: 60, lifecycle: [sent: {lognormal: [400ms, 0.3]}, delivered: {normal: [3s, 500ms]}]}
        - {weight: 40, lifecycle: [sent: {uniform: [1s, 2s]}, failed: {lognormal: [20s, 0.2]}]}
"""

Delays = Mapping[tuple[str, ...], list[list[float]]]


def delays(messages: Iterator[Message]) -> Delays:
    """Return the delays of each step by the statuses of its messages."""
    found: dict[tuple[str, ...], list[list[float]]] = {}
    for message in messages:
        path = tuple(step.status.value for step in message.history)
        steps = found.setdefault(path, [[] for _ in path[1:]])
        for values, (before, step) in zip(steps, pairwise(message.history), strict=True):
            values.append((step.at - before.at).total_seconds())
    return found


def send_many(scenario: Scenario, count: int, *, seed: int) -> tuple[RecordedDesk, list[float]]:
    """Return a desk that has sent some messages, written down, and how long each reply took."""
    recorded = RecordedDesk(Desk(make_world(scenario, seed=seed)))
    times = []
    for _ in range(count):
        reply = betatel(recorded.desk)
        times.append(reply.delay.total_seconds())
        recorded.sent(reply, "betatel.sms.send", ms=times[-1] * 1000)
    recorded.advance()
    return recorded, times


def sums(steps: list[list[float]]) -> list[float]:
    """Return the time from the reply to the last status of each message."""
    return [*map(sum, zip(*steps, strict=True))]


def percentiles(values: list[float]) -> list[float]:
    """Return the percentiles from 5 to 99."""
    return quantiles(values, n=100, method="inclusive")[4:]


def test_a_sandbox_under_a_learnt_scenario_shows_the_recorded_distributions(tmp_path: Path) -> None:
    provider, took = send_many(builders.load(KNOWN), RECORDED, seed=1)
    _, scenario = learn(provider.write(tmp_path / "s.jsonl"))

    sandbox, replies = send_many(scenario, MANY, seed=2)
    recorded, shown = (delays(iter(each.desk.world.messages.values())) for each in (provider, sandbox))

    assert shown.keys() == recorded.keys()
    for path, steps in recorded.items():
        assert len(shown[path][0]) / MANY == pytest.approx(len(steps[0]) / RECORDED, rel=0.05)
        for ours, theirs in zip([*shown[path], sums(shown[path])], [*steps, sums(steps)], strict=True):
            assert percentiles(ours) == pytest.approx(percentiles(theirs), rel=0.05)
    assert percentiles(replies) == pytest.approx(percentiles(took), rel=0.05)


@pytest.mark.parametrize("name", ["default", "production-like", "reordered-callbacks", "duplicate-callbacks"])
def test_what_is_learnt_of_any_scenario_and_provider_has_no_mistakes(tmp_path: Path, name: str) -> None:
    recorded = RecordedDesk(named(name))
    for last in range(100):
        at = recorded.desk
        recorded.sent(betatel(at, f"3876100000{last:02}"), "betatel.sms.send")
        recorded.sent(builders.whatsapp(at, f"3876100000{last:02}"), "betatel.whatsapp.otp")
        recorded.sent(builders.ubill(at, f"9955110000{last:02}", "995511222233"), "ubill.sms.send", messages=2)
        recorded.sent(builders.smsbuddy(at, f"9198760000{last:02}"), "smsbuddy.sms.send")
        recorded.sent(builders.balance(at), "betatel.balance")
        recorded.advance(timedelta(minutes=1))
    recorded.advance()

    _, scenario = learn(recorded.write(tmp_path / "s.jsonl"))

    assert set(scenario.rules) == {
        "betatel.balance",
        "betatel.sms.send",
        "betatel.whatsapp.otp",
        "smsbuddy.sms.send",
        "ubill.sms.send",
    }


@pytest.mark.parametrize(("name", "reports"), [*zip(NAMES, (True, False, True, True, False, True), strict=True)])
def test_a_provider_of_one_s_own_is_learnt_from_its_document(tmp_path: Path, name: str, *, reports: bool) -> None:
    asked = [lambda world, step=step: ask_step(step, world) for step in cases(name).steps if "call" in step]
    text = learn_scenario(record(tmp_path / "s.jsonl", asked, base=six()), six())
    scenario = load_text(text, "learnt.yaml", packs=six())

    # The callbacks of one go to a URL that the requests do not have, those of another name no message.
    assert (scenario.warnings, "lifecycle_from: reply" in text) == ((), reports)


def test_a_number_of_a_request_has_its_own_outcome_under_the_id_that_all_share(tmp_path: Path) -> None:
    recorded = RecordedDesk(
        desk(
            "rules: [{when: {to: '*1'}, then: {lifecycle: [sent: 1s, delivered: 1s]}},"
            " {when: {to: '*2'}, then: {lifecycle: [sent: 2s, failed: 5s]}}]"
        )
    )
    recorded.sent(builders.ubill(recorded.desk, "995511194241", "995511194242"), "ubill.sms.send", messages=2)
    recorded.advance()

    text, _ = learn(recorded.write(tmp_path / "s.jsonl"))

    assert text[text.index("    when:") :] == (
        "    when: {operation: ubill.sms.send}\n"
        "    then:\n"
        "      after: 0s\n"
        "      lifecycle_from: reply\n"
        "      outcomes:\n"
        "        - weight: 1\n"
        "          lifecycle:\n"
        "            - sent: 1s\n"
        "            - delivered: 1s\n"
        "        - weight: 1\n"
        "          lifecycle:\n"
        "            - sent: 2s\n"
        "            - failed: 5s\n"
    )


def test_a_status_that_is_never_reported_is_passed_on_the_way(tmp_path: Path) -> None:
    recorded = RecordedDesk(desk("rules: [{then: {lifecycle: [sent: 1s, delivered: 3s]}}]"))
    recorded.sent(builders.smsbuddy(recorded.desk), "smsbuddy.sms.send")
    recorded.advance()

    text, _ = learn(recorded.write(tmp_path / "s.jsonl"))

    assert text.endswith("      lifecycle:\n        - sent: 0s\n        - delivered: 4s\n")


def test_callbacks_in_an_order_that_the_document_does_not_have_are_learnt_as_they_came(tmp_path: Path) -> None:
    session: list[Entry] = [
        exchange(1, "betatel.sms.send"),
        betatel_callback(2, "delivered", seconds=2, send=1),
        betatel_callback(3, "sent", seconds=3, send=1),
        betatel_callback(4, "sent", seconds=4, send=1),
    ]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert text[text.index("  #") :] == (
        "  # betatel.sms.send: 1 accepted request, 1 message.\n"
        "  # From the reply to sent, by way of delivered: p50 3s, p95 3s, p99 3s.\n"
        "  # Not learnt: 1 callback that said the same once more.\n"
        "  - name: betatel.sms.send as recorded\n"
        "    when: {operation: betatel.sms.send}\n"
        "    then:\n"
        "      after: 0s\n"
        "      lifecycle_from: reply\n"
        "      lifecycle:\n"
        "        - delivered: 2s\n"
        "        - sent: 1s\n"
        "      illegal: true\n"
    )


def test_errors_of_the_server_are_outcomes_and_other_refusals_are_counted_alone(tmp_path: Path) -> None:
    errors = desk(
        "rules: [{when: {to: '*1'}, then: {error: server-error}},"
        " {when: {to: '*2'}, then: {error: insufficient-funds}}]"
    )
    refused = [as_recorded(betatel(errors, f"38761930{last}")) for last in ("001", "001", "002")]
    replies = [*refused, *[None] * 6]
    session = [exchange(place + 1, "betatel.sms.send", reply=reply, ms=20.0) for place, reply in enumerate(replies)]
    session.append(exchange(10, "betatel.sms.send", fault="timeout"))
    session.append(exchange(11, "betatel.sms.send", refused="budget"))
    done = [betatel_callback(20 + send, "failed", seconds=1.02, send=send) for send in range(4, 10)]

    text, _ = learn(write(tmp_path / "s.jsonl", [*session, *done]))

    assert text[text.index("# Not") :] == (
        "# Not learnt: a request that was not sent on (1).\n"
        "description: As recorded on 2026-03-02 (betatel).\n"
        "rules:\n"
        "  # betatel.sms.send: 6 accepted requests, 6 messages.\n"
        "  # Not learnt, as requests or the connection cause them: insufficient-funds (HTTP 402) 1, timeout 1.\n"
        "  - name: betatel.sms.send as recorded\n"
        "    when: {operation: betatel.sms.send}\n"
        "    then:\n"
        "      after: 20ms\n"
        "      lifecycle_from: reply\n"
        "      outcomes:\n"
        "        - weight: 6\n"
        "          lifecycle:\n"
        "            - failed: 1s\n"
        "        - weight: 2\n"
        "          error: server-error\n"
        "          after: 20ms\n"
    )


def test_a_refusal_with_status_200_is_told_by_the_code_of_its_body(tmp_path: Path) -> None:
    errors = desk("rules: [{then: {error: 50}}]")
    replies = [as_recorded(builders.ubill(errors)), None]
    session = [exchange(place + 1, "ubill.sms.send", reply=reply) for place, reply in enumerate(replies)]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert [line for line in text.splitlines() if "ubill.sms.send:" in line or "HTTP" in line] == [
        "  # ubill.sms.send: 1 accepted request, 1 message.",
        "  # Not learnt, as requests or the connection cause them: no-valid-numbers (HTTP 200) 1.",
    ]


def test_a_code_inside_of_a_list_is_no_refusal(tmp_path: Path) -> None:
    listed = RecordedReply(200, (), Body('{"statusID":0,"message":"Success","result":[{"number":"1","statusID":99}]}'))
    xml = RecordedReply(200, (), Body("<r><statusID>0</statusID><row><statusID>99</statusID></row></r>"))
    session = [exchange(1, "ubill.sms.report", reply=listed), exchange(2, "ubill.sms.send_xml", reply=xml)]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert "HTTP" not in text


def test_messages_without_a_final_status_at_the_end_of_the_recording_are_left_out(tmp_path: Path) -> None:
    later = NOON + timedelta(minutes=1)
    session: list[Entry] = [
        exchange(1, "betatel.sms.send"),
        exchange(2, "betatel.sms.send"),
        betatel_callback(3, "sent", seconds=1, send=1),
        betatel_callback(4, "delivered", seconds=11, send=1),
        exchange(5, "betatel.sms.send", at=later - timedelta(seconds=5)),
        betatel_callback(6, "sent", seconds=60, send=5, message="n"),
    ]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert "  # Not learnt: 1 message sent too shortly before the end of the recording.\n" in text
    assert text[text.index("      outcomes") :] == (
        "      outcomes:\n"
        "        - weight: 1\n"
        "          lifecycle:\n"
        "            - sent: 1s\n"
        "            - delivered: 10s\n"
        "        - weight: 1\n"
        "          lifecycle: []\n"
    )


def test_without_callbacks_an_operation_keeps_its_default_lifecycle(tmp_path: Path) -> None:
    text, scenario = learn(write(tmp_path / "s.jsonl", [exchange(1, "betatel.sms.send", ms=84.2)]))
    at = Desk(make_world(scenario))
    betatel(at)
    builders.later(at, hours=1)

    assert "  # No callback reports its messages, so that they have the provider's default lifecycle.\n" in text
    assert text.endswith("    then:\n      after: 84.2ms\n")
    assert builders.lives(at) == [["queued", "sent", "delivered"]]


def test_words_that_the_document_does_not_have_are_named_and_their_messages_left_out(tmp_path: Path) -> None:
    session: list[Entry] = [
        *(exchange(number, "betatel.sms.send") for number in (1, 2, 3)),
        betatel_callback(4, "blocked", seconds=1, send=1),
        betatel_callback(5, "for 38761930305", seconds=1, send=2),
        betatel_callback(6, "sent", seconds=1, send=3),
    ]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert "  # Statuses that the document does not have: blocked (1).\n" in text
    assert "  # Not learnt: 2 messages with other statuses, or in yet another order.\n" in text
    assert text.endswith("      lifecycle:\n        - sent: 1s\n")


def test_no_value_of_the_account_is_in_a_learnt_scenario(tmp_path: Path) -> None:
    request = RecordedRequest("GET", "", "id=account-7-1&mobile=919876543210&status=DELIVRD&custom=mine-88", ())
    session: list[Entry] = [
        exchange(1, "smsbuddy.sms.send", reply=RecordedReply(200, (), Body('{"status":"200","id":"account-7-1"}'))),
        callback(2, "smsbuddy", at=NOON, reports=Reported(1, "account-7-1"), request=request),
        callback(3, "smsbuddy", at=NOON, reports=None, request=request),
    ]

    text, _ = learn(write(tmp_path / "s.jsonl", session))

    assert "# Not learnt: 1 callback that no known request explains.\n" in text
    assert not [each for each in ("account", "9876543210", "mine", "custom") if each in text]


def test_messages_wait_for_callbacks_only_until_many_others_were_sent() -> None:
    def session() -> Iterator[Entry]:
        yield from (exchange(number, "betatel.sms.send") for number in range(1, 101))
        yield betatel_callback(101, "sent", seconds=1, send=1)
        yield betatel_callback(102, "sent", seconds=1, send=100)

    observations = Observations(packs(), waiting=10)
    observations.read(session())

    assert (observations.unbound, observations.operations["betatel.sms.send"].reported) == (1, 1)


def test_a_session_without_accepted_requests_teaches_nothing(tmp_path: Path) -> None:
    refused = exchange(1, "betatel.sms.send", reply=RecordedReply(401, ()))
    path = write(tmp_path / "s.jsonl", [refused])

    with pytest.raises(SandboxError, match="nothing to learn: the session has no accepted request"):
        learn_scenario(path, packs())


def test_a_provider_that_no_document_describes_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", [exchange(1, "acme.sms.send")])

    with pytest.raises(SandboxError, match=r"the session has acme, which no document describes; .* --specs"):
        learn_scenario(path, packs())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.0000001, "0s"),
        (0.00042, "0.42ms"),
        (0.0842137, "84.21ms"),
        (0.9999, "999.9ms"),
        (1.0, "1s"),
        (59.99949, "60s"),
        (612.0, "10.2m"),
        (86_400.0, "24h"),
        (40_000_000.0, "11111h"),
        (1e12, "87600h"),
    ],
)
def test_durations_have_four_digits(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text


def ubill_session(*reported: str) -> list[Entry]:
    """Return a request to two numbers and a wrong one, and callbacks of these numbers."""
    body = '{"brandID":1,"numbers":["995511194241","995511194242","12"],"text":"message"}'
    asked = RecordedRequest("POST", "/v1/sms/send", "", (("Content-Type", "application/json"),), Body(body))
    reply = RecordedReply(200, (), Body('{"statusID":0,"smsID":7,"message":"Success"}'))
    sent = replace(exchange(1, "ubill.sms.send", reply=reply, messages=3), request=asked)
    queries = [f"event=sms.delivery.updated&smsID=7&number={number}&statusID=1" for number in reported]
    return [
        sent,
        *(
            callback(
                number,
                "ubill",
                at=NOON + timedelta(seconds=number),
                reports=Reported(1, "7"),
                request=RecordedRequest("GET", "", query, ()),
            )
            for number, query in enumerate(queries, start=2)
        ),
    ]


@pytest.mark.parametrize(
    ("reported", "counts"),
    [
        (("995511194241", "995511194242"), (2, 1, 2)),
        (("995511194241", "12"), (3, 0, 2)),
        ((), (3, 0, 0)),
    ],
)
def test_a_wrong_recipient_without_a_callback_is_no_message_if_others_have_one(
    reported: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    observations = Observations(packs())
    observations.read(ubill_session(*reported))
    observed = observations.operations["ubill.sms.send"]

    assert (observed.messages, observed.dropped, observed.reported) == counts


def test_dropped_recipients_are_in_the_comments(tmp_path: Path) -> None:
    text = learn_scenario(write(tmp_path / "s.jsonl", ubill_session("995511194241", "995511194242")), packs())

    assert "# ubill.sms.send: 1 accepted request, 2 messages." in text
    assert "1 recipient that cannot be a number and had no callback, unlike others of the request." in " ".join(
        text.replace("#", "").split()
    )
