"""The operations that send, in each way in which they can be asked, and what a refusal must not leave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

import pytest

from sandbox.core.world import World
from sandbox.pipeline import Response
from sandbox.specs.body_parsing import FORM, Request
from tests.builders import Desk, respond
from tests.conformance import reply_problems

JSON, XML = "application/json", "application/xml"


Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sender:
    """An operation that sends, asked in one of its ways; `to`, `text` and `sender` are its own words."""

    name: str
    method: str
    path: str
    kind: str
    good: Values
    to: str
    text: str
    sender: str | None
    headers: Mapping[str, str]
    query: Mapping[str, str]

    def request(self, values: Values) -> Request:
        """Return a request with these values in place of the good ones."""
        if self.kind == "query":
            return self.raw(b"", query={**self.query, **values})
        if self.kind == FORM:
            return self.raw(urlencode(values, doseq=True).encode())
        return self.raw(xml(values) if self.kind == XML else json.dumps(values).encode())

    def raw(self, body: bytes, *, kind: str | None = None, query: Values | str | None = None) -> Request:
        """Return a request with this body, whatever it is."""
        given = self.kind if kind is None else kind
        headers = {**self.headers, **({"content-type": given} if given and given != "query" else {})}
        text = query if isinstance(query, str) else urlencode(self.query if query is None else query, doseq=True)
        return Request(self.method, self.path, text, headers, body)

    def changed(self, **changes: object) -> Values:
        """Return the good values, some of them changed; those of a JSON send change in its first node."""
        if "nodes" in self.good:
            root, nodes = self.good["root"], self.good["nodes"]
            assert isinstance(nodes, list)
            return {"root": root, "nodes": [{**nodes[0], **changes}, *nodes[1:]]}
        return {**self.good, **changes}


def xml(values: Values) -> bytes:
    children = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f"<request>{children}</request>".encode()


SMS = {"from": "ACME", "to": "38761930305", "text": "hello"}
CODE = {"to": "38761444555", "text": "482910"}
UBILL = {"brandID": "1", "numbers": "995511194242", "text": "hello"}
BUDDY = {"key": "k1", "type": "1", "to": "9812345678", "sender": "SMSBDY", "message": "hello"}
ROOT = {"key": "k1", "type": "1", "sender": "SMSBDY", "message": "hello"}
OTP = {"key": "k1", "to": "9812345678", "sender": "SMSBDY", "message": "Your code is {#otp#}."}
KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1"}


def sender(name: str, method: str, path: str, kind: str, good: Values, **rest: object) -> Sender:
    provider = name.partition(".")[0]
    return Sender(name, method, path, kind, good, **{**OWN[provider], **rest})  # type: ignore[arg-type]


OWN: Mapping[str, Values] = {
    "betatel": {"to": "to", "text": "text", "sender": "from", "headers": KEYS, "query": {}},
    "ubill": {"to": "numbers", "text": "text", "sender": None, "headers": {}, "query": {"key": "k1"}},
    "smsbuddy": {"to": "to", "text": "message", "sender": "sender", "headers": {}, "query": {}},
}
SENDERS = [
    sender("betatel.sms.send", "POST", "/api/smpp/client/send", JSON, SMS),
    sender("betatel.connect.sms.send", "POST", "/api/v1/connect-hub/sms", JSON, SMS),
    sender("betatel.whatsapp.otp", "POST", "/api/v1/connect-hub/whatsapp/otp", JSON, CODE, sender=None),
    sender("ubill.sms.send", "GET", "/v1/sms/send", "query", UBILL),
    sender("ubill.sms.send", "POST", "/v1/sms/send", JSON, UBILL),
    sender("ubill.sms.send", "POST", "/v1/sms/send", FORM, UBILL),
    sender("ubill.sms.send_xml", "POST", "/v1/sms/sendXml", XML, UBILL),
    sender("smsbuddy.sms.send", "GET", "/api/v1/sms/send", "query", BUDDY),
    sender("smsbuddy.sms.send", "POST", "/api/v1/sms/send", FORM, BUDDY),
    sender("smsbuddy.sms.send", "POST", "/api/sms/send", JSON, BUDDY),
    sender(
        "smsbuddy.sms.send_json", "POST", "/api/v1/sms/send/json", JSON, {"root": ROOT, "nodes": [{"to": "9812345678"}]}
    ),
    sender("smsbuddy.otp.create", "POST", "/api/v1/otp/create", FORM, OTP),
    sender("smsbuddy.otp.create", "POST", "/api/otp/create", JSON, OTP),
    sender("smsbuddy.otp.create", "GET", "/api/otp/create", "query", OTP),
]


def label(way: Sender) -> str:
    return f"{way.name}-{way.method}-{way.kind.rpartition('/')[2]}"


def ways(*kinds: str) -> list[object]:
    """Return the senders that can be asked in one of these ways; all when none is named."""
    return [pytest.param(way, id=label(way)) for way in SENDERS if not kinds or way.kind in kinds]


def ask(desk: Desk, request: Request) -> Response:
    return respond(desk.world, request)


def traces(world: World) -> list[object]:
    """Return what a refused request must not leave: anything but its entry in the journal."""
    kept = (world.messages, world.accounts, world.callbacks, world.otps, world.windows)
    return [*filter(None, kept), *world.agenda, *(each for each in world.requests.values() if not each.refused)]


def faults(desk: Desk, request: Request) -> list[object]:
    """Return all that is wrong with the way in which a request is refused."""
    reply = ask(desk, request)
    why = reply.headers.get("X-Sandbox-Why", "")
    return [
        *reply_problems(reply, request.method, request.path),
        *(["not refused"] if not why.isascii() or not unquote(why, errors="strict").strip() else []),
        *(["a header too long"] if len(why) > 2048 else []),
        *(["a server error"] if reply.status >= 500 else []),
        *traces(desk.world),
    ]
