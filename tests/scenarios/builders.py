"""Builders for tests of scenarios: a desk that follows a YAML text, and requests that name only what matters."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from sandbox.core.callback import CallbackState
from sandbox.core.errors import ScenarioError
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.pipeline import Response
from sandbox.scenarios import load_named, load_text
from tests.builders import NOON, Desk, make_world, packs

BETATEL = "38761930305"
UBILL = "995511194241"
SMSBUDDY = "919876543210"


@cache
def load(text: str) -> Scenario:
    """Return the scenario of a YAML text."""
    return load_text(text, "evening.yaml", packs=packs())


def desk(text: str, *, seed: int = 7, start: datetime = NOON) -> Desk:
    """Return a desk whose scenario is a YAML text."""
    return Desk(make_world(load(text), seed=seed, start=start))


def named(name: str, *, seed: int = 7) -> Desk:
    """Return a desk with a scenario of the library."""
    return Desk(make_world(load_named(name, packs=packs()), seed=seed))


def one_rule(when: str, then: str) -> str:
    """Return a scenario of one rule."""
    return f"rules: [{{name: the rule, when: {{{when}}}, then: {{{then}}}}}]"


def rule_desk(when: str, then: str = "error: server-error", *, start: datetime = NOON) -> Desk:
    """Return a desk with a scenario of one rule."""
    return desk(one_rule(when, then), start=start)


def betatel(
    at: Desk, to: str = BETATEL, *, key: str = "k1", headers: Mapping[str, str] | None = None, **more: str
) -> Response:
    """Send an SMS by Betatel; `sender` stands for `from`."""
    body = {"from": more.pop("sender", "FACEBOOK"), "to": to, "text": "Hello", **more}
    return at.send("POST", "/api/smpp/client/send", headers={"x-api-key": key, **(headers or {})}, json_body=body)


def whatsapp(at: Desk, to: str = BETATEL) -> Response:
    """Send a code by Betatel's WhatsApp."""
    headers = {"x-api-key": "k1", "x-account-id": "a1"}
    return at.send("POST", "/api/v1/connect-hub/whatsapp/otp", headers=headers, json_body={"to": to, "text": "482910"})


def ubill(at: Desk, *numbers: str, key: str = "k1", **more: object) -> Response:
    """Send to some numbers by uBill."""
    body = {"brandID": 1, "numbers": ",".join(numbers or (UBILL,)), "text": "message", **more}
    return at.send("POST", "/v1/sms/send", query={"key": key}, json_body=body)


def smsbuddy(at: Desk, *numbers: str, **more: object) -> Response:
    """Send to some numbers by SMS Buddy; the report goes to loopback."""
    values = {
        "key": "k1",
        "type": "1",
        "sender": "SMSBDY",
        "message": "message",
        "to": ",".join(numbers or (SMSBUDDY,)),
    }
    return at.send("POST", "/api/v1/sms/send", json_body={**values, **more})


def balance(at: Desk, *, key: str = "k1") -> Response:
    """Ask Betatel for the balance: a request that sends nothing."""
    return at.send("GET", "/api/billing/me/balance", headers={"x-api-key": key})


def rule_of(reply: Response) -> str | None:
    return reply.headers.get("X-Sandbox-Rule")


def messages(at: Desk) -> list[Message]:
    return list(at.world.messages.values())


def lives(at: Desk) -> list[list[str]]:
    """Return the statuses that each message went through, in its provider's words."""
    return [[step.word for step in message.history] for message in messages(at)]


def reports(at: Desk) -> list[tuple[str, CallbackState, int]]:
    """Return each callback: the provider's word it reports, its state, its attempts."""
    return [(each.step.word, each.state, len(each.attempts)) for each in at.world.callbacks.values()]


def times(at: Desk) -> list[float]:
    """Return when each callback was due last, in seconds since noon."""
    return [(each.due - NOON).total_seconds() for each in at.world.callbacks.values()]


def mistakes(text: str) -> list[str]:
    """Return what is wrong with a YAML text."""
    try:
        load(text)
    except ScenarioError as error:
        return [str(each) for each in error.mistakes]
    return []


def later(at: Desk, **by: float) -> None:
    """Let the clock pass."""
    at.advance(timedelta(**by))


def warnings(text: str) -> list[str]:
    """Return what a YAML text without mistakes is warned of."""
    return [str(each) for each in load(text).warnings]
