"""A workspace is saved as a file, and loaded into any other: everything is as it was, and goes on."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

from sandbox.core.callback import CallbackState
from sandbox.core.clock import utc_now
from sandbox.docs.site import FOLDER
from sandbox.store.row_shapes import SHAPES
from sandbox.store.state_reader import HEADER
from tests.builders import NOON
from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, Gate, Receiver, Sandbox, make_sandbox
from tests.store.restarts import Restarts
from tests.store.saved import Line, edited, lines_of, load, save
from tests.store.test_restart import everything, use_everything, without_real_times

OF_SERVER = "workspaces"  # the list that has what a server keeps of a workspace


async def lists(control: Control) -> dict[str, Any]:
    """Return what every list of a workspace answers."""
    found = await everything(control)
    (workspace,) = found.pop(OF_SERVER)["items"]
    return {**found, "seed": workspace["seed"]}


def as_masked(found: object) -> str:
    """Return what was read as JSON, with the stand-ins of credentials as the API shows the credentials."""
    return re.sub(r"…\d+", "…", json.dumps(found, ensure_ascii=False))


def rows_of(file: bytes) -> list[Line]:
    """Return the rows of a file without what each workspace has of its own: when it was saved, and how it counts."""
    own = {"real", "batches"}
    return [
        {**line, "value": {name: each for name, each in line["value"].items() if name not in own}}
        for line in lines_of(file)[1:]
    ]


def test_the_page_describes_every_kind_of_line() -> None:
    page = (FOLDER / "saved-states.md").read_text(encoding="utf-8")
    header, *rows = [json.loads(line) for line in re.findall(r"^\{.*\}$", page, re.MULTILINE)]
    HEADER(header, "header")
    for row in rows:
        SHAPES[row["kind"]](row["value"], row["kind"])

    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(SHAPES)


async def test_every_list_is_the_same_after_a_round_through_each_store(sandbox: Sandbox, restarts: Restarts) -> None:
    await use_everything(sandbox, Control(sandbox))
    before = await lists(Control(sandbox))
    file = await save(sandbox, keys="true")
    loaded = await load(await restarts.start(), file)
    in_store = await lists(restarts.control)
    again = await save(await restarts.restart(), keys="true")
    other = await make_sandbox()
    await load(other, again)
    in_memory = await lists(Control(other))
    await other.client.close()

    assert (loaded[0], in_store, in_memory) == (200, before, before)
    assert rows_of(again) == rows_of(file)


async def test_the_same_follows_as_in_the_workspace_that_was_saved(sandbox: Sandbox, restarts: Restarts) -> None:
    await use_everything(sandbox, Control(sandbox))
    other = await restarts.start()
    await load(other, await save(sandbox, keys="true"))
    results = []
    for control in (Control(sandbox), Control(other)):
        replies = [await (await control.sandbox.send(sms)).text() for sms in (BETATEL_SMS, UBILL_SMS, SMSBUDDY_SMS)]
        advance = await control.post("/clock/advance", {"by": "2h"})
        results.append((replies, without_real_times(advance), without_real_times(await lists(control))))

    assert results[0] == results[1]


async def test_what_is_loaded_is_in_the_store_after_a_kill_as_is_what_came_later(
    sandbox: Sandbox, restarts: Restarts
) -> None:
    await use_everything(sandbox, Control(sandbox))
    await restarts.start()
    await load(await restarts.restart(), await save(sandbox, keys="true"))
    other = await restarts.kill()
    await load(other, await save(sandbox, keys="true"))
    await other.send()
    await Control(other).delete("/messages", to=BETATEL_SMS.body["to"])  # type: ignore[arg-type]
    before = await lists(restarts.control)
    await restarts.kill()

    assert await lists(restarts.control) == before


async def test_messages_are_related_to_accounts_without_their_keys(sandbox: Sandbox) -> None:
    key = "a-key-that-must-not-leak"
    for given in (key, "a-key-like-it"):
        await sandbox.send(BETATEL_SMS, x_api_key=given)
    await sandbox.send(SMSBUDDY_SMS.with_values(key=key))
    await sandbox.send(BETATEL_SMS.with_values(to=5), x_api_key=key)
    before = await lists(Control(sandbox))
    file = await save(sandbox)
    await load(sandbox, file)
    after = await lists(Control(sandbox))
    rows = lines_of(file)
    accounts = [(row["value"]["provider"], row["value"]["account"]) for row in rows if row.get("kind") == "message"]

    assert key not in json.dumps(rows, ensure_ascii=False)
    assert accounts == [("betatel", "a-…1"), ("betatel", "a-…2"), ("smsbuddy", "a-…1")]
    assert rows[0]["keys"] == "masked"
    assert [each["key"] for each in after["accounts"]["items"]] == ["a-…1", "a-…2", "a-…1"]
    assert as_masked({name: after[name] for name in ("messages", "accounts", "callbacks")}) == as_masked(
        {name: before[name] for name in ("messages", "accounts", "callbacks")}
    )
    assert as_masked([each["headers"] for each in after["requests"]["items"]]) == as_masked(
        [each["headers"] for each in before["requests"]["items"]]
    )
    assert [each["body"] for each in after["requests"]["items"] if each["provider"] == "smsbuddy"] == [
        "key=a-%E2%80%A61&type=1&to=9812345678&sender=SMSBDY&message=test+message"
    ]


async def test_secrets_of_callbacks_are_masked(sandbox: Sandbox, receiver: Receiver) -> None:
    secret = "the-secret-of-the-receiver"
    await Control(sandbox).put("/targets/ubill", {"url": receiver.url("/dlr?token=another-secret"), "key": secret})
    await sandbox.send(UBILL_SMS)
    await sandbox.advance()
    file = await save(sandbox)
    text = json.dumps(lines_of(file))
    kept = json.dumps(lines_of(await save(sandbox, keys="true")))

    assert [(each in text, each in kept) for each in (secret, "another-secret")] == [(False, True)] * 2
    assert (await load(sandbox, file))[0] == 200


async def test_keys_of_a_workspace_are_not_in_its_file(sandbox: Sandbox) -> None:
    made = await Control(sandbox).post("/workspaces", {})
    keys = made["keys"]["betatel"]
    await sandbox.send(BETATEL_SMS, x_api_key=keys["x-api-key"])
    base = f"/_sandbox/workspaces/{made['id']}"
    text = json.dumps(lines_of(await save(sandbox, base=base)))
    listed = await Control(sandbox, base=base).get("/messages")
    await load(sandbox, await save(sandbox, base=base), base=base)
    shown = await Control(sandbox).get(f"/workspaces/{made['id']}")

    assert [each for each in keys.values() if each in text] == []
    assert len(listed["items"]) == 1
    assert (shown["keys"], shown["ttl"]) == (made["keys"], made["ttl"])


async def test_an_attempt_under_way_is_made_again_where_it_is_loaded(
    sandbox: Sandbox, receiver: Receiver, restarts: Restarts
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(timedelta(seconds=1)))
    await gate.until(waiting=1)
    other = await restarts.start()
    await load(other, await save(sandbox, keys="true"))
    gate.open()
    await advance
    await other.advance()

    assert [(each.interrupted, each.status) for each in other.callbacks[0].attempts] == [(True, None), (False, 200)]
    assert [each.state for each in other.callbacks] == [CallbackState.DELIVERED] * len(other.callbacks)


async def test_what_waits_ends_in_the_words_of_a_load(sandbox: Sandbox) -> None:
    file = await save(sandbox)
    waiting = await begun(sandbox.world, Control(sandbox).refused("GET", "/otp", to="387", wait="10s"))
    await load(sandbox, file)

    assert await waiting == (409, [("", "the workspace default was replaced by a saved state while this call waited")])


async def test_the_event_stream_tells_of_a_load_as_of_a_reset(sandbox: Sandbox) -> None:
    await sandbox.send()
    file = await save(sandbox)
    await sandbox.advance()
    async with sandbox.client.get("/_sandbox/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await load(sandbox, file)
        first = await stream.content.readuntil(b"\n\n")
        await Control(sandbox).post("/messages/latest/status", {"status": "sent"})
        second = await stream.content.readuntil(b"\n\n")

    assert (b'"reset":true' in first, second.split(b"\n")[1]) == (True, b"event: status")


async def test_a_running_clock_has_gone_on_since_the_state_was_saved(sandbox: Sandbox) -> None:
    await sandbox.send()

    def run_since_an_hour(line: Line) -> None:
        real = (utc_now() - timedelta(hours=1)).isoformat()
        line["value"] |= {"mode": "real", "rate": 1.0, "real": real}

    await load(sandbox, edited(await save(sandbox), "clock", run_since_an_hour))

    await sandbox.until(lambda: not sandbox.message().plan)
    assert sandbox.message().history[-1].at < NOON + timedelta(minutes=1)
    assert timedelta(hours=1) <= sandbox.world.now() - NOON < timedelta(hours=1, minutes=1)


async def test_a_reset_after_a_load_begins_as_the_workspace_did(sandbox: Sandbox) -> None:
    def other_seed(line: Line) -> None:
        line["value"]["seed"] = 99

    await sandbox.send()
    await load(sandbox, edited(await save(sandbox), "counters", other_seed))
    loaded = sandbox.world.seed
    await sandbox.reset()

    assert (loaded, sandbox.world.seed, len(sandbox.world.messages)) == (99, 7, 0)


async def test_a_state_is_named_after_its_workspace(sandbox: Sandbox) -> None:
    reply = await sandbox.client.get("/_sandbox/state")
    head = await sandbox.client.head("/_sandbox/state")
    name = reply.headers["Content-Disposition"]

    assert (reply.content_type, head.status, await head.read()) == ("application/gzip", 200, b"")
    assert re.fullmatch(r'attachment; filename="sms-sandbox-default-\d{8}T\d{6}Z\.jsonl\.gz"', name)
