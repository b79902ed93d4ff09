"""The templates of members that have a part of a message: its id, status, numbers, text and times."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.authoring.facts import UUID, Facts, bare_word, time_field, time_format
from sandbox.authoring.members import OWN_IDS, Member, has, has_rows
from sandbox.authoring.names import PARENTS, normal, status_of
from sandbox.authoring.template_text import counted, literal, typed

LONG_ID = 8  # characters; a shorter id may stand in a text by chance
GROUPS = re.compile("batch|bulk|request|group|campaign")
MAYBE = frozenset({"sent_at", "delivered_at", "scheduled_for"})  # times that a message may not have
UNKNOWN_TIMES = frozenset({"date-time", "text", "string"})  # what stands where a description has no example
PATTERNS = {
    "iso-seconds": "%Y-%m-%dT%H:%M:%SZ",
    "iso": "%Y-%m-%dT%H:%M:%S.000Z",
    "rfc2822": "%a, %d %b %Y %H:%M:%S +0000",
}


@dataclass(slots=True)
class MessageParts:
    """Writes the members of one body about messages; `role` is the behaviour that the body belongs to.

    `used` collects what was filled in, `ids` the templates of ids by their examples, `id_example` the first of these.
    `grouped`: the id that the body has is that of all messages of a request.
    """

    role: str
    facts: Facts
    used: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)
    id_example: object = None
    grouped: bool = False

    def write(self, member: Member) -> str | None:
        """Return the template of a member that has a part of a message, None for any other."""
        if isinstance(member.value, bool | float):
            return None
        rules: tuple[Callable[[Member], str | None], ...] = (
            self._party,
            self._id,
            self._status,
            self._sender,
            self._recipient,
            self._text,
            self._count,
            self._time,
        )
        return next((found for rule in rules if (found := rule(member)) is not None), None)

    def number(self, value: object) -> str:
        """Return the template of a recipient's number in the form of an example."""
        self.used.add("recipient")
        if isinstance(value, int):
            return "{{ message.msisdn | int }}"
        text = str(value)
        form = "e164" if text.startswith("+") else "msisdn" if text.isdecimal() else "to"
        return f"{{{{ message.{form} }}}}"

    def _party(self, member: Member) -> str | None:
        if normal(member.name) not in PARENTS or not member.may_be_phone():
            return None
        if member.is_in("sender"):
            return "{{ message.from }}"
        return self.number(member.value) if member.is_in("recipient") else None

    def _id(self, member: Member) -> str | None:
        value = member.value
        if not member.has_name_of("id") or not isinstance(value, str | int):
            return None
        if not member.is_own_id():
            is_event = self.role == "callback" and normal(member.name) == "id" and bool(UUID.fullmatch(str(value)))
            return "{{ uuid() }}" if is_event else None
        sends = self.role == "send" and not member.in_row
        group = sends and bool(GROUPS.search(normal(member.name))) and not OWN_IDS.search(normal(member.name))
        self.grouped = self.grouped or group
        variable = "send.id" if group or (sends and has_rows(member.beside)) else "message.id"
        self.used.add("id")
        if self.id_example is None or variable == "message.id":
            self.id_example = value
        if isinstance(value, str) and len(value) >= LONG_ID:
            self.ids[value] = f"{{{{ {variable} }}}}"
        return typed(variable, value)

    def _status(self, member: Member) -> str | None:
        """Return the template of a status word, with what the provider writes before it."""
        value = member.value
        if not isinstance(value, str) or not member.is_best("status"):
            return None
        status = status_of(value)
        known = self.facts.words.get(status) if status is not None else None
        if known is None:
            return None
        said = "callback.provider_status" if self.role == "callback" else "message.provider_status"
        self.used.add("status")
        word = bare_word(value)
        start = literal(value[: len(value) - len(word)])
        if word == known.says or normal(word) != normal(known.says):
            return f"{start}{{{{ {said} }}}}"
        change = "upper" if word.isupper() else "lower" if word.islower() else "capitalize"
        return f"{start}{{{{ {said} | {change} }}}}"

    def _sender(self, member: Member) -> str | None:
        value = member.value
        if normal(member.name) == "to":  # beside an msisdn, which is always the phone, `to` is the other party
            return "{{ message.from }}" if "msisdn" in map(normal, member.beside) else None
        named = member.has_name_of("sender") and isinstance(value, str | None)
        return "{{ message.from }}" if named and (normal(member.name) != "source" or member.may_be_phone()) else None

    def _recipient(self, member: Member) -> str | None:
        return self.number(member.value) if member.has_name_of("recipient") and member.may_be_phone() else None

    def _text(self, member: Member) -> str | None:
        if not isinstance(member.value, str) or not member.has_name_of("text"):
            return None
        with_party = has(member.beside, "recipient") or has(member.beside, "sender")
        sure = with_party or (normal(member.name) in {"text", "body"} and has(member.beside, "id"))
        return "{{ message.text }}" if sure else None

    def _count(self, member: Member) -> str | None:
        if member.value is None or not str(member.value).isdecimal():
            return None
        if member.has_name_of("segments"):
            return counted("message.segments", member.value)
        total = member.has_name_of("total") or normal(member.name) == "messagecount"
        return counted("send.count", member.value) if self.role == "send" and not member.in_row and total else None

    def _time(self, member: Member) -> str | None:
        """Return the template of a time, None if a member is none or has a format that no template can write."""
        found = time_field(member.name)
        return None if found is None else self._time_of(found, member.value)

    def _time_of(self, found: str, value: object) -> str | None:
        now = self.role == "callback" and found in {"accepted_at", "updated_at"}
        variable = "callback.at" if now else f"message.{found}"
        if value in UNKNOWN_TIMES or (value is None and found in MAYBE):
            return f"{{{{ {variable} }}}}"
        written = time_format(value)
        if written is None:
            return None
        if written == self.facts.time:
            is_text = isinstance(value, str) and written.startswith("unix")
            return f"{{{{ {variable} | string }}}}" if is_text else f"{{{{ {variable} }}}}"
        pattern = PATTERNS.get(written, written)
        if "%" not in pattern or isinstance(value, int):
            return None
        call = f"{variable}.strftime('{pattern}')"
        return f"{{{{ {call} if {variable} else none }}}}" if found in MAYBE else f"{{{{ {call} }}}}"
