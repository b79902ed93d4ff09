"""One-time codes that a provider makes and checks: `make_code` of a send, and the behaviour `code.check`."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core.account import CheckResult, Otp, check_code
from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.seeded_random import DECIMAL_DIGITS, draw_text
from sandbox.core.world import World
from sandbox.formats.phone_numbers import digits_alone
from sandbox.providers.base import Call, Function, Outcome, Plan
from sandbox.providers.behaviours.checks import Checks, Subject, bind, first_refusal, refuse
from sandbox.providers.behaviours.context import NumberKind, OperationContext, Place, Scopes, as_text, reader_of
from sandbox.providers.behaviours.lookups import make_scope
from sandbox.providers.behaviours.replies import read_reply
from sandbox.providers.behaviours.scope import Scope
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import usual
from sandbox.specs.types import show

CODE_KEYS = ("recipient", "id", "code", "tries", "reply")
MAKE_CODE = ("digits", "expires", "replaces")
DIGITS = ("at", "default")
EXPIRES = ("at", "unit", "default")
SHORTEST_CODE, LONGEST_CODE = 3, 12
UNITS = {"seconds": timedelta(seconds=1), "minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
DEFAULT_EXPIRY = timedelta(minutes=10)
TRIES = NumberKind(
    default=3,
    is_right=lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
    what="a number of tries",
    example="settings.tries",
)


class CodeMaker(NamedTuple):
    """One-time codes that the provider makes: how many digits, when they expire, and what they replace in the text."""

    digits: Callable[[Scopes], int]
    expiry: Callable[[Scopes], timedelta]
    replaces: str

    def insert(self, text: str, code: str) -> str:
        """Return a text with the code in it."""
        return text.replace(self.replaces, code) if self.replaces else text


def read_code_maker(node: SpecNode, context: OperationContext) -> CodeMaker | None:
    """Return what makes the codes of a send; None if it makes none."""
    part = node.take("make_code", "a mapping")
    if part is None:
        return None
    part.only(MAKE_CODE, "make_code")
    replaces = part.take("replaces", "a string")
    return CodeMaker(_digit_count(part, context), _expiry(part, context), replaces.value if replaces else "")


def _digit_count(part: SpecNode, context: OperationContext) -> Callable[[Scopes], int]:
    value = part.value.get("digits", 6)
    place: Place | None = None
    if isinstance(value, Mapping):
        inner = part.inside("digits", value)
        inner.only(DIGITS, "digits")
        place = context.own_place(inner, "at")
        value = value.get("default", 6)
    if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_CODE <= value <= LONGEST_CODE:
        part.note(f"{show(value)} is not a number of digits from {SHORTEST_CODE} to {LONGEST_CODE}", "digits")
        value = 6
    default: int = value

    def count(scopes: Scopes) -> int:
        given = as_text(place(scopes)) if place is not None else ""
        wanted = (
            int(given) if given.isdecimal() and given.isascii() and len(given) <= len(str(LONGEST_CODE)) else default
        )
        return min(max(wanted, SHORTEST_CODE), LONGEST_CODE)

    return count


def _expiry(part: SpecNode, context: OperationContext) -> Callable[[Scopes], timedelta]:
    value, place, unit = part.value.get("expires"), None, timedelta(seconds=1)
    if isinstance(value, Mapping):
        inner = part.inside("expires", value)
        inner.only(EXPIRES, "expires")
        place = context.own_place(inner, "at")
        unit = UNITS[inner.choice("unit", UNITS, "unit", default="minutes")]
        value = value.get("default")
    try:
        default = DEFAULT_EXPIRY if value is None else parse_duration(value)
    except DurationError as error:
        part.note(str(error), "expires")
        default = DEFAULT_EXPIRY

    def expiry(scopes: Scopes) -> timedelta:
        given = as_text(place(scopes)) if place is not None else ""
        return int(given) * unit if given.isdecimal() and given.isascii() and len(given) <= len("999999") else default

    return expiry


def draw_code(maker: CodeMaker, scopes: Scopes, scope: Scope, row: int) -> str:
    """Return a new code for a recipient of a request."""
    call = scope.call
    if call is None:
        raise ValueError(scope)
    return draw_text(call.seed, call.number + row, "code", length=maker.digits(scopes), alphabet=DECIMAL_DIGITS)


REFUSALS: Mapping[CheckResult, str] = {
    CheckResult.WRONG: "is not the code that was sent last",
    CheckResult.EXPIRED: "was entered after the code expired",
    CheckResult.USED: "was used already, and a code works once",
    CheckResult.EXHAUSTED: "was entered after too many wrong tries",
}


def read_code_check(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    """Return the function of an operation that checks a one-time code which `make_code` has made."""
    node.only(CODE_KEYS, "code.check")
    find = _finder(node, context)
    code = context.own_place(node, "code")
    if code is None:
        node.note("is missing; write the parameter that has the code", "code")
    tries = context.document.number(node, "tries", TRIES)
    write = read_reply(node.take("reply", "a mapping"), context, context.names("code", "message"))
    by_id = "id" in node.value
    mine = bind(checks, {}, node, context)

    def run(world: World, call: Call) -> Outcome:
        scope = make_scope(world, call, context)
        subject = Subject(call, scope)
        refusal = first_refusal(mine, subject)
        if refusal is not None:
            return refusal
        values = (call.values,)
        given = as_text(code(values)) if code is not None else ""
        number, otp = find(world, call)
        most = tries(call.settings)
        result, after = ("unknown", None) if otp is None else _judge(otp, given, at=call.at, tries=most)
        why = f"code: {show(given)} {REFUSALS[CheckResult(result)]}" if otp is not None and result != "right" else ""
        why = why or f"{'id' if by_id else 'recipient'}: no code was made for {show(number)}"
        named = None if result == "right" else refuse(checks, f"code-{result}", (why,), subject)
        changes = (after,) if after is not None and after is not otp else ()
        if named is not None and not changes:
            return named
        left = max(0, most - after.wrong_tries) if after is not None else 0
        scope.message = world.messages.get(otp.message) if otp is not None else None
        scope.bound = {"code": {"result": result, "to": number, "tries_left": left}}
        reply = write(scope) if named is None else context.render_error(context.errors[named.error], named, call)
        return Plan(reply if result == "right" or named is not None else reply._replace(why=(why,)), changes=changes)

    return run


def _judge(otp: Otp, given: str, *, at: datetime, tries: int) -> tuple[str, Otp]:
    found, after = check_code(otp, given, at=at, tries=tries)
    return found.value, after


def _finder(node: SpecNode, context: OperationContext) -> Callable[[World, Call], tuple[str, Otp | None]]:
    """Return what finds the code of a request, by its recipient or by the id of its message, and what it looked for."""
    wanted = node.value.get("id")
    if wanted is None:
        to = node.value.get("recipient")
        recipient = reader_of(usual("recipient")) if to is None else context.place(node.inside("recipient", to))

        def find_by_recipient(world: World, call: Call) -> tuple[str, Otp | None]:
            number = as_text(recipient((call.values,)))
            return number, world.otps.get((call.owner.provider, call.owner.key, digits_alone(number)))

        return find_by_recipient
    if "recipient" in node.value:
        node.note("has recipient and id; write one of them", "id")
    place = context.place(node.inside("id", wanted))

    def find_by_id(world: World, call: Call) -> tuple[str, Otp | None]:
        message_id = as_text(place((call.values,)))
        message = world.message(message_id)
        if message is None or (message.provider, message.account) != (call.owner.provider, call.owner.key):
            return message_id, None
        otp = world.otps.get((message.provider, message.account, digits_alone(message.recipient)))
        return message_id, otp if otp is not None and otp.message == message.number else None

    return find_by_id
