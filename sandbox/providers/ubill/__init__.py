"""uBill: SMS to many numbers at a time, brands with approval, GET callbacks.

Quirks: a refusal is HTTP 200 with a `statusID`, but for the key, which gets 401 as text; top-level `statusID` and
`brandID` are integers, all else that looks like a number is a string; `sendXml` answers XML, refusals too.
"""

from collections.abc import Mapping

from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Provider, Refusal
from sandbox.providers.ubill.brands import create_brand, list_brands
from sandbox.providers.ubill.delivery_reports import callback, report
from sandbox.providers.ubill.responses import SUCCESS, Why, answered, merged, render_error, told
from sandbox.providers.ubill.send import PURSE, beyond_gate, send


def key(values: Mapping[str, object], headers: Mapping[str, str]) -> str | None:
    """Return the API key of a request: that of the query, or else that of the header."""
    given = values.get("key")
    return given if isinstance(given, str) and given else headers.get("key")


def authenticate(_: World, call: Call) -> Refusal | None:
    """Check the key, then whether the request can be read (this order is inferred)."""
    if call.account is None:
        problem = "no account has this key"
        if not call.key:
            problem = "is missing, and so is header.key (documented: secret API key)"
        return Refusal("unknown-key", (f"query.key: {problem}", *beyond_key(call)))
    return Refusal("json-error", told(call)) if unreadable(call) else None


def unreadable(call: Call) -> bool:
    """Tell whether a part of a request could not be read."""
    return any(each.rule == "syntax" for each in call.violations)


def beyond_key(call: Call) -> Why:
    """Return what else is wrong with a request whose key is nobody's."""
    sends = PROVIDER.operations[call.operation] is send and not unreadable(call)
    return merged(told(call), beyond_gate(call) if sends else ())


def balance(_: World, call: Call) -> Outcome:
    """Answer how many SMS are left."""
    return answered(call, {"statusID": 0, "message": SUCCESS, "sms": str(int(call.owner.balance[PURSE]))})


PROVIDER = Provider(
    name="ubill",
    operations={
        "ubill.sms.send": send,
        "ubill.sms.send_xml": send,
        "ubill.sms.report": report,
        "ubill.sms.balance": balance,
        "ubill.brand.list": list_brands,
        "ubill.brand.create": create_brand,
    },
    key=key,
    authenticate=authenticate,
    report=callback,
    render_error=render_error,
)
