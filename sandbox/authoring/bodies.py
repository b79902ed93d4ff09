"""Turns examples of replies and callbacks into templates.

What names a part of a message (its id, status, numbers, text and times), of a page, of a balance or of a check is
filled in; the rest stays as in the example.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.authoring.facts import UUID, Facts, bare_word, time_field, time_format
from sandbox.authoring.members import OWN_IDS, Member, has, has_rows, is_message, is_phone
from sandbox.authoring.names import NO_ERROR, PARENTS, normal, rank, status_of
from sandbox.authoring.template_text import DEPTH_LIMIT, ITEM_LIMIT, MEMBER_LIMIT, TEXT_LIMIT, counted, literal, typed

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


ABOUT_MESSAGES = frozenset({"send", "message", "messages", "callback"})
NEXT_PAGE = re.compile("(next|prev|previous|first|last).*(page|url|uri|link|cursor|token)|next|prev|previous")
VALID = frozenset({"valid", "verified", "isvalid", "isverified", "success", "matched", "status", "verification"})
# What a check of a code says if it is right, and what probably if it is wrong.
WRONG = {"accepted": "rejected", "approved": "pending", "verified": "failed", "success": "failed", "valid": "invalid"}
CENTS = re.compile(r"-?\d+\.(\d{1,6})")
NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")


@dataclass(slots=True)
class BodyWriter:
    """Writes one body. `role` is the behaviour that it belongs to, `made`: its example is the sandbox's own.

    `guessed` is what the body says if a code is wrong, if that was guessed.
    """

    role: str
    facts: Facts
    parameters: Mapping[str, str] = field(default_factory=dict)
    made: bool = False
    parts: MessageParts = field(init=False)
    guessed: str = ""

    def __post_init__(self) -> None:
        """Make what writes the parts of a message."""
        self.parts = MessageParts(self.role, self.facts)

    @property
    def used(self) -> set[str]:
        """Return what was filled in."""
        return self.parts.used

    def write(self, example: object) -> object:
        """Return the body of an example."""
        if isinstance(example, str):
            return self._text(example)
        return self._with_ids(self._value("", example, {}, "", 0, in_row=False))

    def _text(self, text: str) -> str:
        """Return a body that is a text: its status words, times and amounts are filled in."""
        if self.role == "balance" and NUMBER.fullmatch(text):
            self.used.add("balance")
            return f"{{{{ account.balance.{self.facts.balance} }}}}"
        if self.role != "message":
            return literal(text[:TEXT_LIMIT])
        return "\n".join(map(self._line, text[:TEXT_LIMIT].splitlines()))

    def _line(self, line: str) -> str:
        if status_of(line.strip()) is not None:
            self.used.add("status")
            return "{{ message.provider_status }}"
        return literal(line) if time_format(line.strip()) is None else "{{ message.updated_at }}"

    def _value(  # noqa: PLR0913 - what stands around a value
        self, name: str, value: object, beside: Mapping[str, object], parent: str, depth: int, *, in_row: bool
    ) -> object:
        if depth > DEPTH_LIMIT:
            return None
        member = Member(name, value, beside, parent, depth, in_row, self.made)
        if isinstance(value, dict):
            return self._object(value, name, depth + 1, in_row=in_row)
        return self._list(member, value) if isinstance(value, list) else self._scalar(member)

    def _object(self, value: Mapping[str, object], name: str, depth: int, *, in_row: bool) -> dict[str, object]:
        members = list(value.items())[:MEMBER_LIMIT]
        return {key: self._value(key, each, value, name, depth, in_row=in_row) for key, each in members}

    def _list(self, member: Member, value: list[object]) -> object:
        first = value[0] if value else None
        sends = self.role == "send" and not member.in_row
        if isinstance(first, dict) and self.role in ABOUT_MESSAGES and is_message(first):
            row = self._object(first, "", member.depth + 2, in_row=True)
            if sends or (self.role == "messages" and not member.in_row):
                self.used.add("rows")
                return {"x-each": "message in messages", **row}
            return [row]
        if value and all(map(is_phone, value)) and member.has_name_of("recipient") and self.role in ABOUT_MESSAGES:
            number = self.parts.number(first)
            return {"x-each": "message in messages", "x-value": number} if sends else [number]
        return [
            self._value(member.name, each, member.beside, member.parent, member.depth + 1, in_row=member.in_row)
            for each in value[:ITEM_LIMIT]
        ]

    def _scalar(self, member: Member) -> object:
        name, value = member.name, member.value
        outer = self.role == "messages" and not member.in_row  # beside the list of messages
        about_message = self.role in ABOUT_MESSAGES and not outer
        if about_message and self._is_no_error(member):
            return None
        found = self.parts.write(member) if about_message else None
        if found is None and outer:
            found = self._of_page(member)
        if found is None and self.role == "balance" and "balance" not in self.used:
            found = self._of_balance(member)
        if found is None and self.role == "code.check":
            found = self._of_code(member)
        if found is None:
            found = self._of_parameter(member)
        if found is None and outer and isinstance(value, str) and NEXT_PAGE.fullmatch(normal(name)):
            return None  # the example's next page would lead a client on without end
        if found is not None:
            return found
        return literal(value[:TEXT_LIMIT]) if isinstance(value, str) else value

    def _is_no_error(self, member: Member) -> bool:
        """Return whether a member has an error in the example that the message, which did not fail, does not have."""
        named = normal(member.name) in NO_ERROR and self.role != "callback"
        return named and (self.made or member.value not in {0, "0", ""})

    def _of_parameter(self, member: Member) -> str | None:
        """Return the template of a member with the name of a parameter of the path."""
        name, value = normal(member.name), member.value
        known = name in self.parameters and (name != "id" or not member.parent)
        if not known or not isinstance(value, str | int) or isinstance(value, bool):
            return None
        template = f"{{{{ parameters.{self.parameters[name]} }}}}"
        if isinstance(value, str) and len(value) >= LONG_ID:
            self.parts.ids[value] = template
        return template

    def _of_page(self, member: Member) -> str | None:
        value, word = member.value, normal(member.name)
        for kind, variable in (("total", "total"), ("page", "number"), ("size", "size"), ("pages", "pages")):
            if rank(kind, member.name) is not None and value is not None and str(value).isdecimal():
                return counted(f"page.{variable}", value)
        if isinstance(value, bool) and word.startswith("has"):
            return "{{ page.has_previous }}" if "prev" in word else "{{ page.has_next }}"
        return None

    def _of_balance(self, member: Member) -> str | None:
        value = member.value
        if not member.is_best("balance") or isinstance(value, bool):
            return None
        if not (isinstance(value, int | float) or NUMBER.fullmatch(str(value)) or self.made):
            return None
        self.used.add("balance")
        amount = f"account.balance.{self.facts.balance}"
        decimals = CENTS.fullmatch(value) if isinstance(value, str) else None
        return counted(amount, value) if decimals is None else f"{{{{ '%.{len(decimals[1])}f' % {amount} }}}}"

    def _of_code(self, member: Member) -> str | None:
        value = member.value
        if isinstance(value, bool) and normal(member.name) in VALID:
            self.used.add("result")
            return "{{ code.result == 'right' }}"
        if isinstance(value, str) and normal(value) in WRONG and "result" not in self.used:
            self.used.add("result")
            self.guessed = WRONG[normal(value)]
            return f"{{{{ '{value}' if code.result == 'right' else '{self.guessed}' }}}}"
        if member.is_own_id() and isinstance(value, str | int):
            return typed("message.id", value)  # of the message that brought the code
        return "{{ code.to }}" if member.has_name_of("recipient") and member.may_be_phone() else None

    def _with_ids(self, value: object) -> object:
        """Fill the id in where a text, such as a link, has the example's id."""
        if isinstance(value, str) and not value.startswith("{{"):
            for example, template in self.parts.ids.items():
                value = value.replace(example, template)
            return value
        if isinstance(value, dict):
            return {name: self._with_ids(each) for name, each in value.items()}
        return [self._with_ids(each) for each in value] if isinstance(value, list) else value
