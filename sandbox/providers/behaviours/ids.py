"""The ids of messages: their form, and what each is drawn from."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from sandbox.core.seeded_random import DECIMAL_DIGITS, HEX_DIGITS, draw_text, make_ulid
from sandbox.core.world import World
from sandbox.providers.base import Call
from sandbox.specs.document import SpecNode
from sandbox.specs.types import show

KEYS = ("kind", "length", "prefix", "per")
KINDS = ("uuid", "ulid", "digits", "hex", "alphanumeric")
PER = ("recipient", "request")
LENGTHS = {"digits": 12, "hex": 32, "alphanumeric": 22}
LONGEST, SHORTEST = 64, 6
SHORT = {"digits": 14, "hex": 12, "alphanumeric": 8}  # lengths up to which ids are drawn again
DRAWS, FAR = 100, 10**12  # the numbers of other draws are far from those of messages

Draw = Callable[[Call, int], str]


class IdFormat(NamedTuple):
    """How ids are made; `per_request`: one for all messages of a request, whose own ids are numbered behind it.

    `short`: two of a few thousand may be the same, so one that is taken is drawn again.
    """

    draw: Draw
    per_request: bool = False
    short: bool = False

    def first(self, world: World, call: Call) -> str:
        """Return the id of a request."""
        return self._unused(call, 0, lambda each: world.message(f"{each}-1") is not None)

    def make(self, world: World, call: Call, row: int, taken: set[str]) -> str:
        """Return the id of a message; `taken` has those of the same request."""
        if not self.short:
            return self.draw(call, row)
        found = self._unused(call, row, lambda each: each in taken or world.message(each) is not None)
        taken.add(found)
        return found

    def _unused(self, call: Call, row: int, is_taken: Callable[[str], bool]) -> str:
        found = self.draw(call, row)
        for attempt in range(1, DRAWS if self.short else 1):
            if not is_taken(found):
                break
            found = self.draw(call, row + attempt * FAR)
        return found


def read_id(node: SpecNode | None) -> IdFormat:
    """Return the ids of a send: a kind, or a mapping `{kind, length, prefix, per}` (default: uuid)."""
    if node is None:
        return IdFormat(_uuid)
    if isinstance(node.value, str):
        known = node.one_of(KINDS, "kind of id")
        return IdFormat(_drawn(node.value, None), short=node.value == "digits") if known else IdFormat(_uuid)
    if node.of("a mapping") is None:
        return IdFormat(_uuid)
    node.only(KEYS, "id")
    kind = node.need("kind", "a string", f"one of {', '.join(KINDS)}")
    prefix, per = node.take("prefix", "a string"), node.take("per", "a string")
    length = node.value.get("length")
    if kind is None or not kind.one_of(KINDS, "kind of id"):
        return IdFormat(_uuid)
    if length is not None and (kind.value not in LENGTHS or not _is_length(length)):
        right = (
            f"a length from {SHORTEST} to {LONGEST}"
            if kind.value in LENGTHS
            else f"no length, as a {kind.value} has one"
        )
        node.note(f"{show(length)} is not valid; write {right}", "length")
        length = None
    if per is not None:
        per.one_of(PER, "word for what an id is made")
    draw, size = _drawn(kind.value, length), length or LENGTHS.get(kind.value, LONGEST)
    begin = prefix.value if prefix is not None else ""
    return IdFormat(
        (lambda call, row: begin + draw(call, row)) if begin else draw,
        per is not None and per.value == "request",
        size <= SHORT.get(kind.value, 0),
    )


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and SHORTEST <= value <= LONGEST


def _uuid(call: Call, row: int) -> str:
    return str(UUID(bytes=call.draw("uuid", 16, row=row), version=4))


def _ulid(call: Call, row: int) -> str:
    return make_ulid(call.at, call.draw("ulid", 10, row=row))


def _drawn(kind: str, length: int | None) -> Draw:
    if kind == "uuid":
        return _uuid
    if kind == "ulid":
        return _ulid
    size = length or LENGTHS[kind]
    if kind == "digits":  # the first is not 0, so that the id is a number too
        return lambda call, row: (
            draw_text(call.seed, call.number + row, "first digit", length=1, alphabet=DECIMAL_DIGITS[1:])
            + draw_text(call.seed, call.number + row, "digits", length=size - 1, alphabet=DECIMAL_DIGITS)
        )
    if kind == "hex":
        return lambda call, row: draw_text(call.seed, call.number + row, "hex", length=size, alphabet=HEX_DIGITS)
    return lambda call, row: draw_text(call.seed, call.number + row, "alphanumeric", length=size)
