"""Requests to Betatel and what is read of the answers."""

import json
from collections.abc import Mapping
from datetime import timedelta

from sandbox.core.scenario import AccountRule, Scenario
from sandbox.pipeline import Response
from tests.builders import Desk, read

SMS, OTP, CONNECT = "/api/smpp/client/send", "/api/v1/connect-hub/whatsapp/otp", "/api/v1/connect-hub/sms"


WHATSAPP, WDR, BALANCE = "/api/v1/connect-hub/whatsapp", "/api/v1/connect-hub/whatsapp/wdr", "/api/billing/me/balance"


KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1"}
SENT = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}
CODE = {"to": "38761444555", "text": "482910"}
SOON = timedelta(minutes=1)
UUID_ = "ba516583-7a76-46cd-9e32-5d90c40cad3f"  # what the seed 7 gives
ULID_ = "01KJQ6PSG0TAKDSC1T882P20Y6"
SENDING = [(SMS, SENT), (OTP, CODE), (CONNECT, SENT)]
OPERATIONS = [
    ("POST", SMS, SENT),
    ("POST", OTP, CODE),
    ("POST", CONNECT, SENT),
    ("POST", WDR, {}),
    ("GET", f"{WHATSAPP}/x/wdr", None),
    ("GET", f"{CONNECT}/x/status", None),
    ("GET", f"{CONNECT}/x", None),
    ("GET", BALANCE, None),
]


def post(desk: Desk, path: str, body: Mapping[str, object], **headers: str) -> Response:
    """Send JSON; a header's underscores stand for hyphens, an empty one is left out."""
    named = KEYS | {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.send("POST", path, headers={name: value for name, value in named.items() if value}, json_body=body)


def get(desk: Desk, path: str, **headers: str) -> Response:
    named = KEYS | {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.send("GET", path, headers={name: value for name, value in named.items() if value})


def field(reply: Response, name: str) -> str:
    body = read(reply)
    assert isinstance(body, dict)
    return str(body[name])


def balance(desk: Desk) -> object:
    return json.loads(get(desk, BALANCE).body)["balance"]


def told(reply: Response) -> tuple[int, str, str]:
    return reply.status, reply.headers["Content-Type"], reply.body.decode()


def accounts(**changes: object) -> Scenario:
    return Scenario("accounts", accounts={"betatel": (AccountRule("*", **changes),)})  # type: ignore[arg-type]
