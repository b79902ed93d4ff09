"""What a customer and a test do with a sandbox, as data: drawn by hypothesis, and carried out on any sandbox.

A workspace is named by its place among those that were created (0: the default one), a callback or message by a number
that leads to one of those listed. Each operation returns all that its caller sees of the answer, except for what
differs from run to run.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import ClientError
from hypothesis import strategies as st

from sandbox.core.callback import CallbackState
from sandbox.core.change import Batch
from sandbox.core.world import World
from tests.servers import (
    BETATEL_SMS,
    CONNECT_SMS,
    PATIENCE,
    SMSBUDDY_OTP,
    SMSBUDDY_SMS,
    UBILL_SMS,
    WHATSAPP,
    Sandbox,
    Sms,
)

Operation = tuple[Any, ...]  # a name of OPERATIONS, then its arguments
Answer = tuple[object, ...]

SENDS: Mapping[str, tuple[Sms, str, str]] = {  # with the parameter and the beginning of the recipient
    "betatel": (BETATEL_SMS, "to", "38761"),
    "connect": (CONNECT_SMS, "to", "38761"),
    "whatsapp": (WHATSAPP, "to", "38761"),
    "ubill": (UBILL_SMS, "numbers", "995511"),
    "smsbuddy": (SMSBUDDY_SMS, "to", "9812"),
    "otp": (SMSBUDDY_OTP, "to", "9812"),
}
REFUSED: Mapping[str, Sms] = {
    "a number": BETATEL_SMS.with_values(to=5),
    "a field": WHATSAPP.with_values(speed="high"),
    "no key": Sms(UBILL_SMS.path, UBILL_SMS.body),
    "an unknown key": Sms(UBILL_SMS.path, UBILL_SMS.body, {"key": "invalid-key"}),
    "no text": Sms(SMSBUDDY_SMS.path, {"key": "k1", "to": "9812345678"}, form=True),
    "an unknown path": Sms("/v1/sms/sent", UBILL_SMS.body, {"key": "k1"}),
    "an own text": BETATEL_SMS.with_values(text="\ud83d lone, \x00 nul, 😀, " + "long " * 400),
}
VERIFY = "/api/v1/otp/verify"
# The last digits of recipients: ordinary ones, one to which callbacks fail, and the magic ones that wait no real time.
ENDS = ("930305", "444555", "444556", "444557")
MAGIC = tuple(f"0000{each:02}" for each in (*range(10), 20, 29, 40, 42, 50, 51, 60, 62, 63))
FAILING = "444556"
SCENARIO = """
name: mine
extends: [default]
seed: 5
accounts: {ubill: {"*": {balance: {sms: 9}}}}
rules:
  - {name: twice, when: {to: "*444555"}, then: {callbacks: {copies: 2, delay: 1h, strict: true, retries: [1s, 2m]}}}
  - {name: down, when: {state: down, provider: betatel}, then: {error: server-error, set: started}}
  - {name: third, when: {every: 3, per: key}, then: {set: down}}
  - {name: window, when: {provider: ubill}, then: {rate: {limit: 2, per: 1h, error: too-many-requests}}}
  - {name: held, when: {to: "*444557", first: 2, per: to}, then: {callbacks: {hold: true}}}
  - {name: some, when: {chance: 0.3}, then: {callbacks: {order: shuffle, timeout: 2s}}}
"""
SCENARIOS: tuple[str, ...] = (
    "default",
    "duplicate-callbacks",
    "low-balance",
    "rate-limited",
    "dlt-enforced",
    "late-callbacks",
)
SCENARIOS += ("reordered-callbacks", "lost-callbacks", "carrier-outage", "maintenance-window", "lost-replies")
ACCOUNTS = (
    ("ubill", {"balance": {"sms": 3}}),
    ("ubill", {"brands": [{"id": "1", "name": "Sandbox", "state": "approved"}, {"id": "2", "name": "Shop"}]}),
    ("betatel", {"balance": {"USD": 0.12}}),
    ("smsbuddy", {"balance": {"trans": 2}, "stop_list": ["919812444555"]}),
    ("smsbuddy", {"templates": [{"id": "1", "text": "Your code is {#var#}."}]}),
    ("smsbuddy", {"balance": "much"}),
)
STATUSES = ("delivered", "undelivered", "read", "expired", "no such status")

STOPS = frozenset({"restart", "kill"})
# How often each operation is drawn, in relation to the others, and its arguments.
workspaces = st.integers(0, 2)
numbers = st.integers(0, 30)
ends = st.sampled_from(ENDS) | st.sampled_from(MAGIC)
ARGUMENTS: Mapping[str, tuple[int, tuple[st.SearchStrategy[Any], ...]]] = {
    "send": (12, (workspaces, st.sampled_from(sorted(SENDS)), st.lists(ends, min_size=1, max_size=2))),
    "refused": (2, (workspaces, st.sampled_from(sorted(REFUSED)))),
    "check": (2, (workspaces, ends, st.booleans())),
    "scenario": (2, (workspaces, st.sampled_from(["mine", "wrong", *SCENARIOS]))),
    "account": (2, (workspaces, st.sampled_from(ACCOUNTS))),
    "callback": (6, (workspaces, numbers, st.sampled_from(["hold", "release", "fire", "cancel", "replay"]))),
    "move": (3, (workspaces, numbers, st.sampled_from(STATUSES))),
    "delete": (1, (workspaces, st.none() | ends)),
    "target": (3, (workspaces, st.sampled_from(["betatel", "ubill", "smsbuddy"]), st.sampled_from("rrcn"))),
    "freeze": (1, (workspaces,)),
    "reset": (1, (workspaces,)),
    "create": (1, (st.sampled_from([None, "duplicate-callbacks"]),)),
    "drop": (1, (workspaces,)),
    "advance": (6, (workspaces, st.sampled_from([{"by": "1s"}, {"by": "5m"}, {"by": "2h"}, {"until": "idle"}]))),
    **dict.fromkeys(sorted(STOPS), (2, ())),
}


def draw_operation(name: str) -> st.SearchStrategy[Operation]:
    """Return what draws the arguments of an operation."""
    return st.tuples(st.just(name), *ARGUMENTS[name][1])


operations = st.sampled_from([name for name, (weight, _) in ARGUMENTS.items() for _ in range(weight)]).flatmap(
    draw_operation
)


class Player:
    """Carries operations out on one sandbox, which `sandbox` is replaced with another after each restart."""

    def __init__(self, sandbox: Sandbox, *, receiver: str) -> None:
        self.sandbox = sandbox
        self._receiver = receiver
        self._created: list[tuple[str, Mapping[str, Any]]] = []

    async def play(self, operation: Operation) -> Answer:
        """Carry an operation out, and what it makes due; return the answer."""
        name, *arguments = operation
        answer = await OPERATIONS[name](self, *arguments)
        await self._settle()
        return answer

    async def lists(self) -> dict[str, Answer]:
        """Return everything that the control API tells of every workspace."""
        bases = ["", *(f"/workspaces/{name}" for name, _ in self._created)]
        paths = [f"{base}/{each}" for base in bases for each in LISTS]
        return {path: await self._control("GET", path) for path in ["/workspaces", *paths]}

    async def _settle(self) -> None:
        """Wait until nothing is under way, and nothing due at this instant."""
        for workspace in self.sandbox.engine.workspaces.values():
            await until_still(workspace.world)

    async def _request(self, method: str, path: str, **content: Any) -> Answer:  # noqa: ANN401 - as aiohttp has it
        """Return the answer to a request: status, body and the sandbox's own headers."""
        with suppress(ClientError):
            async with self.sandbox.client.request(method, path, **content) as reply:
                body = await reply.read()
                headers = {each: value for each, value in reply.headers.items() if each.startswith("X-Sandbox")}
                return reply.status, body, headers
        return ("no answer",)

    async def _control(self, method: str, path: str, body: object = None) -> Answer:
        """Return the answer of the control API, without real durations and the port."""
        content: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body} if body else {}
        status, text, headers = await self._request(method, f"/_sandbox{path}", **content)
        return status, without_real_times(json.loads(text or "null")), headers  # type: ignore[arg-type]

    def _base(self, workspace: int) -> str:
        """Return the path of a workspace below the control API: of the default one if there are fewer."""
        return f"/workspaces/{self._created[workspace - 1][0]}" if 0 < workspace <= len(self._created) else ""

    def _keyed(self, workspace: int, sms: Sms, provider: str) -> Sms:
        """Return a request with the keys of a workspace."""
        if not 0 < workspace <= len(self._created):
            return sms
        keys = self._created[workspace - 1][1][provider]
        return sms.with_values(**keys) if sms.form else Sms(sms.path, sms.body, {**sms.headers, **keys}, sms.form)

    async def _listed(self, workspace: int, kind: str, number: int) -> object:
        """Return the id of a message or callback that exists, if one does."""
        listed = await self._control("GET", f"{self._base(workspace)}/{kind}")
        items = listed[1]["items"]  # type: ignore[index]
        return items[number % len(items)]["id"] if items else "latest"

    async def _send(self, workspace: int, name: str, endings: list[str]) -> Answer:
        sms, field, begin = SENDS[name]
        recipients = [begin + each for each in (endings if name == "ubill" else endings[:1])]
        provider = name if name == "ubill" else "smsbuddy" if sms.form else "betatel"
        return await self._post(self._keyed(workspace, sms.with_values(**{field: ",".join(recipients)}), provider))

    async def _post(self, sms: Sms) -> Answer:
        content: dict[str, Any] = {"data": sms.body} if sms.form else {"json": sms.body}
        return await self._request("POST", sms.path, headers=sms.headers, **content)

    async def _refused(self, workspace: int, name: str) -> Answer:
        provider = {"/v1": "ubill", "/ap": "betatel"}[REFUSED[name].path[:3]]
        sms = REFUSED[name]
        return await self._post(sms if "key" in name or sms.form else self._keyed(workspace, sms, provider))

    async def _check(self, workspace: int, end: str, right: bool) -> Answer:  # noqa: FBT001 - as it is drawn
        mobile = f"9812{end}"
        found = await self._control("GET", f"{self._base(workspace)}/otp?to={mobile}")
        code = found[1]["code"] if right and found[0] == 200 else "000000"  # type: ignore[index]
        verify = Sms(VERIFY, {"key": "k1", "to": mobile, "otp": code}, form=True)
        return found, await self._post(self._keyed(workspace, verify, "smsbuddy"))

    async def _scenario(self, workspace: int, name: str) -> Answer:
        body: object = {"use": name}
        if name in {"mine", "wrong"}:
            body = SCENARIO.replace("set:", "sets:" if name == "wrong" else "set:").encode()
        return await self._control("PUT", f"{self._base(workspace)}/scenario", body)

    async def _account(self, workspace: int, change: tuple[str, object]) -> Answer:
        provider, body = change
        key = "k1"
        if 0 < workspace <= len(self._created):
            key = next(iter(self._created[workspace - 1][1][provider].values()))
        return await self._control("PATCH", f"{self._base(workspace)}/accounts/{provider}/{key}", body)

    async def _callback(self, workspace: int, number: int, action: str) -> Answer:
        name = await self._listed(workspace, "callbacks", number)
        status, value, headers = await self._control("POST", f"{self._base(workspace)}/callbacks/{name}/{action}")
        return (status, headers) if action in {"fire", "replay"} else (status, value, headers)  # may be sent by now

    async def _move(self, workspace: int, number: int, status: str) -> Answer:
        name = await self._listed(workspace, "messages", number)
        return await self._control("POST", f"{self._base(workspace)}/messages/{name}/status", {"status": status})

    async def _delete(self, workspace: int, end: str | None) -> Answer:
        query = "" if end is None else f"?to=38761{end}"
        return await self._control("DELETE", f"{self._base(workspace)}/messages{query}")

    async def _target(self, workspace: int, provider: str, kind: str) -> Answer:
        path = f"{self._base(workspace)}/targets/{provider}"
        if kind == "n":
            return await self._control("DELETE", path)
        closed = "http://127.0.0.1:1/closed"
        return await self._control("PUT", path, {"url": self._receiver if kind == "r" else closed, "key": "secret"})

    async def _advance(self, workspace: int, goal: Mapping[str, str]) -> Answer:
        status, value, headers = await self._control("POST", f"{self._base(workspace)}/clock/advance", goal)
        if isinstance(value, dict) and "items" in value:  # attempts at one instant end in any order
            value["items"].sort(key=lambda each: json.dumps(each, sort_keys=True))
        return status, value, headers

    async def _freeze(self, workspace: int) -> Answer:
        return await self._control("PUT", f"{self._base(workspace)}/clock", {"mode": "frozen"})

    async def _reset(self, workspace: int) -> Answer:
        return await self._control("POST", f"{self._base(workspace)}/reset")

    async def _create(self, scenario: str | None) -> Answer:
        if len(self._created) == 2:
            return ()
        body = {"ttl": "2h", "seed": len(self._created), **({} if scenario is None else {"scenario": scenario})}
        answer = await self._control("POST", "/workspaces", body)
        value: Any = answer[1]
        if answer[0] == 201:
            self._created.append((value["id"], value["keys"]))
        return answer

    async def _drop(self, workspace: int) -> Answer:
        if not 0 < workspace <= len(self._created):
            return ()
        name, _ = self._created.pop(workspace - 1)
        return await self._control("DELETE", f"/workspaces/{name}")


OPERATIONS: Mapping[str, Callable[..., Awaitable[Answer]]] = {
    "send": Player._send,  # noqa: SLF001 - this table is part of the class
    "refused": Player._refused,  # noqa: SLF001
    "check": Player._check,  # noqa: SLF001
    "scenario": Player._scenario,  # noqa: SLF001
    "account": Player._account,  # noqa: SLF001
    "callback": Player._callback,  # noqa: SLF001
    "move": Player._move,  # noqa: SLF001
    "delete": Player._delete,  # noqa: SLF001
    "target": Player._target,  # noqa: SLF001
    "advance": Player._advance,  # noqa: SLF001
    "freeze": Player._freeze,  # noqa: SLF001
    "reset": Player._reset,  # noqa: SLF001
    "create": Player._create,  # noqa: SLF001
    "drop": Player._drop,  # noqa: SLF001
}
LISTS = ("messages", "requests", "callbacks", "accounts", "targets", "scenario", "clock")


async def until_still(world: World) -> None:
    """Wait until no attempt of a workspace is under way, and nothing due."""
    changed = asyncio.Event()

    def on_batch(_: Batch) -> None:
        changed.set()

    world.batch_subscribers.append(on_batch)
    async with asyncio.timeout(PATIENCE):
        while not is_still(world):
            await changed.wait()
            changed.clear()
    world.batch_subscribers.remove(on_batch)


def is_still(world: World) -> bool:
    """Return whether no attempt of a workspace is under way, and nothing due."""
    due = world.agenda.first()
    sending = any(each.state is CallbackState.SENDING for each in world.callbacks.values())
    return not sending and (due is None or due.at > world.now())


def without_real_times(value: object) -> object:
    """Return a value without what differs from run to run: real durations, and the port."""
    if isinstance(value, dict):
        return {name: without_real_times(each) for name, each in value.items() if name not in {"ms", "host"}}
    return [without_real_times(each) for each in value] if isinstance(value, list) else value
