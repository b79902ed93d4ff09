"""uBill: SMS to many numbers at a time, brands with approval, and callbacks by GET.

Quirks: a refusal is HTTP 200 with a `statusID`, except for the key, which gets 401 and plain text; top-level `statusID`
and `brandID` are integers, all other numbers are strings; `sendXml` answers XML, also for refusals.
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
    Reasons,
    find_messages,
    find_violations,
    first_refusal,
    format_local,
    make_reply,
    merge_reasons,
    read_sms_id,
    render_error,
    show,
)
from sandbox.providers.ubill.send import check_without_account, send


def read_key(values: Mapping[str, object], headers: Mapping[str, str]) -> str | None:
    """Return the API key of a request, from the query or else from the header."""
    given = values.get("key")
    return given if isinstance(given, str) and given else headers.get("key")


def authenticate(_: World, call: Call) -> Refusal | None:
    """Check the key, then whether the request can be read (this order is inferred)."""
    if call.account is None:
        problem = "no account has this key"
        if not call.key:
            problem = "is missing, and so is header.key (documented: secret API key)"
        return Refusal("unknown-key", (f"query.key: {problem}", *find_other_problems(call)))
    return Refusal("json-error", find_violations(call)) if is_unreadable(call) else None


def is_unreadable(call: Call) -> bool:
    """Return whether a part of a request cannot be read."""
    return any(each.rule == "syntax" for each in call.violations)


def find_other_problems(call: Call) -> Reasons:
    """Return what else is wrong with a request whose key is unknown."""
    sends = PROVIDER.operations.get(call.operation) is send and not is_unreadable(call)
    return merge_reasons(find_violations(call), check_without_account(call) if sends else ())


AUTHORIZED = {
    Approval.PENDING: "0",
    Approval.APPROVED: "1",
    Approval.REFUSED: "2",
}


def list_brands(_: World, call: Call) -> Outcome:
    """Return the brands of the account with their current states."""
    brands = [
        {
            "id": brand.id,
            "name": brand.name,
            "authorized": AUTHORIZED[brand.standing(call.at)],
            "createdAt": format_local(brand.created_at, call.settings),
        }
        for brand in call.owner.senders
    ]
    return make_reply(call, {"statusID": 0, "message": SUCCESS, "brands": brands})


def create_brand(_: World, call: Call) -> Outcome:
    """Add a brand that is pending until the setting `approval_delay` has passed."""
    refusal = first_refusal(CHECKS, call)
    if refusal is not None:
        return refusal
    senders = call.owner.senders
    brand_id = 1 + max((int(brand.id) for brand in senders if brand.id.isascii() and brand.id.isdecimal()), default=0)
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    brand = Sender(str(brand_id), call.text("brandName"), Approval.PENDING, call.at, approved_at)
    reply = make_reply(call, {"statusID": 0, "brandID": brand_id, "message": SUCCESS})
    return Plan(reply, changes=(call.owner._replace(senders=(*senders, brand)),))


def check_empty_name(call: Call) -> Reasons:
    """Return the reasons against an empty name."""
    return check_schema()(call) if call.text("brandName") == "" else ()


def check_schema(*rules: str) -> Callable[[Call], Reasons]:
    """Return a check for violations of some rules of the schema (default: all)."""
    return lambda call: tuple(str(each) for each in call.violations if not rules or each.rule in rules)


def check_name_taken(call: Call) -> Reasons:
    """Return the reasons against a name that a brand already has."""
    name = call.text("brandName")
    return tuple(
        f"brandName: brand {each.id} already has the name {show(name)}"
        for each in call.owner.senders
        if each.name == name
    )


def check_pending(call: Call) -> Reasons:
    """Return the reasons against a new brand while another is pending."""
    pending = [brand for brand in call.owner.senders if brand.standing(call.at) is Approval.PENDING]
    delay = "(setting: approval_delay)"
    return tuple(f"account: brand {brand.id} is still pending {delay}" for brand in pending)


# In the order of the checks (inferred): 10, 20, 30, 99, 40, 50. `authenticate` has checked 90 before.
CHECKS = (
    ("empty-name", check_empty_name),
    ("name-length", check_schema("minLength", "maxLength")),
    ("name-characters", check_schema("pattern")),
    ("general", check_schema()),
    ("brand-exists", check_name_taken),
    ("brand-pending", check_pending),
)


EVENT = "sms.delivery.updated"
KEY_LENGTH = 30  # maximum characters of the callback key that are sent


def get_report(world: World, call: Call) -> Outcome:
    """Return the current status of each number of a request, in order."""
    sms_id = call.text("smsID")
    found = [message for message in find_messages(world, sms_id) if message.account == call.owner.key]
    if not found:
        return Refusal("not-found", (f"path.smsID: this account has sent nothing with the id {show(sms_id)}",))
    result = [{"number": message.recipient, "statusID": message.provider_status} for message in found]
    return make_reply(call, {"statusID": 0, "message": SUCCESS, "result": result})


def write_callback(change: Report) -> Outgoing:
    """Return the callback of a status change: a GET with everything in its query."""
    message, step, target = change.message, change.step, change.target
    key = (target and target.key) or str(change.settings["callback_key"])
    parameters = {
        "event": EVENT,
        "key": key[:KEY_LENGTH],
        "smsID": read_sms_id(message),
        "number": message.recipient,
        "statusID": step.word,
        "date": format_local(step.at, change.settings),
    }
    parts = urlsplit(target.url if target else "")
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return Outgoing("GET", urlunsplit(parts._replace(query=query, fragment="")), {})


PROVIDER = Provider(
    name="ubill",
    operations={
        "ubill.sms.send": send,
        "ubill.sms.send_xml": send,
        "ubill.sms.report": get_report,
        "ubill.brand.list": list_brands,
        "ubill.brand.create": create_brand,
    },
    key=read_key,
    authenticate=authenticate,
    report=write_callback,
    render_error=render_error,
)
