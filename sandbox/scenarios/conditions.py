"""Reads `when`: the conditions of a rule, all of which must hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.core.rules import Condition, RuleCounter, RuleInput
from sandbox.scenarios.scope import Catalogue, Scope
from sandbox.scenarios.value_readers import (
    Pattern,
    read_boolean,
    read_choice,
    read_count,
    read_duration,
    read_glob,
    read_name,
    read_number,
    read_pattern,
    read_recipient,
    read_string,
    read_text_pattern,
)
from sandbox.scenarios.yaml_node import Fields, Node
from sandbox.specs.spec import NumberPlan
from sandbox.specs.types import show

COUNT_KEYS = ("every", "first", "nth", "after")
UNCERTAIN_KEYS = (*COUNT_KEYS, "chance", "state")  # depend on more than the request and its time
ALWAYS = {"every": ("1",), "chance": ("1", "1.0")}  # values with which they always hold
MESSAGE_KEYS = ("to", "from", "text")  # only a message has these
FIXED_KEYS = ("account", *MESSAGE_KEYS, "otp", "between", "during")
WHEN_KEYS = ("provider", "operation", *FIXED_KEYS, "header", *UNCERTAIN_KEYS, "per", "valid")
DURING_KEYS = ("from", "to")
COUNT_BY: Mapping[str, Callable[[RuleInput], str]] = {
    "to": lambda case: f"{case.provider} {case.to}",
    "account": lambda case: f"{case.provider} {case.account}",
}
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of one rule.

    `fixed` are those that depend only on the request and its time, as written, by key; `uncertain`: there are others.
    `has_national_number`: the recipient is a national number, which also matches with its country code.
    """

    scope: Scope
    tests: tuple[Condition, ...] = ()
    counter: RuleCounter | None = None
    matches_refused: bool = False
    tail: str | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)
    uncertain: bool = False
    has_national_number: bool = False
    state: Node | None = None


def read_conditions(node: Node, catalogue: Catalogue, *, key: str) -> Conditions:
    """Read the conditions of the rule `key`."""
    fields = node.fields(WHEN_KEYS, what="when")
    provider = fields.read("provider", read_name, "*")
    scope = catalogue.scope(fields, provider=provider, operation=fields.read("operation", read_name, "*"))
    message_keys = [name for name in MESSAGE_KEYS if name in fields]
    if message_keys:
        if scope.operations and not scope.sending.operations:
            names = ", ".join(sorted(scope.names))
            fields.add_mistake(message_keys[0], f"'{message_keys[0]}' never matches: {names} does not send messages")
        scope = scope.sending
    to = fields.read("to", read_recipient, None)
    return Conditions(
        scope=scope,
        tests=tuple(_tests(fields, to, catalogue.number_plans, key=key)),
        counter=_read_counter(fields),
        matches_refused=fields.read("valid", lambda each: read_choice(each, ["any"], what="kind of request"), None)
        is not None,
        tail=to.tail if to else None,
        fixed=_fixed(fields, to),
        uncertain=any(name in fields and _written(fields, name) not in ALWAYS.get(name, ()) for name in UNCERTAIN_KEYS),
        has_national_number=to is not None and bool(_providers_with_national(to, catalogue.number_plans)),
        state=fields.entries.get("state"),
    )


def _fixed(fields: Fields, to: Pattern | None) -> Mapping[str, str]:
    """Return the conditions on the request itself, in the form in which two rules are compared."""
    found = {name: _written(fields, name) for name in FIXED_KEYS if name in fields}
    headers = fields.read("header", lambda each: each.entries(), {})
    found |= {f"header {name.lower()}": entry.written or str(entry.value) for name, entry in headers.items()}
    return {**found, "to": to.source} if to else found


def _written(fields: Fields, name: str) -> str:
    entry = fields.entries[name]
    return (entry.written or str(entry.value)).strip()


def _read_counter(fields: Fields) -> RuleCounter | None:
    """Return the counter of a rule: which of the requests that meet its other conditions it holds for."""
    every = fields.read("every", read_count, None)
    first = fields.read("first", read_count, None)
    nth = fields.read("nth", _read_nth, None)
    after = fields.read("after", read_count, None)
    per = fields.read("per", lambda each: COUNT_BY[read_choice(each, COUNT_BY, what="way to count")], None)
    if not any(name in fields for name in COUNT_KEYS):
        if "per" in fields:
            fields.add_mistake("per", f"per needs one of {', '.join(COUNT_KEYS)}")
        return None

    def fits(number: int) -> bool:
        return (
            (every is None or number % every == 0)
            and (first is None or number <= first)
            and (nth is None or number in nth)
            and (after is None or number > after)
        )

    if first is not None and after is not None and first <= after:
        fields.add_mistake("first", f"this never matches: first is {first}, but after is {after}")
    return RuleCounter(per, fits)


def _read_nth(node: Node) -> frozenset[int]:
    places = frozenset(node.read_each(read_count))
    if not node.items():
        node.fail("write nth: [2, 5]")
    return places


def _tests(fields: Fields, to: Pattern | None, number_plans: Mapping[str, NumberPlan], *, key: str) -> list[Condition]:
    """Return the tests of a rule, the cheap ones first."""
    found: list[Condition | None] = [
        _to(to, number_plans) if to else None,
        fields.read("from", _from, None),
        fields.read("account", _account, None),
        fields.read("text", _text, None),
        fields.read("header", _headers, None),
        fields.read("otp", _otp, None),
        fields.read("state", _state, None),
        fields.read("during", _during, None),
        fields.read("between", _between, None),
        fields.read("chance", lambda each: _chance(each, key), None),
    ]
    return [test for test in found if test is not None]


def _to(pattern: Pattern, number_plans: Mapping[str, NumberPlan]) -> Condition:
    matches = pattern.matches
    providers = _providers_with_national(pattern, number_plans)
    if not providers:
        return lambda case: matches(case.to)
    return lambda case: (
        matches(case.to)
        or (case.provider in providers and case.to == number_plans[case.provider].country + pattern.source)
    )


def _providers_with_national(pattern: Pattern, number_plans: Mapping[str, NumberPlan]) -> set[str]:
    """Return the providers in whose country a pattern is a complete number without its country code."""
    return {
        name
        for name, plan in number_plans.items()
        if pattern.tail == pattern.source and len(pattern.source) == plan.national
    }


def _from(node: Node) -> Condition:
    matches = read_pattern(node).matches
    return lambda case: matches(case.from_)


def _account(node: Node) -> Condition:
    matches = read_glob(node).matches
    return lambda case: matches(case.account)


def _text(node: Node) -> Condition:
    matches = read_text_pattern(node).matches
    return lambda case: matches(case.text)


def _headers(node: Node) -> Condition:
    wanted = {name.lower(): read_glob(entry).matches for name, entry in node.entries().items()}
    return lambda case: all(name in case.headers and matches(case.headers[name]) for name, matches in wanted.items())


def _otp(node: Node) -> Condition:
    wanted = read_boolean(node)
    return lambda case: case.is_otp() is wanted


def _state(node: Node) -> Condition:
    wanted = read_name(node)
    return lambda case: case.memory.state == wanted


def _during(node: Node) -> Condition:
    fields = node.fields(DURING_KEYS, what="during")
    begin = fields.read("from", read_duration, timedelta(0))
    end = fields.read("to", read_duration, timedelta.max)
    if not fields.entries:
        node.fail("write during: {from: 2m, to: 5m}, or only one of the two")
    if begin >= end:
        node.fail("from must be earlier than to")
    return lambda case: begin <= case.elapsed < end


def _between(node: Node) -> Condition:
    entries = node.items()
    if len(entries) not in {2, 3}:
        node.fail('write between: ["22:00", "06:00", Europe/Sarajevo]; the default time zone is UTC')
    begin, end = map(_read_clock_time, entries[:2])
    if begin == end:
        node.fail("the two times must differ")
    zone = _read_zone(entries[2]) if len(entries) > len((begin, end)) else ZoneInfo("UTC")

    def test(case: RuleInput) -> bool:
        now = case.at.astimezone(zone).time()
        return begin <= now < end if begin < end else now >= begin or now < end

    return test


def _read_clock_time(node: Node) -> time:
    match = CLOCK_TIME.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is None:
        node.fail(f'invalid time of day {node.written or show(node.value)}; write it as "06:30"')
    return time(int(match[1]), int(match[2]))


def _read_zone(node: Node) -> ZoneInfo:
    try:
        return ZoneInfo(read_string(node))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        node.fail(f"no time zone is called '{node.value}'; write one such as Europe/Sarajevo")


def _chance(node: Node, key: str) -> Condition:
    share = read_number(node)
    if not 0 < share <= 1:
        node.fail(f"invalid chance {share:g}; write a number above 0, up to 1: 0.01 is one in a hundred")
    return lambda case: case.draw(f"{key} chance") < share
