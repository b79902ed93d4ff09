"""`requests`, `callbacks` and `send`: what they print and do, and their exit codes."""

import json
from pathlib import Path

import pytest

from sandbox.testing import SandboxClient
from tests.cli.conftest import Said, Say
from tests.client.fixtures import send


def states(sandbox: SandboxClient) -> list[str]:
    """Return the state of each callback, oldest first."""
    return [each.state for each in reversed(sandbox.callbacks())]


def test_requests_are_a_table_with_their_reasons(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    send(sandbox, to="1")
    lines = say("requests", "--refused").out.splitlines()

    assert [lines[0].split(), lines[1].split()[1:-1], lines[2].startswith(" " * 8 + "body.to:")] == [
        ["TIME", "NO", "OPERATION", "TO", "REQUEST", "REPLY", "MS"],
        ["2", "betatel.sms.send", "1", "POST", "/api/smpp/client/send", "400", "refused"],
        True,
    ]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--status", "200"], [1]),
        (["--accepted"], [1]),
        (["--rule", "00 delivered at once"], []),
        (["--provider", "ubill"], []),
        (["--operation", "betatel.*", "--since", "1"], [2]),
        (["--limit", "1"], [2]),
        (["--to", "305"], [1]),
        (["--to", "387 61 930 305"], [1]),
    ],
    ids=str,
)
def test_requests_are_filtered(sandbox: SandboxClient, say: Say, options: list[str], numbers: list[int]) -> None:
    send(sandbox)
    send(sandbox, to="1")
    found = json.loads(say("requests", "list", *options, "--json").out)["items"]

    assert [each["id"] for each in found] == numbers


def test_a_request_is_shown_with_its_reply(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    shown = say("requests", "show").out.splitlines()

    assert [shown[0], shown[2], shown[-1]] == [
        "request 1 at 2026-03-02 12:00:00, betatel.sms.send: accepted",
        "POST /api/smpp/client/send",
        f"messages: {uuid}",
    ]
    assert f'{{"uuid":"{uuid}"}}' in shown


@pytest.mark.parametrize(("noun", "none"), [("requests", "no requests"), ("callbacks", "no callbacks")])
def test_nothing_to_list_is_a_no_only_where_some_was_waited_for(say: Say, noun: str, none: str) -> None:
    assert [say(noun, *wait) for wait in ([], ["--wait", "10ms"])] == [Said(0, f"{none}\n"), Said(1, f"{none}\n")]


def test_callbacks_are_a_table_with_their_attempts(sandbox: SandboxClient, say: Say) -> None:
    sandbox.receiver.answer_with(503, times=1)
    uuid = send(sandbox)
    sandbox.advance("300ms")
    url = sandbox.receiver.url("betatel")

    assert say("callbacks") == Said(
        0,
        f"DUE           NO  REPORTS  STATE    MESSAGE{' ' * 31}REQUEST\n"
        f"12:00:05.200  1   sent     pending  {uuid}  POST {url}\n"
        "        attempt 1 at 12:00:00.200: 503\n",
    )


def test_a_callback_is_shown_with_its_request_and_dates(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    sandbox.advance("300ms")
    shown = say("callbacks", "show", "1").out.splitlines()

    assert shown[:4] == [
        f"callback 1 of message {uuid} (betatel) reports sent: delivered, due at 2026-03-02 12:00:00.200",
        "        attempt 1 at 2026-03-02 12:00:00.200: 200 OK",
        "",
        f"POST {sandbox.receiver.url('betatel')}",
    ]


def test_times_of_several_days_have_their_dates(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    advanced = say("advance", "1d").out.splitlines()
    send(sandbox)
    listed = [line[:10] for table in ("messages", "requests") for line in say(table).out.splitlines()]

    assert (advanced[0], advanced[1][:25], listed) == (
        "2026-03-02 12:00:00 → 2026-03-03 12:00:00: 4 events",
        "  2026-03-02 12:00:00.200",
        ["TIME      ", "2026-03-03", "2026-03-02"] * 2,
    )


def test_each_verb_acts_on_the_callbacks_that_are_named(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    sandbox.move(uuid, "sent")
    sandbox.advance("1ms")
    sandbox.receiver.answer_with(503, times=1)
    sandbox.move(uuid, "delivered")
    sandbox.advance("1ms")
    did = [
        (verb, say("callbacks", verb, "2").code, states(sandbox)[1]) for verb in ("hold", "release", "cancel", "replay")
    ]

    assert did[:3] == [("hold", 0, "held"), ("release", 0, "pending"), ("cancel", 0, "cancelled")]
    assert did[3][:2] == ("replay", 0)
    assert [json.loads(call.body)["status"] for call in sandbox.receiver.wait_for(3)] == [
        "sent",
        "delivered",
        "delivered",
    ]


def test_callbacks_that_fail_are_listed_and_fired_though_they_wait(sandbox: SandboxClient, say: Say) -> None:
    sandbox.receiver.answer_with(503, times=1)
    send(sandbox)
    sandbox.advance("3s")
    failing = json.loads(say("callbacks", "--failing", "--json").out)["items"]
    fired = json.loads(say("callbacks", "fire", "--failing", "--json").out)["items"]

    assert [(each["id"], each["state"]) for each in (*failing, *fired)] == [(1, "pending"), (1, "delivered")]


def test_a_replay_shows_its_outcome(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    sandbox.advance("300ms")
    sandbox.receiver.answer_with(503, times=1)
    url = sandbox.receiver.url("betatel")

    assert [say("callbacks", "replay", "1").out.splitlines()[1:] for _ in range(2)] == [
        [
            f"12:00:00.200  1   sent     {state:<{width}}  {uuid}  POST {url}",
            "        attempt 1 at 12:00:00.200: 200 OK",
            *(f"        attempt {number} at 12:00:00.300 (replay): {told}" for number, told in replays),
        ]
        for state, width, replays in (
            ("failed", 6, [(2, "503")]),
            ("delivered", 9, [(2, "503"), (3, "200 OK")]),
        )
    ]


def test_a_report_in_numbers_is_shown_with_its_meaning(sandbox: SandboxClient, say: Say) -> None:
    assert say("send", "--provider", "ubill").code == 0
    sandbox.advance("1m")
    head, line = say("callbacks", "--provider", "ubill", "--limit", "1").out.splitlines()[:2]
    shown = say("callbacks", "show", "latest").out

    assert line[head.index("REPORTS") :].startswith("1 (delivered)  ")
    assert " (ubill) reports 1 (delivered): " in shown


def test_what_a_reply_explains_is_shown_decoded(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox, to="38761930305…")
    line = next(line for line in say("requests", "show").out.splitlines() if line.startswith("X-Sandbox-Why: "))

    assert line.startswith("X-Sandbox-Why: body.to: '38761930305…' does not match ^")


def test_all_failed_callbacks_are_replayed_at_once(sandbox: SandboxClient, say: Say) -> None:
    sandbox.receiver.answer_with(503, times=8)  # two callbacks, each with its retries
    send(sandbox)
    sandbox.advance(until="idle")
    failed = states(sandbox)
    said = say("callbacks", "replay", "--state", "failed", "--json")

    assert (failed, said.code, [each["id"] for each in json.loads(said.out)["items"]]) == (["failed"] * 2, 0, [1, 2])
    assert len(sandbox.receiver.wait_for(10)) == 10


@pytest.mark.parametrize("selection", [["--failing"], ["--state", "failed"]])
def test_a_replay_of_what_failed_sends_the_retries_that_wait(
    sandbox: SandboxClient, say: Say, selection: list[str]
) -> None:
    sandbox.receiver.answer_with(503, times=7)
    send(sandbox)
    sandbox.advance(until="idle")  # one has failed after its retries, one was delivered
    sandbox.receiver.answer_with(503, times=2)
    send(sandbox)
    sandbox.advance("3s")  # both wait for a retry
    before = states(sandbox)
    said = say("callbacks", "replay", *selection, "--json")
    done = {each["id"]: (each["state"], each["attempts"][-1]["replay"]) for each in json.loads(said.out)["items"]}

    failed = {
        number: ("delivered", state == "failed") for number, state in enumerate(before, 1) if state != "delivered"
    }
    assert (said.code, {*before}, done) == (0, {"failed", "delivered", "pending"}, failed)


def test_what_is_due_next_is_shown_and_advanced_to(sandbox: SandboxClient, say: Say) -> None:
    nothing = say("agenda").out
    uuid = send(sandbox)
    due = say("agenda", "--limit", "1").out
    advanced = say("advance", "next").out

    assert nothing == "nothing is pending\n"
    assert [line.split() for line in due.splitlines()] == [
        ["DUE", "WHAT", "PROVIDER", "TO", "MESSAGE"],
        ["12:00:00.200", "sent", "betatel", "38761930305", uuid],
    ]
    assert advanced.splitlines()[0] == "12:00:00 → 12:00:00.200: 2 events"


def test_masked_keys_of_a_saved_state_are_told_apart(sandbox: SandboxClient, say: Say, tmp_path: Path) -> None:
    for provider in ("betatel", "ubill"):
        say("send", "--provider", provider)
    key = sandbox.keys["betatel"]["x-api-key"][:2] + "…"
    file = str(tmp_path / "state.gz")
    saved = [say("state", "save", file, *flags).code for flags in ([], ["--with-keys"])]
    kept = say("state", "load", file).out
    say("state", "save", file)
    loaded = say("state", "load", file).out
    shown = [line.split()[1] for line in say("accounts").out.splitlines()[1:]]

    assert saved == [0, 0]
    assert kept == f"workspace {sandbox.id} has the state of {file}\n"
    assert loaded == (
        f"workspace {sandbox.id} has the state of {file}; its keys are masked, such as k1…1: applications get new"
        " accounts with their own keys (state save --with-keys keeps keys)\n"
    )
    assert (len({*shown}), {each[:3] for each in shown}) == (2, {key})
    assert [say("accounts", "show", "betatel", each).code for each in shown if each.endswith("1")] == [0]


def test_a_selection_leaves_what_the_verb_does_not_fit_alone(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    sandbox.advance("5s")

    assert [say("callbacks", verb, "--provider", "betatel") for verb in ("fire", "hold", "release", "cancel")] == [
        Said(1, "no callbacks\n")
    ] * 4


def test_a_callback_that_does_not_fit_the_verb_is_a_no(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    sandbox.advance("5s")

    assert say("callbacks", "hold", "1") == Said(
        1, "", "sms-sandbox: callback 1 is delivered; only one that is pending can be held\n"
    )


def test_a_sample_is_sent_with_what_is_given(sandbox: SandboxClient, say: Say) -> None:
    said = say("send", "--to", "38761000001", "--text", "Hello", "--from", "SHOP")
    message = sandbox.message()

    assert (said, message.sender, message.to, message.text) == (
        Said(
            0,
            f"request 1, betatel.sms.send: accepted with 200\n        message {message.id}\n"
            f'        rule: 01 undelivered\n{{"uuid":"{message.id}"}}\n',
        ),
        "SHOP",
        "38761000001",
        "Hello",
    )


def test_every_operation_that_sends_has_a_sample_to_send(sandbox: SandboxClient, say: Say) -> None:
    names = [each["name"] for found in sandbox.providers() for each in found.operations if each["channel"]]
    codes = [say("send", "--operation", str(name)).code for name in names]

    assert (codes, {each.operation for each in sandbox.messages()}) == ([0] * len(names), set(names))


@pytest.mark.parametrize("operation", ["betatel.whatsapp.otp", "smsbuddy.sms.send", "ubill.sms.send"])
def test_one_request_sends_what_is_given(sandbox: SandboxClient, say: Say, operation: str) -> None:
    number = "919876543210" if operation.startswith("smsbuddy") else "38761000099"
    said = say("send", "--operation", operation, "--to", number, "--text", "123456", "--json")
    (message,) = sandbox.messages()

    assert (said.code, [each.id for each in sandbox.requests()], message.to, message.text) == (0, [1], number, "123456")


def test_a_refused_message_is_a_no_with_its_reason(say: Say) -> None:
    said = say("send", "--provider", "ubill", "--to", "995511000042", "--json")
    request = json.loads(said.out)

    assert (said.code, request["refused"], request["rule"]) == (1, True, "42 insufficient balance")


def test_a_lost_reply_is_a_no(say: Say) -> None:
    assert say("send", "--to", "38761000060") == Said(
        1, "", "sms-sandbox: no reply came; sms-sandbox requests list shows what was received\n"
    )


def test_a_key_of_the_workspace_is_used(sandbox: SandboxClient, say: Say) -> None:
    key = f"{sandbox.id}mine"
    said = say("send", "--account", key)

    assert (said.code, sandbox.request().headers["x-api-key"]) == (0, f"{key[:2]}…")


def test_a_scenario_file_is_described(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text("description: Nothing arrives.\nrules: [{name: none, then: {lifecycle: []}}]\n", encoding="utf-8")

    assert say("scenarios", "show", str(file)) == Said(
        0, "evening: Nothing arrives.\n  1. none: the status never changes\n"
    )


def test_clock_targets_and_accounts_are_shown_and_changed(say: Say) -> None:
    said = [
        say(*words.split()).out
        for words in (
            "clock",
            "clock freeze",
            "clock set 2026-03-02T13:00:00+01:00",
            "clock freeze --at 2026-03-02T12:30:00Z",
            "clock scale 60x",
            "clock run",
            "targets delete smsbuddy",
            "targets set betatel http://127.0.0.1:9000/dlr",
            "targets delete ubill",
            "targets",
            "targets delete betatel",
            "targets",
            "accounts",
            "accounts show betatel k9",
            "accounts set smsbuddy k1 --balance trans=5 --balance promo=1 --sender SHOP --stop 919800000000",
            "accounts list --provider smsbuddy",
            "accounts show smsbuddy k1",
        )
    ]

    balance = "trans 5, promo 1, transscrub 1000000"
    account = f"smsbuddy k1…, balance {balance}\n"
    assert said[0] == "frozen, now 2026-03-02T12:00:00.000Z\n"
    assert said[1:4] == [f"frozen, now 2026-03-02T12:{minute}:00.000Z\n" for minute in ("00", "00", "30")]
    assert [each.partition(",")[0] for each in said[4:6]] == ["scaled at 60x", "real"]
    assert said[6:] == [
        "callbacks of smsbuddy are collected\n",
        "callbacks of betatel go to http://127.0.0.1:9000/dlr\n",
        "callbacks of ubill are collected\n",
        "PROVIDER  URL                        KEY\nbetatel   http://127.0.0.1:9000/dlr\n",
        "callbacks of betatel are collected\n",
        "no targets: callbacks are collected\n",
        "no accounts\n",
        "betatel k9…, balance USD 1000000\n  never used: the first request with this key opens this account\n",
        f"{account}  sender SHOP: SHOP, approved\n  stop list: 919800000000\n",
        f"PROVIDER  KEY  BALANCE{' ' * 31}SENDERS\nsmsbuddy  k1…  {balance}  SHOP (approved)\n",
        f"{account}  sender SHOP: SHOP, approved\n  stop list: 919800000000\n",
    ]
