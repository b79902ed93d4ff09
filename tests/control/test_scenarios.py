import pytest

from tests.control.calls import Control
from tests.servers import Sandbox

QUIET = """\
name: quiet
description: Nothing but the specs.
settings:
  betatel: {price: 0.5}
"""


async def test_the_scenarios_that_can_be_named_are_listed(control: Control) -> None:
    page = await control.get("/scenarios")

    assert {"name": "default", "mistakes": []} in [
        {key: each[key] for key in ("name", "mistakes")} for each in page["items"]
    ]


async def test_a_scenario_is_used_by_name(sandbox: Sandbox, control: Control) -> None:
    put = await control.put("/scenario", {"use": "default"})

    assert (put["name"], await control.get("/scenario") == put, sandbox.world.scenario.name) == (
        "default",
        True,
        "default",
    )


async def test_a_scenario_is_used_as_yaml(sandbox: Sandbox, control: Control) -> None:
    answered = await control.call("PUT", "/scenario", QUIET.encode(), headers={"Content-Type": "application/yaml"})
    await sandbox.send()

    assert (answered.status, answered.value, (await control.get("/accounts/betatel/k1"))["balance"]) == (
        200,
        {
            "name": "quiet",
            "description": "Nothing but the specs.",
            "rules": [],
            "source": QUIET,
            "warnings": [],
        },
        {"USD": 999_999.5},
    )


async def test_the_rules_are_shown_in_words_with_their_hits(sandbox: Sandbox, control: Control) -> None:
    await control.put(
        "/scenario",
        {
            "name": "two",
            "rules": [
                {"name": "down: all of it", "when": {"provider": "ubill"}, "then": {"error": 500}},
                {"name": "slow", "when": {"operation": "betatel.sms.send"}, "then": {"lifecycle": [{"sent": "9s"}]}},
            ],
        },
    )
    await sandbox.send()
    await sandbox.send()
    rules = (await control.get("/scenario"))["rules"]

    assert [(rule["name"], rule["hits"], rule["words"] != "") for rule in rules] == [
        ("down: all of it", 0, True),
        ("slow", 2, True),
    ]


async def test_the_hits_of_a_rule_begin_anew_with_its_scenario(sandbox: Sandbox, control: Control) -> None:
    async def put(name: str) -> int:
        rule = {"name": "slow", "when": {"operation": "betatel.sms.send"}, "then": {"lifecycle": [{"sent": "9s"}]}}
        return int((await control.put("/scenario", {"name": name, "rules": [rule]}))["rules"][0]["hits"])

    async def hits() -> int:
        return int((await control.get("/scenario"))["rules"][0]["hits"])

    await put("one")
    await sandbox.send()
    before, after = await hits(), await put("two")
    await sandbox.send()
    again = await hits()
    await control.post("/reset")

    assert (before, after, again, await hits()) == (1, 0, 1, 0)


async def test_a_scenario_is_used_as_json(control: Control) -> None:
    put = await control.put("/scenario", {"name": "quiet", "settings": {"betatel": {"price": 0.5}}})

    assert put["name"] == "quiet"


ADVICE = "add rules, extends, settings, accounts, targets, seed or clock, or rules: [] for no rules"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            b'{"name": "instant"}',
            '1:1: the scenario has only name; to use the scenario of that name, send {"use": "instant"}',
        ),
        (
            b"\ndescription: all fine\nname: x\n",
            f"2:1: the scenario has only description and name; {ADVICE}",
        ),
        (b"{}", f"1:1: the scenario is empty; {ADVICE}"),
    ],
)
async def test_a_document_that_says_nothing_changes_nothing(
    sandbox: Sandbox, control: Control, document: bytes, problem: str
) -> None:
    answered = await control.call("PUT", "/scenario", document)

    assert (answered.status, answered.errors, sandbox.world.scenario.name) == (
        422,
        [("", f"scenario:{problem}")],
        "bare",
    )


async def test_a_scenario_may_say_that_it_has_no_rules(control: Control) -> None:
    assert (await control.put("/scenario", {"name": "calm", "rules": []}))["name"] == "calm"


async def test_a_name_that_is_none_is_422_with_the_near_miss(sandbox: Sandbox, control: Control) -> None:
    refused = await control.refused("PUT", "/scenario", {"use": "defualt"})

    assert (refused, sandbox.world.scenario.name) == (
        (422, [("/use", "no scenario is called 'defualt'. Did you mean 'default'?")]),
        "bare",
    )


async def test_every_mistake_of_a_scenario_comes_with_line_and_column(sandbox: Sandbox, control: Control) -> None:
    text = b"nmae: x\nsettings:\n  betatel: {prise: 1}\n"
    answered = await control.call("PUT", "/scenario", text, headers={"Content-Type": "application/yaml"})
    errors = answered.value["errors"]

    assert (answered.status, [(each["line"], each["column"]) for each in errors], sandbox.world.scenario.name) == (
        422,
        [(1, 1), (3, 13)],
        "bare",
    )


async def test_a_scenario_with_warnings_is_used_and_shows_them(control: Control) -> None:
    problem = "this lifecycle never begins: the fault rejects the request"
    put = await control.call("PUT", "/scenario", b"rules: [{then: {fault: hang, lifecycle: []}}]")

    assert (put.status, put.value["warnings"]) == (
        200,
        [f"scenario:1:30: {problem}; write accepted: true to store the message and lose only the reply"],
    )


@pytest.mark.parametrize("kind", ["application/json", "application/yaml", "application/x-www-form-urlencoded"])
async def test_json_is_read_as_json_whatever_its_type_says(control: Control, kind: str) -> None:
    text = b'{"name": "\\ud83d\\ude00",\n\t"rules": [{"when": {"chance": 1e0}, "then": {"after": 1e0}}]}'
    put = await control.call("PUT", "/scenario", text, headers={"Content-Type": kind})

    assert (put.status, put.value["name"]) == (200, "\U0001f600")


@pytest.mark.parametrize(
    ("kind", "text", "mistake"),
    [
        ("application/json", b'{"rules": [],\n}', (1, 13, "not JSON: a comma with nothing after it")),
        ("application/json; charset=utf-8", b"{rules: []}", (1, 2, "not JSON: expected a key in double quotes")),
        ("application/json", b'{"seed": 1,\n "seed": 2}', (2, 2, "duplicate key 'seed'")),
        ("text/plain", b'{"seed": 1,\n "seed": 2}', (2, 2, "duplicate key 'seed'")),
        ("application/json", b'{"use": "default",\n "use": "instant"}', (2, 2, "duplicate key 'use'")),
        (
            "application/json",
            b'{"rules": [\n {"then": {"after": "12:30"}}]}',
            (2, 12, "'12:30' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"),
        ),
    ],
)
async def test_a_mistake_in_json_comes_with_line_and_column(
    control: Control, kind: str, text: bytes, mistake: tuple[int, int, str]
) -> None:
    line, column, problem = mistake
    put = await control.call("PUT", "/scenario", text, headers={"Content-Type": kind})

    assert (put.status, put.value["errors"]) == (
        422,
        [{"at": "", "problem": f"scenario:{line}:{column}: {problem}", "line": line, "column": column}],
    )


async def test_a_byte_order_mark_before_a_document_does_not_count(control: Control) -> None:
    texts = (b'{"use": "instant"}', b'{"name": "a", "rules": []}', b"name: b\nrules: []")
    names = [(await control.call("PUT", "/scenario", b"\xef\xbb\xbf" + text)).value["name"] for text in texts]

    assert names == ["instant", "a", "b"]


async def test_yaml_is_read_even_where_its_type_says_json(control: Control) -> None:
    put = await control.call("PUT", "/scenario", b"seed: 7", headers={"Content-Type": "application/json"})

    assert put.status == 200


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            r'rules: [{when: {state: "a\nb:1:2: c"}, then: {}}]',
            r"1:17: no rule sets the state 'a\nb:1:2: c'. Available: start.",
        ),
        (r'extends: ["a\r\n"]', r"1:11: no scenario is called 'a\r\n'."),
        (r'"a\nb": 1', r"1:1: a scenario has no key 'a\nb'."),
        (r'settings: {betatel: {"a\nb": 1}}', r"1:22: settings.betatel has no key 'a\nb'."),
        (r'rules: [{then: {lifecycle: ["a\u2028b": 1s]}}]', r"1:29: no status is called 'a\u2028b' for betatel.sms."),
    ],
)
async def test_a_mistake_with_a_line_end_in_it_is_one_mistake(control: Control, text: str, problem: str) -> None:
    put = await control.call("PUT", "/scenario", text.encode())
    (error,) = put.value["errors"]
    place = problem.split(":")

    assert (error["problem"].startswith(f"scenario:{problem}"), error["line"], error["column"]) == (
        True,
        int(place[0]),
        int(place[1]),
    )


async def test_what_is_no_scenario_at_all_is_refused(control: Control) -> None:
    bodies = [b"", b"\xff", b"a: [", b'{"use": 7}', b'{"use": "default", "seed": 7}', b"[1, 2]"]
    answers = [await control.call("PUT", "/scenario", body) for body in bodies]

    assert [answer.status for answer in answers] == [400, 400, 422, 400, 400, 422]


async def test_a_yaml_bomb_is_one_clear_mistake(control: Control) -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9))
        for letter in range(ord("b"), ord("j"))
    )
    answered = await control.call("PUT", "/scenario", bomb)

    assert (answered.status, len(answered.errors)) == (422, 1)


async def test_a_scenario_is_checked_without_being_used(control: Control) -> None:
    good = await control.post("/scenario/check", {"name": "ours", "extends": ["default"]})
    mistaken = b"name: ours\nrules:\n  - when: {to: '1'}\n    then: {fault: dropp}\n"
    checked, put = [await control.call(*call, mistaken) for call in (("POST", "/scenario/check"), ("PUT", "/scenario"))]

    assert (good, checked.status, checked.value, (await control.get("/scenario"))["name"]) == (
        {"name": "ours", "warnings": []},
        422,
        put.value,
        "bare",
    )


async def test_a_check_of_what_is_no_text_is_refused(control: Control) -> None:
    assert await control.refused("POST", "/scenario/check", b"\xff") == (
        400,
        [("", "body: byte 0 is not valid UTF-8")],
    )
