"""What a send asks for: one row for each number, with everything that holds for it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sandbox.providers.base import Call
from sandbox.providers.smsbuddy.delivery_reports import read_dlr_url
from sandbox.providers.smsbuddy.parameters import BLANK, UnfitError, given
from sandbox.providers.smsbuddy.times import read_schedule

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
