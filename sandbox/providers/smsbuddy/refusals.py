"""What a send may be refused for once it can be read and its key is known, each check naming what would be right."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import NamedTuple

from sandbox.core.account import Account, Approval, RateWindow, spend
from sandbox.core.clock import format_time
from sandbox.core.world import World
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply
from sandbox.providers.base import render_error as render_example
from sandbox.providers.smsbuddy.parameters import (
    BLANK,
    OFF,
    SHOWN,
    UnfitError,
    find_mobile,
    given,
    may_promote,
    read_dlr_url,
    read_schedule,
    why_no_mobile,
)
from sandbox.specs.types import show

SEND, SEND_JSON = "smsbuddy.sms.send", "smsbuddy.sms.send_json"
MANDATORY = ("type", "sender", "message")  # of a JSON send, in a node or its root
ROOT_ALONE = (
    "key",
    "dlr_url",
    "time",
    "schedule",
)  # published of the parent platform, `schedule` as it goes with `time`


class Row(NamedTuple):
    """One text to one number. `place` comes before a parameter's name; `facts` are remembered of its message."""

    place: str
    service: str
    sender: str
    number: str
    text: str
    template_id: str
    facts: Mapping[str, str]
    due: datetime | None = None
    code: str | None = None


def asks_for_result(call: Call) -> bool:
    """Whether a call is a GET with an id and no recipient; the schema of a POST lets no such call through."""
    return "id" in call.values and "to" not in call.values


def flat_rows(call: Call) -> list[Row]:
    """Return the rows of a flat send: the same text to each number."""
    row = make_row(call.values, place="", facts=facts(call.values), due=read_schedule(call.values, call))
    numbers = (number.strip(BLANK) for number in row.number.split(","))
    return [row._replace(number=number) for number in numbers if number] or [row]


def json_rows(call: Call) -> list[Row]:
    """Return the rows of a JSON send: each node over the root."""
    due = read_schedule(filled(call.values["root"]), call)
    return [
        make_row(node, place=place, facts={**facts(node), "refid": given(node, "refid")}, due=due)
        for place, node in nodes(call)
    ]


def likely_rows(call: Call) -> list[Row]:
    """Return what a request asks for that is refused as it stands, as far as that can be told.

    The numbers of a flat send stay together in one row.
    """
    if call.operation != SEND_JSON:
        return [make_row(call.values, place="", facts={}, due=None)]
    whole = isinstance(call.values.get("root"), dict) and isinstance(call.values.get("nodes"), list)
    return [make_row(node, place=place, facts={}, due=None) for place, node in nodes(call)] if whole else []


def asked_for(call: Call, rows: Sequence[Row]) -> int:
    """Return how many numbers a send was given, empty ones too."""
    return given(call.values, "to").count(",") + 1 if call.operation == SEND else len(rows)


def recipients(call: Call, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield the place of each number that a send was given, and the number; a flat send parts them by commas."""
    if call.operation == SEND:
        texts = given(call.values, "to").split(",")
        yield from ((f"to[{place}]" if len(texts) > 1 else "to", text.strip(BLANK)) for place, text in enumerate(texts))
    else:
        yield from ((f"{row.place}to", row.number) for row in rows)


def make_row(values: Mapping[str, object], *, place: str, facts: Mapping[str, str], due: datetime | None) -> Row:
    """Return the row that parameters describe, their `to` as it came."""
    return Row(
        place=place,
        service=given(values, "type"),
        sender=given(values, "sender"),
        number=given(values, "to"),
        text=given(values, "message"),
        template_id=given(values, "template_id"),
        facts=facts,
        due=due,
    )


def facts(values: Mapping[str, object]) -> dict[str, str]:
    """Return what a report will need, absent parameters left out."""
    return {name: text for name in ("dlr_url", "custom") if (text := given(values, name))}


def nodes(call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the place of each node of a JSON send, and the node over its root."""
    root, listed = filled(call.values.get("root")), call.values.get("nodes")
    for index, node in enumerate(listed if isinstance(listed, list) else ()):
        own = {name: value for name, value in filled(node).items() if name not in ROOT_ALONE}
        yield f"body.nodes[{index}].", {**root, **own}


def filled(value: object) -> Mapping[str, object]:
    """Return an object without the members that are blank: they count as absent."""
    members = value if isinstance(value, dict) else {}
    return {name: each for name, each in members.items() if not isinstance(each, str) or each.strip(BLANK)}


def problems(call: Call) -> Iterator[str]:
    """Yield what makes a send unreadable beyond its schema."""
    values = filled(call.values.get("root")) if call.operation == SEND_JSON else call.values
    for read in (partial(read_schedule, call=call), read_dlr_url):
        try:
            read(values)
        except UnfitError as error:
            yield str(error)
    if call.operation == SEND_JSON:
        for place, node in nodes(call):
            yield from (f"{place}{name}: is missing here and in body.root" for name in MANDATORY if name not in node)


PURSES = {"1": "trans", "2": "promo", "3": "transscrub"}
PROMOTIONAL = "2"
MINUTE = timedelta(minutes=1)
TYPES = "(documented: 1 transactional, 2 promotional, 3 transscrub)"
NUMBER = "(documented: digits with the country code, or the ten of an Indian mobile)"


def unknown_service(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse rows of a type that there is not."""
    named = dict.fromkeys((row.place, row.service) for row in rows)
    why = (
        wrong_kind(call, place, "type") or f"{place}type: {show(service)} is not a type {TYPES}"
        for place, service in named
        if service not in PURSES
    )
    return refuse("unknown-service", why)


def unknown_sender(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse rows from a sender id that the account does not have, or not yet."""
    approved = {each.id for each in call.owner.senders if each.standing(call.at) is Approval.APPROVED}
    right = f"(documented: an approved one, here {', '.join(sorted(approved)[:SHOWN]) or 'none'})"
    named = dict.fromkeys((row.place, row.sender) for row in rows)
    why = (
        wrong_kind(call, place, "sender") or f"{place}sender: {show(sender)} {standing(call, sender)} {right}"
        for place, sender in named
        if sender not in approved
    )
    return refuse("unknown-sender", why)


def refuse(error: str, why: Iterable[str]) -> Refusal | None:
    """Return the refusal for the first of many reasons; None where there is none."""
    shown = tuple(islice(why, SHOWN))
    return Refusal(error, shown) if shown else None


def wrong_kind(call: Call, place: str, name: str) -> str | None:
    """Return what the schema says of a parameter that is a list, an object or the like; None where it is none."""
    for each in call.violations:
        if each.rule == "type" and (each.at in {place + name, f"body.root.{name}"} if place else each.name == name):
            return str(each)
    return None


def standing(call: Call, name: str) -> str:
    """Say why a sender id cannot be used."""
    sender = call.owner.sender(name)
    if sender is None:
        return "is not a sender ID of this account"
    if sender.state is Approval.PENDING and sender.approved_at:
        return f"is not approved until {format_time(sender.approved_at)} (settings.smsbuddy.approval_delay)"
    return f"is {sender.state}"


def with_numbers(rows: Iterable[Row]) -> Sequence[Row]:
    """Return the rows whose number is one, each as the provider writes it; the others are left out (inferred)."""
    return [row._replace(number=mobile) for row in rows if (mobile := find_mobile(row.number))]


def of_rows(call: Call, rows: Sequence[Row], valid: Sequence[Row]) -> Iterator[Refusal]:
    """Yield each refusal of rows for what they say themselves, in the provider's order; `valid` have a number."""
    yield from filter(None, (unknown_service(call, rows),))
    yield from filter(None, (unknown_sender(call, rows),))
    if not valid:
        yield Refusal("no-valid-numbers", wrong_numbers(call, rows, "is not a number", valid=0))
    yield from filter(None, (outside_hours(call, valid),))


def wrong_numbers(call: Call, rows: Sequence[Row], verdict: str, *, valid: int) -> tuple[str, ...]:
    """Return a sentence for each number but the `valid` ones; `verdict` is what being none means for it."""
    several = asked_for(call, rows) > 1
    wrong = ((place, number) for place, number in recipients(call, rows) if find_mobile(number) is None)
    told = [
        wrong_kind(call, place.removesuffix("to"), "to")
        or f"{place}: {show(number)} {verdict}: it {why_no_mobile(number)} {NUMBER}"
        for place, number in islice(wrong, SHOWN)
    ]
    rest = asked_for(call, rows) - valid - len(told)
    return (*told, f"to: {rest} more like these") if several and rest > 0 else tuple(told)


def of_request(call: Call) -> Iterator[str]:
    """Yield what is wrong with the types, senders and numbers of a request that is refused for something else."""
    rows = likely_rows(call)
    typed = [row for row in rows if row.service or wrong_kind(call, row.place, "type")]
    signed = [row for row in rows if row.sender or wrong_kind(call, row.place, "sender")]
    addressed = [row for row in rows if row.number or wrong_kind(call, row.place, "to")]
    found = [unknown_service(call, typed), unknown_sender(call, signed) if call.account else None]
    yield from (each for refusal in found if refusal for each in refusal.why)
    if addressed:
        valid = sum(find_mobile(number) is not None for _, number in recipients(call, addressed))
        yield from wrong_numbers(call, addressed, "is not a number", valid=valid)


def outside_hours(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse promotional SMS that would go out at night; what is scheduled goes out when it is due."""
    hours = f"{call.settings['promotional_hours']} {call.settings['zone']}"
    for row in rows:
        at = row.due or call.at
        if row.service == PROMOTIONAL and not may_promote(at, call.settings):
            why = (
                f"{row.place}type: promotional SMS can be sent within {hours}, not at {format_time(at)} (documented, "
                "settings.smsbuddy.promotional_hours: off lifts it)"
            )
            return Refusal("promotional-hours", (why,))
    return None


def charged(account: Account, rows: Iterable[Row]) -> Account | Refusal:
    """Take a unit for each SMS of each row from the balance of its type."""
    units: dict[str, int] = {}
    owed = Counter[str]()
    for row in rows:
        if row.text not in units:
            units[row.text] = segment(row.text).count
        owed[PURSES[row.service]] += units[row.text]
    for purse, price in owed.items():
        left = account.balance.get(purse, Decimal(0))
        if left < price:
            return Refusal(
                "insufficient-funds", (f"account: its {purse} balance is {left}, but the request costs {price}",)
            )
        account = spend(account, purse, Decimal(price))
    return account


def counted(world: World, call: Call, count: int) -> tuple[RateWindow, ...] | Refusal:
    """Count rows against the key's minute, which begins with its first row; without a limit nothing is counted."""
    limit = call.settings["rate_per_minute"]
    if limit in OFF:
        return ()
    name = f"smsbuddy {call.owner.key} rate_per_minute"
    window = world.windows.get(name, RateWindow(name, call.at, 0)).at(call.at, MINUTE).plus(count)
    if window.count <= int(str(limit)):
        return (window,)
    why = (
        f"key: {count} more make {window.count} SMS since {format_time(window.since)}, over {limit} a minute "
        "(documented, settings.smsbuddy.rate_per_minute: off lifts it)"
    )
    message = f"Too many requests received. Your threshold value is {limit} SMS/minute. Please contact support."
    return Refusal("too-many-requests", (why,), message)


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
    """Return a refusal under the HTTP status that the setting asks for."""
    reply = render_example(error, refusal, call)
    return reply if call.settings["http_status"] == "mirror" else reply._replace(status=200)
