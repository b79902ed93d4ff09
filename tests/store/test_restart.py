"""After a stop or a kill the server comes back with everything that it has answered."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sandbox.core.callback import CallbackState, Target
from sandbox.core.clock import ClockConfig, ClockMode, utc_now
from sandbox.core.errors import StoreUseError
from sandbox.core.rules import RuleCounted
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.store.restore import ScenarioTable, load_state
from tests.builders import NOON, packs
from tests.control.calls import Control
from tests.servers import (
    BARE,
    BETATEL_SMS,
    CONNECT_SMS,
    FROZEN,
    SMSBUDDY_OTP,
    SMSBUDDY_SMS,
    UBILL_SMS,
    WHATSAPP,
    Gate,
    Receiver,
    Sandbox,
    says,
)
from tests.store.restarts import Restarts

LISTS = ("messages", "requests", "callbacks", "accounts", "targets", "scenario", "clock", "workspaces")
EVERY_SMS = (BETATEL_SMS, CONNECT_SMS, WHATSAPP, UBILL_SMS, SMSBUDDY_SMS, SMSBUDDY_OTP)
ways = pytest.mark.parametrize("way", ["restart", "kill"])


async def everything(control: Control) -> dict[str, Any]:
    """Return what every list of the control API answers."""
    return {path: await control.get(f"/{path}") for path in LISTS}


async def use_everything(sandbox: Sandbox, control: Control) -> None:
    """Fill each part of a workspace's state."""
    put = await control.call("PUT", "/scenario", SCENARIO.encode())
    assert put.status == 200, put.value
    for sms in EVERY_SMS:
        await sandbox.send(sms, traceparent=f"00-{'4b' * 16}-{'b7' * 8}-01", tracestate="congo=t61rcWkgMzE")
    await sandbox.send(BETATEL_SMS.with_values(to=[5, 1e16], zz={"b": -0.0, "a": 12.50}))  # is refused
    await sandbox.send(BETATEL_SMS.with_values(text="nul \0 and half a pair \ud83d"))
    await sandbox.send(UBILL_SMS.with_values(numbers="995511194242,995511194243"))
    await sandbox.advance(timedelta(seconds=1))
    await control.call("PATCH", "/accounts/ubill/k1", {"balance": {"sms": 77}})
    await control.call("PUT", "/targets/betatel", {"url": "http://127.0.0.1:1/dlr", "key": "secret"})
    await control.call("POST", "/callbacks/1/hold")
    await sandbox.advance(timedelta(seconds=1))


SCENARIO = """
name: mine
extends: [default]
seed: 5
rules:
  - {name: twice, when: {to: "38761444555"}, then: {callbacks: {copies: 2, delay: 1h, strict: true, retries: [1s, 2m]}}}
  - {name: window, when: {provider: ubill}, then: {rate: {limit: 1, per: 1h, error: too-many-requests}}}
"""


@ways
async def test_every_list_is_what_it_was(restarts: Restarts, way: str) -> None:
    sandbox = await restarts.start()
    await use_everything(sandbox, restarts.control)
    await restarts.control.call("POST", "/workspaces", {})
    before = await everything(restarts.control)
    await getattr(restarts, way)()

    assert json.dumps(await everything(restarts.control)) == json.dumps(before)  # the order of members too


@ways
async def test_the_same_is_done_afterwards_as_without_a_stop(restarts: Restarts, way: str, sandbox: Sandbox) -> None:
    stopped = await restarts.start()
    for each, control in ((stopped, restarts.control), (sandbox, Control(sandbox))):
        await use_everything(each, control)
    stopped = await getattr(restarts, way)()
    after = []
    for each, control in ((stopped, restarts.control), (sandbox, Control(sandbox))):
        replies = [await (await each.send(sms)).read() for sms in EVERY_SMS]
        advanced = await control.call("POST", "/clock/advance", {"by": "3h"})
        after.append((replies, advanced.value, without_real_times(await everything(control))))

    assert after[0] == after[1]


def without_real_times(value: object) -> object:
    """Return a value without what differs from run to run: real durations, and the port."""
    if isinstance(value, dict):
        return {name: without_real_times(each) for name, each in value.items() if name not in {"ms", "host"}}
    return [without_real_times(each) for each in value] if isinstance(value, list) else value


@ways
async def test_what_fell_due_meanwhile_on_a_running_clock_is_done_with_its_planned_times(
    restarts: Restarts, way: str
) -> None:
    running = WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig(ClockMode.SCALED, 1_000_000))
    sandbox = await restarts.start(WorkspaceConfig(BARE, seed=7, clock_config=ClockConfig(ClockMode.FROZEN)))
    await sandbox.send(BETATEL_SMS)
    planned = sandbox.message().plan
    await sandbox.workspace.set_clock(running.clock_config or ClockConfig())
    sandbox = await getattr(restarts, way)(replace(FROZEN, clock_config=None))
    await sandbox.until(lambda: not sandbox.message().plan)

    assert sandbox.message().history[1:] == planned


async def test_a_frozen_clock_stands_where_it_stood(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await sandbox.advance(timedelta(hours=2))
    sandbox = await restarts.kill()

    assert sandbox.world.now() == NOON + timedelta(hours=2)


async def test_a_running_clock_has_gone_on(restarts: Restarts) -> None:
    real = replace(FROZEN, clock_config=ClockConfig(ClockMode.REAL))
    await restarts.start(real)
    sandbox = await restarts.restart(real)

    assert abs(sandbox.world.now() - utc_now()) < timedelta(seconds=1)


async def kill_during_attempt(restarts: Restarts, receiver: Receiver) -> Sandbox:
    """Return the sandbox that starts after a kill while the first attempt at a callback was under way."""
    gate = Gate()
    sandbox = await restarts.start()
    sandbox.set_target("betatel", receiver.url())
    receiver.answers.append(gate)
    await sandbox.send(BETATEL_SMS)
    task = asyncio.create_task(sandbox.advance(timedelta(seconds=5)))
    await gate.until(1)
    sandbox = await restarts.kill()
    task.cancel()
    return sandbox


async def test_an_attempt_that_was_under_way_is_made_again_and_marked(restarts: Restarts, receiver: Receiver) -> None:
    sandbox = await kill_during_attempt(restarts, receiver)
    await sandbox.until(lambda: sandbox.callbacks[0].state is CallbackState.DELIVERED)

    assert [(each.number, each.interrupted, each.status) for each in sandbox.attempts] == [
        (1, True, None),
        (2, False, 200),
    ]


async def test_the_order_of_a_message_holds_across_a_kill(restarts: Restarts, receiver: Receiver) -> None:
    sandbox = await kill_during_attempt(restarts, receiver)
    await sandbox.advance(timedelta(hours=1))

    assert [each.json["status"] for each in receiver.calls] == ["sent", "sent", "delivered"]


async def test_an_interrupted_attempt_takes_no_place_in_the_retry_schedule(
    restarts: Restarts, receiver: Receiver
) -> None:
    receiver.otherwise = says(500)
    sandbox = await kill_during_attempt(restarts, receiver)
    await sandbox.advance()

    assert len([each for each in sandbox.callbacks[0].attempts if not each.interrupted]) == 4  # a first and 3 retries


async def test_workspaces_come_back_with_their_keys_and_the_keys_of_deleted_ones_stay_refused(
    restarts: Restarts,
) -> None:
    await restarts.start()
    kept = (await restarts.control.call("POST", "/workspaces", {"ttl": "2h", "seed": 9})).value
    gone = (await restarts.control.call("POST", "/workspaces", {})).value
    await restarts.control.call("DELETE", f"/workspaces/{gone['id']}")
    sandbox = await restarts.kill()
    listed = await restarts.control.get("/workspaces")
    await sandbox.send(UBILL_SMS, key=kept["keys"]["ubill"]["key"])
    refused = await sandbox.send(UBILL_SMS, key=gone["keys"]["ubill"]["key"])

    assert (listed["items"][0]["keys"], listed["items"][0]["ttl"], len(listed["items"])) == (kept["keys"], 7200.0, 2)
    assert (len(sandbox.engine.worlds[kept["id"]].messages), refused.status, len(sandbox.world.messages)) == (1, 401, 0)


async def test_numbers_go_on_after_everything_was_deleted(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await sandbox.send(BETATEL_SMS)
    await sandbox.advance()
    await restarts.control.call("DELETE", "/messages")
    sandbox = await restarts.kill()
    await sandbox.send(BETATEL_SMS)
    await sandbox.advance()

    assert ([each.number for each in sandbox.world.messages.values()], [each.id for each in sandbox.callbacks]) == (
        [2],
        [3, 4],
    )


async def test_a_reset_stays_a_reset(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await sandbox.send(BETATEL_SMS)
    await restarts.control.call("POST", "/reset")
    before = await everything(restarts.control)
    await restarts.kill()

    assert await everything(restarts.control) == before


async def test_another_target_at_the_start_counts_and_the_same_one_does_not(restarts: Restarts) -> None:
    first = replace(
        FROZEN, targets={"betatel": Target("http://127.0.0.1:1/a"), "ubill": Target("http://127.0.0.1:1/u")}
    )
    other = replace(
        FROZEN, targets={"betatel": Target("http://127.0.0.1:1/b"), "ubill": Target("http://127.0.0.1:1/u")}
    )
    await restarts.start(first)
    await restarts.control.call("PUT", "/targets/ubill", {"url": "http://127.0.0.1:2/set"})
    sandbox = await restarts.restart(other)

    assert {name: each.url for name, each in sandbox.world.targets.items()} == {
        "betatel": "http://127.0.0.1:1/b",
        "ubill": "http://127.0.0.1:2/set",
    }


async def test_the_scenario_in_force_stays_unless_the_start_names_another(restarts: Restarts) -> None:
    await restarts.start()
    assert (await restarts.control.call("PUT", "/scenario", SCENARIO.encode())).status == 200
    same = (await restarts.restart()).world.scenario.name
    other = (await restarts.restart(replace(FROZEN, scenario=replace(BARE, name="other")))).world.scenario.name

    assert (same, other) == ("mine", "other")


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1)], ids=["pending", "ended"])
async def test_messages_of_a_provider_without_a_document_are_named(restarts: Restarts, later: timedelta) -> None:
    sandbox = await restarts.start()
    await sandbox.send(UBILL_SMS)
    await sandbox.advance(later)
    await restarts.stop()
    store = restarts.place.store()
    await store.open()
    others = {name: pack for name, pack in packs().items() if name != "ubill"}
    with pytest.raises(StoreUseError) as caught:
        load_state(await store.load("default"), others, ScenarioTable(others, BARE))
    await store.close()

    assert str(caught.value) == (
        "the store has messages of the provider 'ubill', which no document describes; add its folder with --specs DIR"
    )


@pytest.mark.parametrize("path", ["requests", "callbacks"])
async def test_a_row_that_cannot_be_read_is_a_503_in_words_where_it_is_asked_for(restarts: Restarts, path: str) -> None:
    sandbox = await restarts.start()
    await sandbox.send(BETATEL_SMS)
    await sandbox.advance()
    await restarts.stop()
    await restarts.place.execute("""UPDATE entities SET value = '["no row"]' WHERE kind IN ('request', 'callback')""")
    await restarts.start()
    listed = await restarts.control.call("GET", f"/{path}")

    assert (listed.status, listed.value["detail"].partition(": ")[0]) == (
        503,
        "the store has a row that this version cannot read",
    )


async def test_workspaces_of_one_scenario_share_it_after_a_restart_too(restarts: Restarts) -> None:
    await restarts.start()
    for scenario in ("duplicate-callbacks", "low-balance", "duplicate-callbacks"):
        await restarts.control.post("/workspaces", {"scenario": scenario})
    sandbox = await restarts.restart()
    kept = sorted(sandbox.engine.workspaces.values(), key=lambda each: each.number)
    _, first, other, second = [each.world.scenario for each in kept]

    assert (first.name, first is second, other.name) == ("duplicate-callbacks", True, "low-balance")


async def test_what_was_deleted_and_set_again_is_the_newest_after_a_restart_too(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    sandbox.set_target("betatel", "http://127.0.0.1:1/a")
    sandbox.set_target("ubill", "http://127.0.0.1:1/b")
    await restarts.control.get("/targets")  # is answered once these are stored
    sandbox.workspace.set_target("betatel", None)
    sandbox.set_target("betatel", "http://127.0.0.1:1/c")
    sandbox = await restarts.restart()

    assert [(name, each.url) for name, each in sandbox.world.targets.items()] == [
        ("ubill", "http://127.0.0.1:1/b"),
        ("betatel", "http://127.0.0.1:1/c"),
    ]


async def test_the_rule_count_that_was_used_last_is_evicted_last_after_a_restart_too(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    for name, count in (("a", 1), ("b", 1), ("a", 2)):
        sandbox.world.commit(RuleCounted(name, count))
        await restarts.control.get("/clock")  # is answered once that is stored
    sandbox = await restarts.restart()

    assert [*sandbox.world.rule_counts.items()] == [("b", 1), ("a", 2)]
