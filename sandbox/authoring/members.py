"""A member of an example with what stands around it, from which its meaning is guessed."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.authoring.names import normal, rank

PHONE = re.compile(r"\+?[0-9]{6,15}")
OWN_IDS = re.compile("message|msg|sms")
PARTS = ("status", "sender", "recipient")  # objects that may have an id of their own
OUTER_DEPTH = 2  # members of the body itself, or of an object such as `data`


class Member(NamedTuple):
    """A member; `beside` is its object, `parent` the name of that, `in_row` whether it is one of a list of messages.

    `made`: its value is the sandbox's own example.
    """

    name: str
    value: object
    beside: Mapping[str, object]
    parent: str
    depth: int
    in_row: bool
    made: bool

    def has_name_of(self, kind: str) -> bool:
        """Return whether the name is usual for a field."""
        return rank(kind, self.name) is not None

    def is_best(self, kind: str) -> bool:
        """Return whether no other member of the object has a name that fits a field better."""
        own = rank(kind, self.name)
        return own is not None and own == best_rank(kind, self.beside)

    def may_be_phone(self) -> bool:
        """Return whether the value is a phone number, or could be one."""
        return is_phone(self.value) or (self.made and isinstance(self.value, str))

    def is_in(self, kind: str) -> bool:
        """Return whether the object is one such as `from: {phoneNumber: …}`."""
        return rank(kind, self.parent) is not None

    def is_own_id(self) -> bool:
        """Return whether a member with the name of an id has that of the message, and not of a part or an event."""
        if not self.is_best("id") or any(self.is_in(kind) for kind in PARTS):
            return False
        if any(isinstance(each, dict) and is_message(each) and has(each, "id") for each in _objects(self.beside)):
            return False
        return bool(OWN_IDS.search(normal(self.name))) or self.depth <= OUTER_DEPTH or is_message(self.beside)


def _objects(members: Mapping[str, object]) -> list[object]:
    """Return the objects in an object that are no parts of a message."""
    return [each for name, each in members.items() if all(rank(kind, name) is None for kind in PARTS)]


def is_phone(value: object) -> bool:
    """Return whether a value looks like a phone number."""
    return isinstance(value, str | int) and not isinstance(value, bool) and bool(PHONE.fullmatch(str(value)))


def best_rank(kind: str, members: Mapping[str, object]) -> int | None:
    """Return the rank of the member that fits a field best, None if none does."""
    return min((place for name in members if (place := rank(kind, name)) is not None), default=None)


def has(members: Mapping[str, object], kind: str) -> bool:
    """Return whether a member has a usual name of a field."""
    return best_rank(kind, members) is not None


def is_message(members: Mapping[str, object]) -> bool:
    """Return whether an object looks like a message: two of id, recipient and status, or the id of a message."""
    return sum(has(members, kind) for kind in ("id", "recipient", "status")) > 1 or any(
        OWN_IDS.search(normal(name)) and rank("id", name) is not None for name in members
    )


def has_rows(members: Mapping[str, object]) -> bool:
    """Return whether an object has a list of messages."""
    lists = [each for each in members.values() if isinstance(each, list) and each]
    return any(isinstance(each[0], dict) and is_message(each[0]) for each in lists)
