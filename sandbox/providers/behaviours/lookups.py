"""The behaviours that answer without sending: `message`, `messages`, `balance`, `reply` and `code.check`."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from sandbox.core.errors import near_miss
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.providers.base import Call, Function, Outcome
from sandbox.providers.behaviours.checks import Checks, Reasons, Subject, bind, first_refusal
from sandbox.providers.behaviours.context import OperationContext, Place, as_text
from sandbox.providers.behaviours.fields import MESSAGE, Field
from sandbox.providers.behaviours.replies import read_reply
from sandbox.providers.behaviours.scope import Scope
from sandbox.specs.document import SpecNode
from sandbox.specs.types import show

MESSAGE_KEYS = ("id", "by", "channel", "reply")
MESSAGES_KEYS = ("channel", "of", "filters", "sort", "page", "reply")
SORT_KEYS = ("by", "fields", "default", "direction", "order")
PAGE_KEYS = ("number", "size", "default", "offset")
DATA = "data."
DEFAULT_SIZE, LARGEST_SIZE = 20, 1000
ORDERS = ("asc", "desc")


def make_scope(world: World, call: Call, context: OperationContext) -> Scope:
    """Return what the templates of a reply to a call can read."""
    return Scope(world, at=call.at, settings=call.settings, times=context.document.times, call=call)


def read_plain(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    """Return the function of `balance`, whose reply stands below it."""
    node.only(("reply",), "balance")
    return answer(node, node.take("reply", "a mapping"), context, checks)


def answer(node: SpecNode, reply: SpecNode | None, context: OperationContext, checks: Checks) -> Function:
    """Return a function that checks a request and answers it."""
    write = read_reply(reply, context, context.names())
    mine = bind(checks, {}, node, context)

    def run(world: World, call: Call) -> Outcome:
        scope = make_scope(world, call, context)
        return first_refusal(mine, Subject(call, scope)) or write(scope)

    return run


Find = Callable[[World, Call, str], Sequence[Message]]


def read_message(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    """Return the function of an operation that looks a message up."""
    node.only(MESSAGE_KEYS, "message")
    value = node.value.get("id")
    if value is None:
        node.note("is missing; write the parameter that has the id of the message", "id")
        return answer(node, None, context, checks)
    place, name = context.place(node.inside("id", value)), context.describe(value)
    find, channel = _finder(node), _channel(node, context)
    write = read_reply(node.take("reply", "a mapping"), context, context.names("message", "messages"))

    def search(call: Call, world: World) -> Sequence[Message]:
        wanted = as_text(place((call.values,)))
        found = find(world, call, wanted) if wanted else ()
        return [each for each in found if channel in (None, each.channel.name)]

    def missing(subject: Subject) -> Reasons:
        if subject.call.account is None or subject.request:
            return ()
        wanted = as_text(place((subject.call.values,)))
        return (f"{name}: no message of this account has the id {wanted!r}",)

    mine = bind(checks, {"message": missing}, node, context)

    def run(world: World, call: Call) -> Outcome:
        scope = make_scope(world, call, context)
        found = search(call, world) if call.account is not None else ()
        refusal = first_refusal(mine, Subject(call, scope, found))
        if refusal is not None:
            return refusal
        scope.message, scope.messages = found[0], found
        return write(scope)

    return run


def _finder(node: SpecNode) -> Find:
    """Return what finds the messages of an account by an id: their own, that of their request, or a kept value."""
    by = node.take("by", "a string", default="id")
    kind = by.value if by is not None else "id"
    if kind == "id":
        return _find_by_id
    if kind == "request":
        return lambda world, call, wanted: [
            each for each in world.messages_of(call.owner) if each.id == wanted or request_id(each.id) == wanted
        ]
    if not kind.startswith(DATA):
        node.note(f"{show(kind)} is not what a message is found by; write id, request or data.NAME", "by")
    name = kind.removeprefix(DATA)
    return lambda world, call, wanted: [
        each for each in reversed([*world.messages_of(call.owner)]) if each.fact(name) == wanted
    ]


def request_id(message_id: str) -> str:
    """Return the id of the request that a message belongs to, if ids are made per request: that before -1, -2, …."""
    found, _, number = message_id.rpartition("-")
    return found if number.isdecimal() else ""


def _find_by_id(world: World, call: Call, wanted: str) -> Sequence[Message]:
    found = world.message(wanted)
    if found is None or found.is_inbound or (found.provider, found.account) != (call.owner.provider, call.owner.key):
        return ()
    return (found,)


def _channel(node: SpecNode, context: OperationContext) -> str | None:
    named = node.take("channel", "a string")
    if named is None or not named.one_of(context.document.channels, "channel"):
        return None
    return context.document.channels[named.value].name


def read_messages(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    """Return the function of an operation that lists messages."""
    node.only(MESSAGES_KEYS, "messages")
    channel = _channel(node, context)
    of = context.own_place(node, "of")
    filters = _read_filters(node, context)
    sort, page = _read_sort(node, context), _read_page(node, context)
    write = read_reply(node.take("reply", "a mapping"), context, context.names("messages", "page"))
    mine = bind(checks, {}, node, context)

    def run(world: World, call: Call) -> Outcome:
        scope = make_scope(world, call, context)
        refusal = first_refusal(mine, Subject(call, scope))
        if refusal is not None:
            return refusal
        values = (call.values,)
        wanted = [(field, text) for place, field in filters if (text := as_text(place(values)))]
        batch = as_text(of(values)) if of is not None else ""
        rows: Sequence[Message] = [
            each
            for each in world.messages_of(call.owner)
            if channel in (None, each.channel.name)
            and (not batch or request_id(each.id) == batch)
            and all(_written(scope, field, each) == text for field, text in wanted)
        ]
        rows, by, order = sort(scope, rows)
        start, size, number = page(scope)
        pages = ceil(len(rows) / size)
        scope.messages = rows[start : start + size]
        shown = {
            "number": number,
            "size": size,
            "offset": start,
            "total": len(rows),
            "pages": pages,
            "has_next": start + size < len(rows),
            "has_previous": start > 0,
            "sort_by": by,
            "order": order,
        }
        scope.bound = {"page": shown}
        return write(scope)

    return run


def _written(scope: Scope, field: Field, message: Message) -> str:
    found = field.get(scope, message)
    return as_text(scope.write_time(found) if field.is_time else found)


def _field(node: SpecNode, name: object) -> Field | None:
    text = str(name)
    if text.startswith(DATA):
        kept = text.removeprefix(DATA)
        return Field(lambda _, message: message.fact(kept))
    field = MESSAGE.get(text)
    if field is not None and field.open:
        node.note(f"'{text}' is no single value; write {text}.NAME" if text == "data" else f"'{text}' is no value")
        return None
    if field is None:
        node.note(f"a message has no member {show(name)}.{near_miss(str(name), MESSAGE)}")
    return field


def _read_filters(node: SpecNode, context: OperationContext) -> list[tuple[Place, Field]]:
    listed = node.take("filters", "a mapping", default={})
    found = []
    for place, name in listed.value.items() if listed is not None else ():
        part = node.inside("filters", {}).inside(place, name)
        field = _field(part, name)
        if field is not None:
            found.append((context.place(SpecNode(node.found, part.path, place)), field))
    return found


Sort = Callable[[Scope, Sequence[Message]], tuple[Sequence[Message], str, str]]


def _read_sort(node: SpecNode, context: OperationContext) -> Sort:
    """Return what sorts messages; without `sort`, the newest is first."""
    part = node.take("sort", "a mapping")
    if part is None:
        return lambda _, rows: ([*reversed(rows)], "", "desc")
    part.only(SORT_KEYS, "sort")
    named = part.take("fields", "a mapping", default={"accepted_at": "accepted_at"})
    fields: dict[str, Field] = {}
    for name, value in named.value.items() if named is not None else ():
        field = _field(part.inside("fields", {}).inside(name, value), value)
        if field is not None:
            fields[str(name)] = field
    if named is not None and not named.value:
        named.note("is empty; write what messages can be sorted by, such as {date: accepted_at}")
    default = part.take("default", "a string", default=next(iter(fields), "accepted_at"))
    if default is not None and fields:
        default.one_of(fields, "field of `fields`")
    by, direction = context.own_place(part, "by"), context.own_place(part, "direction")
    usual_order = part.choice("order", ORDERS, "order", default="desc")
    first = default.value if default is not None else ""

    def sort(scope: Scope, rows: Sequence[Message]) -> tuple[Sequence[Message], str, str]:
        values = (scope.call.values if scope.call else {},)
        chosen = as_text(by(values)) if by is not None else ""
        name = chosen if chosen in fields else first
        order = (as_text(direction(values)) if direction is not None else "") or usual_order
        get = fields[name].get
        descending = order.lower() in ("desc", "descending", "-1")
        return sorted(rows, key=lambda each: _sort_key(get(scope, each)), reverse=descending), name, order

    return sort


def _sort_key(value: Any) -> tuple[bool, Any]:  # noqa: ANN401 - values of one field, of any type that has an order
    return (value is not None, value if value is not None else 0)


def _read_page(node: SpecNode, context: OperationContext) -> Callable[[Scope], tuple[int, int, int]]:
    """Return what gives the offset, the size and the number of the page that is asked for."""
    part = node.take("page", "a mapping", default={})
    if part is None:
        return lambda _: (0, DEFAULT_SIZE, 1)
    part.only(PAGE_KEYS, "page")
    default = part.value.get("default", DEFAULT_SIZE)
    if isinstance(default, bool) or not isinstance(default, int) or not 1 <= default <= LARGEST_SIZE:
        part.note(f"{show(default)} is not a size from 1 to {LARGEST_SIZE}", "default")
        default = DEFAULT_SIZE
    number, size, offset = (context.own_place(part, name) for name in ("number", "size", "offset"))

    def page(scope: Scope) -> tuple[int, int, int]:
        values = (scope.call.values if scope.call else {},)
        rows = min(max(_whole(size, values, default), 1), LARGEST_SIZE)
        if offset is not None:
            start = max(_whole(offset, values, 0), 0)
            return start, rows, start // rows + 1
        place = max(_whole(number, values, 1), 1)
        return (place - 1) * rows, rows, place

    return page


def _whole(place: Place | None, values: tuple[Mapping[str, object]], default: int) -> int:
    given = as_text(place(values)) if place is not None else ""
    return (
        int(given)
        if given.isascii() and given.removeprefix("-").isdecimal() and len(given) < len(str(2**53))
        else default
    )
