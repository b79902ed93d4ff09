import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Receiver, Sandbox

NOON = "2026-03-02T12:00:00.000Z"
FROZEN = {"mode": "frozen", "start": NOON}


async def made(control: Control, **given: object) -> tuple[dict[str, Any], Control]:
    """Make a workspace with a frozen clock; return it and its API."""
    workspace = await control.post("/workspaces", {"clock": FROZEN, **given})
    return workspace, Control(control.sandbox, base=f"/_sandbox/workspaces/{workspace['id']}")


async def send_all(sandbox: Sandbox, keys: dict[str, dict[str, str]]) -> list[int]:
    """Send one message at each provider with a workspace's keys."""
    requests = [
        (BETATEL_SMS, keys["betatel"]),
        (WHATSAPP, keys["betatel"]),
        (UBILL_SMS, keys["ubill"]),
        (SMSBUDDY_SMS.with_values(**keys["smsbuddy"]), {}),
    ]
    return [
        (await sandbox.send(sms, **{name.replace("-", "_"): value for name, value in given.items()})).status
        for sms, given in requests
    ]


async def test_a_workspace_is_made_with_keys_for_every_provider(control: Control) -> None:
    workspace, _ = await made(
        control, seed=5, ttl="5m", targets={"ubill": {"url": "http://127.0.0.1:9/x", "key": "secret"}}
    )
    name, keys = workspace["id"], workspace["keys"]

    assert (
        {provider: sorted(each) for provider, each in keys.items()},
        all(key.startswith(name) and key.isalnum() for each in keys.values() for key in each.values()),
        {key: workspace[key] for key in ("scenario", "seed", "clock", "targets", "ttl")},
    ) == (
        {"betatel": ["x-account-id", "x-api-key"], "smsbuddy": ["key"], "ubill": ["key"]},
        True,
        {
            "scenario": "bare",
            "seed": 5,
            "clock": {"mode": "frozen", "rate": 0.0, "start": NOON, "now": NOON},
            "targets": {"ubill": {"url": "http://127.0.0.1:9/x", "key": "se…"}},
            "ttl": 300.0,
        },
    )


async def test_what_is_not_given_is_as_the_server_was_started(control: Control) -> None:
    workspace = await control.post("/workspaces")

    assert (workspace["scenario"], workspace["seed"], workspace["clock"]["now"], workspace["ttl"]) == (
        "bare",
        7,
        NOON,
        3600.0,
    )


async def test_its_location_is_returned(control: Control) -> None:
    async with control.sandbox.client.post("/_sandbox/workspaces") as reply:
        place, name = reply.headers["Location"], (await reply.json())["id"]

    assert place == f"/_sandbox/workspaces/{name}"


async def test_minted_keys_lead_the_requests_of_every_provider_into_their_workspace(
    sandbox: Sandbox,
    control: Control,
) -> None:
    workspace, own = await made(control)
    statuses = await send_all(sandbox, workspace["keys"])
    counts = [len((await each.get("/messages"))["items"]) for each in (own, control)]

    assert (statuses, counts) == ([200, 200, 200, 200], [4, 0])


async def test_workspaces_are_listed_newest_first(control: Control) -> None:
    names = [(await made(control))[0]["id"] for _ in range(3)]
    first = await control.get("/workspaces", limit="2")
    await control.delete(f"/workspaces/{names[1]}")
    await made(control)
    rest = await control.get("/workspaces", limit="2", cursor=first["next"])

    assert [[each["id"] for each in page["items"]] for page in (first, rest)] == [
        [names[2], names[1]],
        [names[0], "default"],
    ]


async def test_one_workspace_is_shown(control: Control) -> None:
    workspace, _ = await made(control)

    assert await control.get(f"/workspaces/{workspace['id']}") == workspace


async def test_the_default_workspace_answers_by_its_name_too_and_stays(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    named = Control(sandbox, base="/_sandbox/workspaces/default")

    assert (await named.get("/messages"), await control.refused("DELETE", "/workspaces/default")) == (
        await control.get("/messages"),
        (409, [("/id", "the workspace default cannot be deleted; reset it instead")]),
    )


async def test_the_keys_of_a_deleted_workspace_stop_working(sandbox: Sandbox, control: Control) -> None:
    workspace, own = await made(control)
    await control.delete(f"/workspaces/{workspace['id']}")

    assert (await send_all(sandbox, workspace["keys"]), await own.refused("GET", "/messages")) == (
        [401, 401, 401, 401],
        (404, [("/workspace", f"no workspace is called '{workspace['id']}'")]),
    )


async def test_deleting_a_workspace_ends_its_waits_with_a_word_of_it(sandbox: Sandbox, control: Control) -> None:
    workspace, own = await made(control)
    world = sandbox.engine.workspaces[workspace["id"]].world
    waiting = await begun(world, own.refused("GET", "/messages", wait="30s"))
    await control.delete(f"/workspaces/{workspace['id']}")

    assert await waiting == (409, [("", f"the workspace {workspace['id']} was deleted while this call waited")])


async def test_deleting_a_workspace_cancels_its_callbacks(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    workspace, own = await made(control, targets={"betatel": {"url": receiver.url()}})
    await send_all(sandbox, workspace["keys"])
    await own.put("/clock", {"mode": "scaled", "rate": 1})
    await control.delete(f"/workspaces/{workspace['id']}")
    await sandbox.advance(timedelta(days=1))

    assert receiver.calls == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_workspace_is_404(control: Control, method: str) -> None:
    assert await control.refused(method, "/workspaces/nix") == (404, [("/id", "no workspace has the id 'nix'")])


async def test_every_mistake_in_a_new_workspace_comes_out_at_once(control: Control) -> None:
    status, errors = await control.refused(
        "POST",
        "/workspaces",
        {
            "clock": {"mode": "scald", "rat": 1},
            "seed": "x",
            "targets": {"ubill": {"url": "x"}},
            "ttl": "long",
            "scenarios": 1,
        },
    )

    assert (status, sorted(at for at, _ in errors)) == (
        400,
        ["/clock/mode", "/clock/rat", "/scenarios", "/seed", "/targets/ubill/url", "/ttl"],
    )


@pytest.mark.parametrize(
    ("clock", "at", "problem"),
    [
        ("frozen", "/clock", "'frozen' is a string, not an object"),
        ({"mode": "60x"}, "/clock/mode", "'60x' is not one of real, scaled, frozen"),
    ],
)
async def test_a_clock_as_a_text_is_refused_with_an_example(
    control: Control, clock: object, at: str, problem: str
) -> None:
    hint = 'write {"mode": "frozen"}, or {"mode": "scaled", "rate": 60}'

    assert await control.refused("POST", "/workspaces", {"clock": clock}) == (400, [(at, f"{problem}; {hint}")])


async def test_a_workspace_must_last_some_time(control: Control) -> None:
    assert await control.refused("POST", "/workspaces", {"ttl": 0}) == (
        400,
        [("/ttl", "a ttl of 0 is not allowed; use a duration such as 5m, or omit it (default: 1h)")],
    )


async def test_an_unknown_scenario_is_422(control: Control) -> None:
    assert await control.refused("POST", "/workspaces", {"scenario": "defualt"}) == (
        422,
        [("/scenario", "no scenario is called 'defualt'. Did you mean 'default'?")],
    )


@pytest.mark.parametrize(
    "scenario", [{"name": "mine", "rules": []}, {"source": "# a comment\nname: mine\nrules: []\n"}]
)
async def test_a_workspace_is_made_with_a_scenario_of_its_own(control: Control, scenario: object) -> None:
    workspace, own = await made(control, scenario=scenario)
    used = await own.get("/scenario")
    await own.post("/reset")

    assert (workspace["scenario"], used["name"], (await own.get("/scenario"))["name"]) == ("mine",) * 3


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ({"rulse": []}, "scenario:1:2: a scenario has no key 'rulse'. Did you mean 'rules'?"),
        ({"source": "\nrulse: []"}, "scenario:2:1: a scenario has no key 'rulse'. Did you mean 'rules'?"),
        ({"source": 7}, "scenario:1:2: a scenario has no key 'source'."),
        ({}, "scenario:1:1: the scenario is empty"),
        (5, "5 is a number, not a string or an object"),
    ],
)
async def test_a_mistake_of_that_scenario_is_told_with_its_place(
    control: Control, scenario: object, problem: str
) -> None:
    _, [(at, told)] = await control.refused("POST", "/workspaces", {"scenario": scenario})

    assert (at, told[: len(problem)]) == ("/scenario", problem)


async def test_two_workspaces_that_do_the_same_at_once_see_no_trace_of_each_other(
    sandbox: Sandbox,
    control: Control,
) -> None:
    both = [await made(control, seed=seed) for seed in (1, 2)]

    async def script(workspace: dict[str, Any], own: Control) -> str:
        for _ in range(3):
            await send_all(sandbox, workspace["keys"])
        await own.patch(f"/accounts/ubill/{workspace['keys']['ubill']['key']}", {"balance": 5})
        await own.put("/targets/ubill", {"url": f"http://127.0.0.1:9/{workspace['id']}"})
        await own.post("/clock/advance", {"by": "1s"})
        seen = [
            await own.get(path)
            for path in ("/messages", "/requests", "/callbacks", "/targets", "/accounts", "/clock", "/scenario")
        ]
        return json.dumps([*seen, await events_of(own)])

    first, second = await asyncio.gather(*(script(*each) for each in both))
    traces = [
        [trace for trace in (*ids_in(other), both[1 - place][0]["id"]) if trace in seen]
        for place, (seen, other) in enumerate([(first, second), (second, first)])
    ]

    assert (traces, len((await control.get("/requests"))["items"])) == ([[], []], 0)


def ids_in(seen: str) -> list[str]:
    """Return the ids of the messages in what was seen, first of all."""
    return [item["id"] for item in json.loads(seen)[0]["items"]]


async def events_of(own: Control) -> str:
    """Return what the events of a workspace bring for one more message."""
    async with own.sandbox.client.get(f"{own.base}/events", headers={"Last-Event-ID": "0.0"}) as stream:
        name = own.base.rpartition("/")[2]
        lease = own.sandbox.engine.leases[name]
        await own.sandbox.send(x_api_key=lease.keys["betatel"]["x-api-key"])
        lines = []
        async for line in stream.content:
            lines.append(line.decode())
            if line.startswith(b"event: request"):
                return "".join(lines)
    return ""


async def test_five_hundred_workspaces_stand_side_by_side(sandbox: Sandbox, control: Control) -> None:
    all_of_them = [await made(control) for _ in range(500)]
    for workspace, _ in all_of_them:
        await sandbox.send(x_api_key=workspace["keys"]["betatel"]["x-api-key"])
    advances = await asyncio.gather(*(own.post("/clock/advance", {"until": "idle"}) for _, own in all_of_them))

    assert {(advance["count"], advance["to"]) for advance in advances} == {(4, "2026-03-02T12:00:02.200Z")}


async def test_a_workspace_has_a_name_that_can_be_changed_and_removed(control: Control) -> None:
    workspace, own = await made(control, name="checkout tests")
    place = f"/workspaces/{workspace['id']}"
    names = [workspace["name"], (await own.post("/reset"))["name"]]
    for body in ({"name": "Zahlung & Ärger"}, {}, {"name": None}):
        await control.patch(place, body)
        names.append((await control.get(place))["name"])

    assert names == ["checkout tests", "checkout tests", "Zahlung & Ärger", "Zahlung & Ärger", None]


async def test_the_default_workspace_can_have_a_name_too(control: Control) -> None:
    await control.patch("/workspaces/default", {"name": "everybody"})

    assert [(each["id"], each["name"]) for each in (await control.get("/workspaces"))["items"]] == [
        ("default", "everybody")
    ]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 61])
async def test_a_name_is_one_short_line(control: Control, name: str) -> None:
    status, errors = await control.refused("POST", "/workspaces", {"name": name})

    assert (status, {at for at, _ in errors}) == (400, {"/name"})
