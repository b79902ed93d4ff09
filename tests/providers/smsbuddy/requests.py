"""Builders of SMS Buddy requests; each names only what matters to its test."""

from collections.abc import Mapping

from sandbox.core.scenario import AccountRule, Scenario
from sandbox.pipeline import Response
from tests.builders import Desk, make_world, read

SEND, JSON, STATUS = "/api/v1/sms/send", "/api/v1/sms/send/json", "/api/v1/sms/status"
CREATE, VERIFY, OTP_STATUS = "/api/v1/otp/create", "/api/v1/otp/verify", "/api/v1/otp/status"
SENDER, BALANCE = "/api/v1/senderid/create", "/api/sms/balance/check"
KEY = {"key": "k1"}
FIRST_ID = "s2aLrLVROJAfw1T38ckQlafY"  # the first reference that the seed 7 gives
MOBILE = "919800000000"

MESSAGES = {
    400: "Incomplete request - Any one of mandatory field missing",
    401: "Invalid API Key",
    406: "No Valid Numbers",
    409: "Insufficient Balance",
    412: "Invalid Sender ID",
    422: "Invalid Service Type",
    429: "Too many requests received. Your threshold value is 1000 SMS/minute. Please contact support.",
    451: (
        "Sorry, this service is allowed only between 10AM & 9PM - Monday to Sunday. Request you to kindly try "
        "scheduling the campaign during the said timings. Thank you."
    ),
}


def changed(values: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return values with some changed; None leaves one out."""
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def sms(**changes: object) -> dict[str, object]:
    """Return the parameters of a good send."""
    values = {**KEY, "type": "1", "to": "9800000000", "sender": "SMSBDY", "message": "test message"}
    return changed(values, changes)


def post(desk: Desk, **changes: object) -> Response:
    return desk.send("POST", SEND, json_body=sms(**changes))


def post_json(desk: Desk, *nodes: object, **root: object) -> Response:
    values = {**KEY, "type": "1", "sender": "SMSBDY", "message": "common test message"}
    return desk.send("POST", JSON, json_body={"root": changed(values, root), "nodes": list(nodes)})


def otp(desk: Desk, **changes: object) -> Response:
    values = {**KEY, "to": "9800000000", "sender": "SMSBDY", "message": "Your code is {#otp#}."}
    return desk.send("POST", CREATE, json_body=changed(values, changes))


def verify(desk: Desk, code: object, *, to: object = "9800000000") -> Response:
    return desk.send("POST", VERIFY, json_body={**KEY, "to": to, "otp": code})


def balance(desk: Desk, *, key: str = "k1") -> object:
    body = read(desk.send("GET", BALANCE, query={"key": key}))
    return body["data"] if isinstance(body, dict) else body


def rows(reply: Response) -> list[dict[str, object]]:
    """Return the rows of a send reply."""
    body = read(reply)
    data = body.get("data", []) if isinstance(body, dict) else []
    return [row for row in data if isinstance(row, dict)]


def row(**changes: object) -> dict[str, object]:
    """Return a row of the first send reply."""
    values = {"id": f"{FIRST_ID}-1", "mobile": MOBILE, "status": "AWAITING-DLR", "unit": 1, "length": 12, "charge": 1}
    return {**values, **changes}


def accepted(*data: dict[str, object]) -> dict[str, object]:
    """Return the send reply of rows with a unit each."""
    count = len(data)
    message = f"{count} numbers accepted for delivery."
    return {"status": "200", "charges": count, "message": message, "data": list(data)}


def refusal(reply: Response) -> tuple[int, object]:
    """Return the HTTP status and the body of an answer."""
    return reply.status, read(reply)


def refused(code: int, message: str = "") -> tuple[int, object]:
    """Return what a refusal with a code is."""
    return code, {"status": str(code), "message": message or MESSAGES[code]}


def why(reply: Response) -> str | None:
    return reply.headers.get("X-Sandbox-Why")


def settings(**values: object) -> Desk:
    """Return a desk where a scenario has these settings."""
    return Desk(make_world(Scenario("settings", settings={"smsbuddy": values})))


def account(rule: AccountRule) -> Desk:
    """Return a desk where accounts are as the rule says."""
    return Desk(make_world(Scenario("accounts", accounts={"smsbuddy": (rule,)})))
