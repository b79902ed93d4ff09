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
        {"name": "quiet", "description": "Nothing but the specs.", "rules": [], "source": QUIET},
        {"USD": 999_999.5},
    )


async def test_the_rules_are_told_in_words_with_how_often_each_held(sandbox: Sandbox, control: Control) -> None:
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


async def test_a_scenario_is_used_as_json(control: Control) -> None:
    put = await control.put("/scenario", {"name": "quiet", "settings": {"betatel": {"price": 0.5}}})

    assert put["name"] == "quiet"


SAID = "settings, accounts, targets, seed or clock; to have none: rules: []"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b'{"name": "instant"}', '1:1: only name came; the scenario of that name is {"use": "instant"}'),
        (
            b"\ndescription: all fine\nname: x\n",
            f"2:1: only description and name came; a scenario needs rules, extends, {SAID}",
        ),
        (b"{}", f"1:1: nothing came; a scenario needs rules, extends, {SAID}"),
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
