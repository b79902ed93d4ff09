"""Builders of uBill requests; each names only what matters to its test."""

from sandbox.core.scenario import AccountRule, Scenario
from sandbox.pipeline import Response
from tests.builders import Desk, read

SEND, XML, REPORT = "/v1/sms/send", "/v1/sms/sendXml", "/v1/sms/report"
BALANCE, BRANDS, CREATE = "/v1/sms/balance", "/v1/sms/brandNames", "/v1/sms/brandNameCreate"
KEY = {"key": "k1"}
ONE, TWO = "995511194241", "995511194242"
FIRST_ID = "53411481"  # the first smsID that the seed 7 gives
ACCEPTED = {"statusID": 0, "smsID": FIRST_ID, "message": "Success"}


def sms(**changes: object) -> dict[str, object]:
    """Return the parameters of a good request with some changed; None leaves one out."""
    values = {"brandID": 1, "numbers": TWO, "text": "message", **changes}
    return {name: value for name, value in values.items() if value is not None}


def post(desk: Desk, **changes: object) -> Response:
    return desk.send("POST", SEND, query=KEY, json_body=sms(**changes))


def post_xml(desk: Desk, body: str) -> Response:
    return desk.send("POST", XML, query=KEY, headers={"Content-Type": "application/xml"}, body=body.encode())


def report(desk: Desk, sms_id: str = FIRST_ID, *, key: str = "k1") -> object:
    return read(desk.send("GET", f"{REPORT}/{sms_id}", query={"key": key}))


def balance(desk: Desk) -> object:
    return read(desk.send("GET", BALANCE, query=KEY))


def rows(*pairs: tuple[str, str]) -> dict[str, object]:
    """Return the report that lists these numbers and statuses."""
    result = [{"number": number, "statusID": status} for number, status in pairs]
    return {"statusID": 0, "message": "Success", "result": result}


def status_id(reply: Response) -> object:
    body = read(reply)
    return body["statusID"] if isinstance(body, dict) else None


def recipients(desk: Desk) -> list[str]:
    return [message.recipient for message in desk.world.messages.values()]


def accounts(rule: AccountRule) -> Scenario:
    """Return a scenario whose uBill accounts are as the rule says."""
    return Scenario("accounts", accounts={"ubill": (rule,)})


STOPPED = accounts(AccountRule("*", stop_list=frozenset({"+995 511 19-42-41"})))
