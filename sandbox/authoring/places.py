"""Finds where a request has the parts of its messages: names and pointers, also inside lists of messages."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from sandbox.authoring.calls import Call
from sandbox.authoring.names import PARENTS, rank
from sandbox.authoring.samples import Sampler

ITEM = "[]"  # the step into a list of objects
STEPS_LIMIT = 5
LEAF_LIMIT = 2_000
Steps = tuple[str, ...]


class Leaf(NamedTuple):
    """A value of a request that is no object; `place` is where the request has it."""

    steps: Steps
    origin: str
    schema: object
    required: bool


class MessagePlaces(NamedTuple):
    """The places of a message's parts; those of a row are relative to `rows`."""

    recipient: str
    sender: str = ""
    text: str = ""
    rows: str = ""


def leaves_of(call: Call, sampler: Sampler) -> list[Leaf]:
    """Return the values that a request can have, its parameters first."""
    found = [
        Leaf((str(each["name"]),), str(each["in"]), each.get("schema", each), each.get("required") is True)
        for each in call.parameters
    ]
    return [*found, *islice(_inside(call.body, sampler, (), ()), LEAF_LIMIT)]


def _inside(schema: object, sampler: Sampler, steps: Steps, seen: tuple[int, ...]) -> Iterator[Leaf]:
    if len(steps) > STEPS_LIMIT or id(sampler.resolved(schema)) in seen:
        return
    seen = (*seen, id(sampler.resolved(schema)))
    required = sampler.required(schema)
    for name, each in sampler.members(schema).items():
        path = (*steps, name)
        kind = sampler.kind(each)
        items = sampler.resolved(each).get("items") if kind == "array" else None
        if items is not None and sampler.members(items):
            yield from _inside(items, sampler, (*path, ITEM), seen)
        elif sampler.members(each):
            yield from _inside(each, sampler, path, seen)
        else:
            yield Leaf(path, "body", each, name in required)


def fits(field: str, steps: Steps) -> int | None:
    """Return how well the path to a value fits a field, 0 for best; None if it does not.

    In `from.phoneNumber` the outer name says what it is.
    """
    names = [each for each in steps if each != ITEM]
    own, outer = rank(field, names[-1]), rank(field, names[-2]) if len(names) > 1 else None
    if len(names) > 1 and names[-1].lower().replace("_", "") in PARENTS:
        other = next((each for each in ("sender", "recipient") if rank(each, names[-2]) is not None), field)
        return outer if outer is not None else None if other != field else own
    return own if own is not None else outer if field == "text" and names[-1].lower() in {"text", "body"} else None


def best(field: str, leaves: Iterable[Leaf], *, origins: tuple[str, ...] = ("query", "body", "path")) -> Leaf | None:
    """Return the value that fits a field best: the outer ones first, then the required, then by name."""
    found = [
        (len(each.steps), not each.required, place, count, each)
        for count, each in enumerate(leaves)
        if each.origin in origins and (place := fits(field, each.steps)) is not None
    ]
    return min(found)[-1] if found else None


def place_of(steps: Steps, *, each_item: bool = False) -> str:
    """Return the place of a value: a name, or a pointer; of a list the first item, or all of them if `each_item`."""
    names = ["0" if each == ITEM else each for each in steps if not (each_item and each == ITEM)]
    if len(names) == 1 and not names[0].startswith("/"):
        return names[0]
    return "/" + "/".join(each.replace("~", "~0").replace("/", "~1") for each in names)


def message_places(call: Call, sampler: Sampler) -> MessagePlaces | None:
    """Return the places of the parts of a call's messages, None if it has no recipient."""
    leaves = leaves_of(call, sampler)
    recipient = best("recipient", leaves)
    if recipient is None:
        return None
    rows = recipient.steps[: recipient.steps.index(ITEM)] if ITEM in recipient.steps else ()

    def relative(leaf: Leaf | None) -> str:
        if leaf is None:
            return ""
        inside = rows and leaf.steps[: len(rows)] == rows
        return place_of(leaf.steps[len(rows) + 1 :] if inside else leaf.steps, each_item=leaf is recipient)

    rest = [each for each in leaves if each.steps != recipient.steps]
    nearby = [each for each in rest if rows and each.steps[: len(rows)] == rows]
    sender = best("sender", nearby) or best("sender", rest)
    text = best("text", nearby) or best("text", rest)
    return MessagePlaces(
        recipient=relative(recipient),
        sender=relative(sender),
        text=relative(text),
        rows=place_of(rows) if rows else "",
    )
