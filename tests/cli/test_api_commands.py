"""The commands that talk to a server: what they print, and their exit codes."""

import json
import socket
from pathlib import Path

import pytest

from sandbox.testing import SandboxClient
from tests.cli.conftest import Said, Say
from tests.client.fixtures import NUMBER, send
from tests.commands import run, serving, url_of


def test_messages_are_a_table_newest_first(sandbox: SandboxClient, say: Say) -> None:
    first = send(sandbox)
    sandbox.advance("1s")
    second = send(sandbox, text="x" * 61, sender="SHOP")

    assert say("messages") == Said(
        0,
        f"TIME      ID{' ' * 36}OPERATION         FROM      TO           STATUS           TEXT\n"
        f"12:00:01  {second}  betatel.sms.send  SHOP      {NUMBER}  queued (queued)  {'x' * 59}…\n"
        f"12:00:00  {first}  betatel.sms.send  FACEBOOK  {NUMBER}  sent (sent)      Your code is 555345\n",
    )


def test_messages_are_found_by_what_is_in_them(sandbox: SandboxClient, say: Say) -> None:
    wanted = send(sandbox, sender="SHOP", text="hello")
    send(sandbox)
    where = ["--provider", "betatel", "--operation", "betatel.sms.*", "--status", "queued", "--limit", "1"]
    said = say("messages", "--to", f"+{NUMBER}", "--from", "SHOP", "--text", "hell", *where, "--json")

    assert [each["id"] for each in json.loads(said.out)["items"]] == [wanted]


def test_a_part_of_a_number_is_enough_to_list_and_verify(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    parts = ["930305", "+387 61 930", "0038761930305", "930306"]
    listed = [len(json.loads(say("messages", "--to", part, "--json").out)["items"]) for part in parts]
    verified = [say("verify", "--to", part).code for part in parts]

    assert (listed, verified) == ([1, 1, 1, 0], [0, 0, 0, 1])


def test_messages_of_an_account_are_verified(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    key = sandbox.keys["betatel"]["x-api-key"]
    masked = sandbox.message(uuid).account
    said = [say("verify", "--to", NUMBER, "--account", each) for each in (key, masked, "other")]

    assert ([each.code for each in said], said[2].out) == (
        [0, 0, 1],
        f"verification failed: 0 messages match\n  near miss: {uuid}: account: {masked} is not other\n",
    )


def test_no_messages_are_a_no_only_where_some_were_waited_for(say: Say) -> None:
    found = [say("messages", "--to", "1", *wait) for wait in ([], ["--wait", "10ms"])]

    assert found == [Said(0, "no messages\n"), Said(1, "no messages\n")]


def test_a_message_that_was_waited_for_is_a_yes(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)

    assert say("messages", "--wait", "5s").code == 0


def test_a_code_is_printed_alone_so_that_a_script_can_take_it(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)

    assert say("otp", "+387 61 930 305", "--wait", "5s", "--provider", "betatel") == Said(0, "555345\n")


def test_a_code_is_told_as_the_control_api_has_it(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    said = say("otp", NUMBER[-4:], "--json")

    assert json.loads(said.out) == {
        "code": "555345",
        "to": NUMBER,
        "provider": "betatel",
        "message": uuid,
        "at": "2026-03-02T12:00:00.000Z",
    }


def test_a_part_of_several_numbers_is_a_no_that_names_them(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    send(sandbox, to="38761930306")

    assert say("otp", "9303") == Said(
        1, "", "sms-sandbox: NUMBER: messages to 2 numbers contain '9303': 38761930306, 38761930305\n"
    )


def test_a_code_that_is_not_there_is_a_no(say: Say) -> None:
    assert say("otp", "999") == Said(1, "", "sms-sandbox: no message to '999' has a one-time code\n")


def test_a_code_that_was_sent_is_a_yes_and_any_other_a_no(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)

    assert [say("otp", NUMBER, "--code", code).code for code in ("555345", "999999")] == [0, 1]


def test_messages_are_found_by_their_code_and_counted_by_their_status(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)
    found = json.loads(say("messages", "--code", "555345", "--json").out)["items"]
    passed = [say("verify", "--status", status).code for status in ("queued", "delivered")]

    assert ([each["id"] for each in found], passed) == ([uuid], [0, 1])


def test_an_advance_tells_what_happened(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)

    assert say("advance", "5m") == Said(
        0,
        "12:00:00 → 12:05:00: 4 events\n"
        f"  12:00:00.200  {uuid}  sent\n"
        f"  12:00:00.200  {uuid}  callback, attempt 1: 200\n"
        f"  12:00:02.200  {uuid}  delivered\n"
        f"  12:00:02.200  {uuid}  callback, attempt 1: 200\n",
    )


@pytest.mark.parametrize(
    ("goal", "line"),
    [
        ("idle", "12:00:00 → 12:00:00: 0 events\n"),
        ("1.5", "12:00:00 → 12:00:01.500: 0 events\n"),
        ("1h30m", "12:00:00 → 13:30:00: 0 events\n"),
        ("2026-03-02T14:00:00+01:00", "12:00:00 → 13:00:00: 0 events\n"),
    ],
)
def test_an_advance_goes_until_idle_for_a_while_or_up_to_a_time(say: Say, goal: str, line: str) -> None:
    assert say("advance", goal) == Said(0, line)


def test_a_scenario_is_used_by_name(sandbox: SandboxClient, say: Say) -> None:
    said = say("use", "instant")

    assert (said, sandbox.scenario().name) == (Said(0, "scenario instant\n"), "instant")


def test_a_scenario_is_used_from_a_file(sandbox: SandboxClient, say: Say, tmp_path: Path) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text("name: mine\nextends: [instant]\n", encoding="utf-8")
    said = say("use", str(file))

    assert (said, sandbox.scenario().name) == (Said(0, "scenario mine\n"), "mine")


def test_every_mistake_of_a_scenario_has_a_line(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text("name: mine\nrules:\n- thn: {}\n", encoding="utf-8")

    assert say("use", str(file)) == Said(
        2,
        "",
        f"sms-sandbox: {file}:3:3: a rule has no key 'thn'. Did you mean 'then'?\n"
        f"sms-sandbox: {file}:3:3: a rule needs the key then\n",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "{file}: the file is empty; write a scenario as YAML or JSON"),
        (
            "name: instant",
            "{file}: the file only names a scenario; to use the one of that name, run: sms-sandbox use instant",
        ),
        ('name: "a\\nb"\nrules: [{then: {set: {state: x}}}, {when: {state: "a\\nb: 1"}, then: {}}]', None),
    ],
)
def test_a_refused_file_is_told_in_words_that_can_be_typed(
    say: Say, tmp_path: Path, text: str, problem: str | None
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    problem = problem or r"{file}:2:44: no rule sets the state 'a\nb: 1'. Available: start, x."

    assert say("use", str(file)) == Said(2, "", f"sms-sandbox: {problem.format(file=file)}\n")


def test_a_reset_empties_the_workspace(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    said = say("reset")

    assert (said, len(sandbox.messages())) == (Said(0, f"workspace {sandbox.id} has been reset, seed 7\n"), 0)


def test_a_verification_that_passes_is_a_yes(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)

    assert say("verify", "--to", NUMBER, "--exactly", "1") == Said(0, "verification passed: 1 message matches\n")


def test_a_verification_that_does_not_pass_is_a_no_with_what_nearly_matches(sandbox: SandboxClient, say: Say) -> None:
    uuid = send(sandbox)

    assert say("verify", "--to", "38761930306", "--text", "code") == Said(
        1,
        f"verification failed: 0 messages match\n  near miss: {uuid}: to: {NUMBER} does not contain 38761930306\n",
    )


def test_a_verdict_is_told_as_the_control_api_has_it(say: Say) -> None:
    said = say("verify", "--at-least", "1", "--json")

    assert (said.code, json.loads(said.out)) == (1, {"passed": False, "count": 0, "matches": [], "near": []})


def test_a_workspace_is_made_with_its_keys_listed_and_ended(say: Say) -> None:
    how = ["--scenario", "instant", "--clock", "60x", "--seed", "5", "--ttl", "1m"]
    made = json.loads(say("workspaces", "--make", *how, "--json").out)
    listed = [line.split() for line in say("workspaces").out.splitlines() if line.startswith(made["id"])]
    ended = say("workspaces", "--delete", made["id"])

    assert (listed, ended, set(made["keys"]), made["clock"]["rate"], made["ttl"]) == (
        [[made["id"], "instant", "5", "scaled"]],
        Said(0, f"deleted {made['id']}\n"),
        {"betatel", "smsbuddy", "ubill"},
        60,
        60,
    )


def test_an_end_has_nothing_to_tell_as_json(sandbox: SandboxClient, say: Say) -> None:
    made = sandbox.make_workspace()

    assert say("workspaces", "--delete", made.id, "--json") == Said(0)


def test_a_made_workspace_is_told_in_lines(sandbox: SandboxClient, say: Say) -> None:
    head, *keys = say("workspaces", "--make", "--seed", "5", "--clock", "frozen").out.splitlines()
    name = head.partition(",")[0]
    sandbox.delete_workspace(name)

    assert (head, [line.split()[:2] for line in keys]) == (
        f"{name}, scenario default, seed 5, clock frozen",
        [["betatel:", "x-api-key"], ["smsbuddy:", "key"], ["ubill:", "key"]],
    )


def test_a_made_workspace_is_told_as_environment_variables(sandbox: SandboxClient, say: Say) -> None:
    lines = say("workspaces", "--make", "--env").out.splitlines()
    environ = dict(line.split("=", 1) for line in lines)
    keys = sandbox.workspace(environ["SANDBOX_WORKSPACE"]).show_workspace(environ["SANDBOX_WORKSPACE"]).keys
    sandbox.delete_workspace(environ["SANDBOX_WORKSPACE"])

    assert (environ["BETATEL_URL"], environ["BETATEL_API_KEY"], environ["UBILL_KEY"], list(environ)) == (
        sandbox.url,
        keys["betatel"]["x-api-key"],
        keys["ubill"]["key"],
        list(sandbox.environ),
    )


HINT = "pass --control-token or set SANDBOX_CONTROL_TOKEN"
COMMANDS = [
    ["send"],
    ["requests", "list"],
    ["requests", "show"],
    ["callbacks", "list"],
    ["callbacks", "show"],
    ["callbacks", "replay", "1"],
    ["clock", "freeze"],
    ["targets", "list"],
    ["accounts", "list"],
    ["messages"],
    ["otp", "1"],
    ["advance", "1s"],
    ["use", "x"],
    ["reset"],
    ["verify"],
    ["workspaces"],
    ["demo"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=[words[0] for words in COMMANDS])
def test_no_server_is_one_clear_line(say: Say, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    assert say(*words, "--url", url) == Said(
        2,
        "",
        f"sms-sandbox: no sandbox answers at {url}: Connection refused; run sms-sandbox serve, or set SANDBOX_URL\n",
    )


def test_a_server_that_asks_for_its_token_is_spoken_to_with_it_alone() -> None:
    with serving("--control-token", "t0ken") as (_, banner):
        url = url_of(banner)
        said = [run("messages", "--url", url, *words) for words in ([], ["--control-token", "t0ken"])]
        by_environment = run("messages", SANDBOX_URL=url, SANDBOX_CONTROL_TOKEN="t0ken")

    assert [*said, by_environment] == [
        (2, f"sms-sandbox: the control token is missing or wrong; send it as Authorization: Bearer TOKEN; {HINT}\n"),
        (0, "no messages\n"),
        (0, "no messages\n"),
    ]


def test_as_a_process_it_finds_its_server_by_the_environment(sandbox: SandboxClient) -> None:
    send(sandbox)

    assert run("otp", NUMBER, **sandbox.environ) == (0, "555345\n")
