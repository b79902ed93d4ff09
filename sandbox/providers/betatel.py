"""Betatel: SMS over SMPP, SMS and WhatsApp codes over Connect Hub, and callbacks as JSON by POST.

Quirks: refusals for the key and the balance are plain text, as Express sends a string; `to` in a callback has a `+`
that the request did not have; SMS ids are UUIDs, WhatsApp ids ULIDs.
"""

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from uuid import UUID

from sandbox.core.account import spend
from sandbox.core.callback import Outgoing
from sandbox.core.clock import format_time
from sandbox.core.message import Draft, Message, Status
from sandbox.core.seeded_random import draw_text, make_ulid
from sandbox.core.world import World
from sandbox.formats.json_text import encode_json
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Call, Outcome, Plan, Provider, Refusal, Reply, Report

CURRENCY = "USD"
JSON_HEADERS = {"Content-Type": "application/json"}
IDENTITY = ("x-account-id", "x-user-id")  # WhatsApp requires the first, Connect SMS the second


def key(_: Mapping[str, object], headers: Mapping[str, str]) -> str | None:
    """Return the API key of a request."""
    return headers.get("x-api-key")


def authenticate(_: World, call: Call) -> Refusal | None:
    """Check the key, the account or user header, then the whole request (this order is inferred)."""
    why = tuple(map(str, call.violations)) if call.violations else ()
    if not call.key:
        missing = "header.x-api-key: is missing (documented: API key for authorization)"
        return Refusal("missing-key", (missing, *why))
    if call.account is None:
        return Refusal("unknown-key", ("header.x-api-key: no account has this key", *why))
    for violation in call.violations:
        if violation.name in IDENTITY:
            first = str(violation)
            return Refusal("missing-account", (first, *(each for each in why if each != first)))
    if call.violations:
        return Refusal("invalid", why, message=why[0])
    return None


def send_sms(_: World, call: Call) -> Outcome:
    """Accept one SMS."""
    reply = {"uuid": str(random_uuid(call))}
    return accept(call, reply["uuid"], reply)


def send_connect_sms(_: World, call: Call) -> Outcome:
    """Accept one SMS for Connect Hub."""
    reply = {"messageId": str(random_uuid(call)), "from": call.text("from"), "to": call.text("to")}
    return accept(call, reply["messageId"], reply, data={"user": call.headers["x-user-id"]})


def send_whatsapp(_: World, call: Call) -> Outcome:
    """Accept one WhatsApp code; its ULID has the time of the sandbox's clock, as in the documented example."""
    reply = {"uuid": make_ulid(call.at, call.draw("ulid", 10)), "to": call.text("to")}
    return accept(call, reply["uuid"], reply)


def accept(
    call: Call, message_id: str, reply: Mapping[str, object], *, data: Mapping[str, str] | None = None
) -> Outcome:
    """Return the plan for one message, or a refusal if the balance is below the price."""
    if call.channel is None:
        raise ValueError(call.operation)
    price = Decimal(str(call.settings["price"]))
    balance = call.owner.balance[CURRENCY]
    if balance < price:
        return Refusal(
            "insufficient-funds", (f"account: its balance of {balance} {CURRENCY} is below the price of {price}",)
        )
    draft = Draft(
        id=message_id,
        channel=call.channel,
        recipient=call.text("to"),
        sender=call.text("from") or None,
        text=call.text("text"),
        data=data,
    )
    return Plan(Reply(200, reply, call.type), (draft,), (spend(call.owner, CURRENCY, price),))


def random_uuid(call: Call) -> UUID:
    """Return the version 4 UUID of a call's message."""
    return UUID(bytes=call.draw("uuid", 16), version=4)


def find_message(world: World, call: Call, name: str) -> Message | Refusal:
    """Return the message of this account that a path parameter names, or a refusal."""
    message = world.message(call.text(name))
    channel = call.operation.rsplit(".", 1)[0]
    if message is None or message.account != call.owner.key or not message.operation.startswith(CHANNEL_OF[channel]):
        return Refusal("not-found", (f"path.{name}: no message of this account has the id {call.text(name)!r}",))
    return message


CHANNEL_OF = {
    "betatel.whatsapp.wdr": "betatel.whatsapp",
    "betatel.connect.sms": "betatel.connect",
}


def get_whatsapp_record(world: World, call: Call) -> Outcome:
    """Return one delivery record."""
    message = find_message(world, call, "uuid")
    return message if isinstance(message, Refusal) else Reply(200, describe_record(world, message), call.type)


def describe_record(world: World, message: Message) -> dict[str, object]:
    """Return a message as a WhatsApp delivery record."""
    arrival = next((step.at for step in message.history if step.status is Status.DELIVERED), None)
    return {
        "uuid": message.id,
        "wam_id": f"wamid.{draw_text(world.seed, message.number, 'wam', length=32)}",
        "to": message.recipient,
        "text": message.text,
        "status": message.provider_status,
        "timestamp": format_time(message.accepted_at),
        "delivery_timestamp": format_time(arrival) if arrival else None,
        "delivery_time": round((arrival - message.accepted_at).total_seconds() * 1000) if arrival else None,
        "webhook_delivered": any(world.callbacks[each].state == "delivered" for each in message.callbacks),
    }


def search_whatsapp_records(world: World, call: Call) -> Outcome:
    """Return one page of the account's delivery records, sorted and filtered."""
    size, page = int(call.text("rows_per_page") or 20), int(call.text("page") or 1)
    sort_by, direction = call.text("sort_by") or "timestamp", call.text("sort_direction") or "desc"
    wanted = call.values.get("filter")
    status = wanted.get("status") if isinstance(wanted, Mapping) else None
    rows = [
        message
        for message in world.messages_of(call.owner)
        if message.channel.name == "whatsapp" and status in {None, message.provider_status}
    ]
    records = [describe_record(world, message) for message in rows]
    records.sort(key=lambda row: str(row[sort_by] or ""), reverse=direction.lower() == "desc")
    pages = -(-len(records) // size)
    return Reply(
        200,
        {
            "page": page,
            "rows_per_page": size,
            "sort_by": sort_by,
            "sort_direction": direction,
            "total": len(records),
            "total_pages": pages,
            "has_next_page": page < pages,
            "has_previous_page": page > 1,
            "list": records[(page - 1) * size : page * size],
        },
        call.type,
    )


def get_connect_status(world: World, call: Call) -> Outcome:
    """Return the status of one SMS."""
    message = find_message(world, call, "messageId")
    if isinstance(message, Refusal):
        return message
    return Reply(
        200, {"messageId": message.id, "status": message.provider_status, "userId": message.fact("user")}, call.type
    )


def get_connect_sms(world: World, call: Call) -> Outcome:
    """Return one SMS."""
    message = find_message(world, call, "messageId")
    if isinstance(message, Refusal):
        return message
    body = {
        "messageId": message.id,
        "status": message.provider_status,
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "timestamp": format_time(message.accepted_at),
        "userId": message.fact("user"),
        "segments": segment(message.text).count,
    }
    return Reply(200, body, call.type)


def get_balance(_: World, call: Call) -> Outcome:
    """Return the balance; the key takes the place of the user id, which the request does not have."""
    left = call.owner.balance[CURRENCY]
    return Reply(
        200,
        {"userId": call.owner.key, "balance": float(left), "currency": CURRENCY, "lastUpdated": format_time(call.at)},
        call.type,
    )


def write_callback(change: Report) -> Outgoing:
    """Return the callback of a status change (documented for SMS, inferred for the rest)."""
    message, step = change.message, change.step
    body = {
        "uuid": message.id,
        "status": step.word,
        "to": "+" + message.recipient.removeprefix("+"),
        "timestamp": step.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Outgoing("POST", change.target.url if change.target else "", JSON_HEADERS, encode_json(body).decode())


PROVIDER = Provider(
    name="betatel",
    operations={
        "betatel.sms.send": send_sms,
        "betatel.whatsapp.otp": send_whatsapp,
        "betatel.whatsapp.wdr.get": get_whatsapp_record,
        "betatel.whatsapp.wdr.search": search_whatsapp_records,
        "betatel.connect.sms.send": send_connect_sms,
        "betatel.connect.sms.status": get_connect_status,
        "betatel.connect.sms.get": get_connect_sms,
        "betatel.balance": get_balance,
    },
    key=key,
    authenticate=authenticate,
    report=write_callback,
)
