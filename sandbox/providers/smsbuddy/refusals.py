"""What a send asks for, and the checks that may refuse it, in the provider's order."""

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
    OFF,
    REASONS_LIMIT,
    WHITESPACE,
    ParameterError,
    find_mobile,
    is_promotion_allowed,
    read_dlr_url,
    read_schedule,
    read_text,
    why_not_mobile,
)
from sandbox.specs.types import show

SEND, SEND_JSON = "smsbuddy.sms.send", "smsbuddy.sms.send_json"
MANDATORY = ("type", "sender", "message")  # of a JSON send, in a node or its root
# Published of the parent platform; `schedule`, as it goes with `time`.
ROOT_ALONE = ("key", "dlr_url", "time", "schedule")


class Row(NamedTuple):
    """One text to one number. `place` is the prefix of its parameters in reasons; its message keeps `facts`."""

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
    """Return whether a call has an id and no recipient; only the schema of a GET allows that."""
    return "id" in call.values and "to" not in call.values


def read_flat_rows(call: Call) -> list[Row]:
    """Return the rows of a flat send: the same text to each number."""
    row = make_row(call.values, place="", facts=read_facts(call.values), due=read_schedule(call.values, call))
    numbers = (number.strip(WHITESPACE) for number in row.number.split(","))
    return [row._replace(number=number) for number in numbers if number] or [row]


def read_json_rows(call: Call) -> list[Row]:
    """Return the rows of a JSON send: each node, with defaults from the root."""
    due = read_schedule(drop_blank(call.values["root"]), call)
    return [
        make_row(node, place=place, facts={**read_facts(node), "refid": read_text(node, "refid")}, due=due)
        for place, node in list_nodes(call)
    ]


def guess_rows(call: Call) -> list[Row]:
    """Return the rows of a request that is refused, as far as it can be read.

    A flat send is one row with all its numbers.
    """
    if call.operation != SEND_JSON:
        return [make_row(call.values, place="", facts={}, due=None)]
    whole = isinstance(call.values.get("root"), dict) and isinstance(call.values.get("nodes"), list)
    return [make_row(node, place=place, facts={}, due=None) for place, node in list_nodes(call)] if whole else []


def count_recipients(call: Call, rows: Sequence[Row]) -> int:
    """Return how many numbers a send lists, empty ones included."""
    return read_text(call.values, "to").count(",") + 1 if call.operation == SEND else len(rows)


def list_recipients(call: Call, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield place and text of each number that a send lists; a flat send separates them by commas."""
    if call.operation == SEND:
        texts = read_text(call.values, "to").split(",")
        yield from (
            (f"to[{place}]" if len(texts) > 1 else "to", text.strip(WHITESPACE)) for place, text in enumerate(texts)
        )
    else:
        yield from ((f"{row.place}to", row.number) for row in rows)


def make_row(values: Mapping[str, object], *, place: str, facts: Mapping[str, str], due: datetime | None) -> Row:
    """Return the row of some parameters, with `to` as it was sent."""
    return Row(
        place=place,
        service=read_text(values, "type"),
        sender=read_text(values, "sender"),
        number=read_text(values, "to"),
        text=read_text(values, "message"),
        template_id=read_text(values, "template_id"),
        facts=facts,
        due=due,
    )


def read_facts(values: Mapping[str, object]) -> dict[str, str]:
    """Return the parameters that a callback needs, without absent ones."""
    return {name: text for name in ("dlr_url", "custom") if (text := read_text(values, name))}


def list_nodes(call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield place and parameters of each node of a JSON send, with defaults from the root."""
    root, listed = drop_blank(call.values.get("root")), call.values.get("nodes")
    for index, node in enumerate(listed if isinstance(listed, list) else ()):
        own = {name: value for name, value in drop_blank(node).items() if name not in ROOT_ALONE}
        yield f"body.nodes[{index}].", {**root, **own}


def drop_blank(value: object) -> Mapping[str, object]:
    """Return an object without blank members, which count as absent."""
    members = value if isinstance(value, dict) else {}
    return {name: each for name, each in members.items() if not isinstance(each, str) or each.strip(WHITESPACE)}


def find_problems(call: Call) -> Iterator[str]:
    """Yield the problems of a send that its schema cannot express."""
    values = drop_blank(call.values.get("root")) if call.operation == SEND_JSON else call.values
    for read in (partial(read_schedule, call=call), read_dlr_url):
        try:
            read(values)
        except ParameterError as error:
            yield str(error)
    if call.operation == SEND_JSON:
        for place, node in list_nodes(call):
            yield from (f"{place}{name}: is missing here and in body.root" for name in MANDATORY if name not in node)


BALANCE_TYPES = {"1": "trans", "2": "promo", "3": "transscrub"}
PROMOTIONAL = "2"
MINUTE = timedelta(minutes=1)
TYPES = "(documented: 1 transactional, 2 promotional, 3 transscrub)"
NUMBER = "(documented: digits with the country code, or the ten of an Indian mobile)"


def check_services(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse rows of an unknown type."""
    named = dict.fromkeys((row.place, row.service) for row in rows)
    why = (
        find_type_error(call, place, "type") or f"{place}type: {show(service)} is not a type {TYPES}"
        for place, service in named
        if service not in BALANCE_TYPES
    )
    return refuse_if_any("unknown-service", why)


def check_senders(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse rows from a sender ID that is not approved for the account."""
    approved = {each.id for each in call.owner.senders if each.standing(call.at) is Approval.APPROVED}
    right = f"(documented: an approved one, here {', '.join(sorted(approved)[:REASONS_LIMIT]) or 'none'})"
    named = dict.fromkeys((row.place, row.sender) for row in rows)
    why = (
        find_type_error(call, place, "sender")
        or f"{place}sender: {show(sender)} {describe_sender(call, sender)} {right}"
        for place, sender in named
        if sender not in approved
    )
    return refuse_if_any("unknown-sender", why)


def refuse_if_any(error: str, why: Iterable[str]) -> Refusal | None:
    """Return a refusal with the first `REASONS_LIMIT` reasons, or None if there are none."""
    shown = tuple(islice(why, REASONS_LIMIT))
    return Refusal(error, shown) if shown else None


def find_type_error(call: Call, place: str, name: str) -> str | None:
    """Return the schema's reason against a parameter of the wrong JSON type, or None."""
    for each in call.violations:
        if each.rule == "type" and (each.at in {place + name, f"body.root.{name}"} if place else each.name == name):
            return str(each)
    return None


def describe_sender(call: Call, name: str) -> str:
    """Return why a sender ID cannot be used."""
    sender = call.owner.sender(name)
    if sender is None:
        return "is not a sender ID of this account"
    if sender.state is Approval.PENDING and sender.approved_at:
        return f"is not approved until {format_time(sender.approved_at)} (settings.smsbuddy.approval_delay)"
    return f"is {sender.state}"


def keep_valid(rows: Iterable[Row]) -> Sequence[Row]:
    """Return the rows with a valid number, as the provider writes it; others are dropped (inferred)."""
    found = ((row, find_mobile(row.number)) for row in rows)
    return [row if mobile == row.number else row._replace(number=mobile) for row, mobile in found if mobile]


def check_rows(call: Call, rows: Sequence[Row], valid: Sequence[Row]) -> Iterator[Refusal]:
    """Yield each refusal for the content of rows, in the provider's order; `valid` are those with a valid number."""
    yield from filter(None, (check_services(call, rows),))
    yield from filter(None, (check_senders(call, rows),))
    if not valid:
        yield Refusal("no-valid-numbers", explain_numbers(call, rows, "is not a number", valid=0))
    yield from filter(None, (check_hours(call, valid),))


def explain_numbers(call: Call, rows: Sequence[Row], verdict: str, *, valid: int) -> tuple[str, ...]:
    """Return a reason for each invalid number; `verdict` is the consequence, `valid` how many are valid."""
    several = count_recipients(call, rows) > 1
    wrong = ((place, number) for place, number in list_recipients(call, rows) if find_mobile(number) is None)
    reasons = [
        find_type_error(call, place.removesuffix("to"), "to")
        or f"{place}: {show(number)} {verdict}: it {why_not_mobile(number)} {NUMBER}"
        for place, number in islice(wrong, REASONS_LIMIT)
    ]
    rest = count_recipients(call, rows) - valid - len(reasons)
    return (*reasons, f"to: {rest} more like these") if several and rest > 0 else tuple(reasons)


def check_request(call: Call) -> Iterator[str]:
    """Yield problems of types, senders and numbers in a request that is refused for another reason."""
    rows = guess_rows(call)
    typed = [row for row in rows if row.service or find_type_error(call, row.place, "type")]
    signed = [row for row in rows if row.sender or find_type_error(call, row.place, "sender")]
    addressed = [row for row in rows if row.number or find_type_error(call, row.place, "to")]
    found = [check_services(call, typed), check_senders(call, signed) if call.account else None]
    yield from (each for refusal in found if refusal for each in refusal.why)
    if addressed:
        valid = sum(find_mobile(number) is not None for _, number in list_recipients(call, addressed))
        yield from explain_numbers(call, addressed, "is not a number", valid=valid)


def check_hours(call: Call, rows: Iterable[Row]) -> Refusal | None:
    """Refuse promotional SMS outside the permitted hours, by the time when they are sent."""
    hours = f"{call.settings['promotional_hours']} {call.settings['zone']}"
    for row in rows:
        at = row.due or call.at
        if row.service == PROMOTIONAL and not is_promotion_allowed(at, call.settings):
            why = (
                f"{row.place}type: promotional SMS can be sent within {hours}, not at {format_time(at)} (documented, "
                "settings.smsbuddy.promotional_hours: off disables it)"
            )
            return Refusal("promotional-hours", (why,))
    return None


def charge(account: Account, rows: Iterable[Row]) -> Account | Refusal:
    """Charge a unit for each segment of each row to the balance of its type."""
    units: dict[str, int] = {}
    owed: dict[str, int] = {}
    for row in rows:
        if row.text not in units:
            units[row.text] = segment(row.text).count
        balance_type = BALANCE_TYPES[row.service]
        owed[balance_type] = owed.get(balance_type, 0) + units[row.text]
    for balance_type, price in owed.items():
        left = account.balance.get(balance_type, Decimal(0))
        if left < price:
            return Refusal(
                "insufficient-funds", (f"account: its {balance_type} balance is {left}, but the request costs {price}",)
            )
        account = spend(account, balance_type, Decimal(price))
    return account


def count_against_limit(world: World, call: Call, count: int) -> tuple[RateWindow, ...] | Refusal:
    """Count rows against the limit per minute, which begins with the first row; without a limit, count nothing."""
    limit = call.settings["rate_per_minute"]
    if limit in OFF:
        return ()
    name = f"smsbuddy {call.owner.key} rate_per_minute"
    window = world.windows.get(name, RateWindow(name, call.at, 0)).at(call.at, MINUTE).plus(count)
    if window.count <= int(str(limit)):
        return (window,)
    why = (
        f"key: {count} more would make {window.count} SMS since {format_time(window.since)}, over {limit} a minute "
        "(documented, settings.smsbuddy.rate_per_minute: off disables it)"
    )
    message = f"Too many requests received. Your threshold value is {limit} SMS/minute. Please contact support."
    return Refusal("too-many-requests", (why,), message)


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
    """Return a refusal with the HTTP status that the setting `http_status` requires."""
    reply = render_example(error, refusal, call)
    return reply if call.settings["http_status"] == "mirror" else reply._replace(status=200)
