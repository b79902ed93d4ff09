"""uBill: SMS to many numbers at a time, brands with approval, GET callbacks.

Quirks: a refusal is HTTP 200 with a `statusID`, but for the key, which gets 401 as text; top-level `statusID` and
`brandID` are integers, all else that looks like a number is a string; `sendXml` answers XML, refusals too.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox.core.account import Approval, Sender
from sandbox.core.callback import Outgoing
from sandbox.core.clock import parse_duration
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Provider, Refusal, Report
from sandbox.providers.ubill.responses import (
    SUCCESS,
    Why,
    answered,
    first_refusal,
    local,
    merged,
    render_error,
    rows,
    shown,
    sms_id_of,
    told,
)
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


AUTHORIZED = {
    Approval.PENDING: "0",
    Approval.APPROVED: "1",
    Approval.REFUSED: "2",
}


def list_brands(_: World, call: Call) -> Outcome:
    """Answer the account's brands as they stand now."""
    brands = [
        {
            "id": brand.id,
            "name": brand.name,
            "authorized": AUTHORIZED[brand.standing(call.at)],
            "createdAt": local(brand.created_at, call.settings),
        }
        for brand in call.owner.senders
    ]
    return answered(call, {"statusID": 0, "message": SUCCESS, "brands": brands})


def create_brand(_: World, call: Call) -> Outcome:
    """Add a brand that is pending until the setting `approval_delay` has passed."""
    refusal = first_refusal(CHECKS, call)
    if refusal is not None:
        return refusal
    senders = call.owner.senders
    brand_id = 1 + max((int(brand.id) for brand in senders if brand.id.isascii() and brand.id.isdecimal()), default=0)
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    brand = Sender(str(brand_id), call.text("brandName"), Approval.PENDING, call.at, approved_at)
    reply = answered(call, {"statusID": 0, "brandID": brand_id, "message": SUCCESS})
    return Plan(reply, changes=(call.owner._replace(senders=(*senders, brand)),))


def empty(call: Call) -> Why:
    """Find that there is no name."""
    return broken()(call) if call.text("brandName") == "" else ()


def broken(*rules: str) -> Callable[[Call], Why]:
    """Return a check that finds breaches of these rules of the schema; without any, of all."""
    return lambda call: tuple(str(each) for each in call.violations if not rules or each.rule in rules)


def taken(call: Call) -> Why:
    """Find a brand that has the name."""
    name = call.text("brandName")
    return tuple(
        f"brandName: brand {each.id} is {shown(name)} already" for each in call.owner.senders if each.name == name
    )


def waiting(call: Call) -> Why:
    """Find a brand that is not approved yet."""
    pending = [brand for brand in call.owner.senders if brand.standing(call.at) is Approval.PENDING]
    delay = "(setting: approval_delay)"
    return tuple(f"account: brand {brand.id} is still pending {delay}" for brand in pending)


# In the order in which they are looked for (inferred): 10, 20, 30, 99, 40, 50. The gate has looked for 90 before.
CHECKS = (
    ("empty-name", empty),
    ("name-length", broken("minLength", "maxLength")),
    ("name-characters", broken("pattern")),
    ("general", broken()),
    ("brand-exists", taken),
    ("brand-pending", waiting),
)


EVENT = "sms.delivery.updated"
KEY_LENGTH = 30  # characters of the callback key that are sent


def report(world: World, call: Call) -> Outcome:
    """Answer the present status of every number of one request, in order."""
    sms_id = call.text("smsID")
    found = [message for message in rows(world, sms_id) if message.account == call.owner.key]
    if not found:
        return Refusal("not-found", (f"path.smsID: this account has sent nothing with the id {shown(sms_id)}",))
    result = [{"number": message.recipient, "statusID": message.provider_status} for message in found]
    return answered(call, {"statusID": 0, "message": SUCCESS, "result": result})


def callback(change: Report) -> Outgoing:
    """Write the callback of a status change: a GET that carries everything in its query."""
    message, step, target = change.message, change.step, change.target
    key = (target and target.key) or str(change.settings["callback_key"])
    news = {
        "event": EVENT,
        "key": key[:KEY_LENGTH],
        "smsID": sms_id_of(message),
        "number": message.recipient,
        "statusID": step.word,
        "date": local(step.at, change.settings),
    }
    parts = urlsplit(target.url if target else "")
    query = "&".join(filter(None, (parts.query, urlencode(news))))
    return Outgoing("GET", urlunsplit(parts._replace(query=query, fragment="")), {})


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
