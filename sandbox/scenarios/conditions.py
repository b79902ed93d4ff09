"""Reads `when`: the conditions of a rule, all of which must hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.core.rules import Condition, RuleCounter, RuleInput
from sandbox.scenarios.counting import COUNTS, counting
from sandbox.scenarios.patterns import Pattern, glob, glob_or_regex, recipient, words_or_regex
from sandbox.scenarios.scope import Catalogue, Scope
from sandbox.scenarios.value_readers import duration, flag, number, one_of, text, word
from sandbox.scenarios.yaml_node import Fields, Node
from sandbox.specs.spec import NumberPlan
from sandbox.specs.types import show

UNCERTAIN = (*COUNTS, "chance", "state")  # what holds or not by more than the request and its time
ALWAYS = {"every": ("1",), "chance": ("1", "1.0")}  # and when that holds all the same
OF_MESSAGES = ("to", "from", "text")  # what only a message has
FIXED = ("account", *OF_MESSAGES, "otp", "between", "during")
WHEN = ("provider", "operation", *FIXED, "header", *UNCERTAIN, "per", "valid")
DURING = ("from", "to")
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of one rule.

    `fixed` are those that hold or not for one request, whatever came before it, as they are written, by key;
    `uncertain`: there are others. `at_home`: a number of the provider's country is met with its country code, too.
    """

    scope: Scope
    tests: tuple[Condition, ...] = ()
    counting: RuleCounter | None = None
    matches_refused: bool = False
    tail: str | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)
    uncertain: bool = False
    at_home: bool = False
    state: Node | None = None


def when(node: Node, catalogue: Catalogue, *, key: str) -> When:
    """Read the conditions of the rule `key`."""
    fields = node.fields(WHEN, what="when")
    provider = fields.read("provider", word, "*")
    scope = catalogue.scope(fields, provider=provider, operation=fields.read("operation", word, "*"))
    of_messages = [name for name in OF_MESSAGES if name in fields]
    if of_messages:
        if scope.operations and not scope.sending.operations:
            names = ", ".join(sorted(scope.names))
            fields.note(of_messages[0], f"'{of_messages[0]}' never holds: no message is sent by {names}")
        scope = scope.sending
    to = fields.read("to", recipient, None)
    return When(
        scope=scope,
        tests=tuple(_tests(fields, to, catalogue.homes, key=key)),
        counting=counting(fields),
        matches_refused=fields.read("valid", lambda each: one_of(each, ["any"], what="kind of request"), None)
        is not None,
        tail=to.tail if to else None,
        fixed=_fixed(fields, to),
        uncertain=any(name in fields and _written(fields, name) not in ALWAYS.get(name, ()) for name in UNCERTAIN),
        at_home=to is not None and bool(_at_home(to, catalogue.homes)),
        state=fields.entries.get("state"),
    )


def _fixed(fields: Fields, to: Pattern | None) -> Mapping[str, str]:
    """Return the conditions on a request itself, as they are compared with those of another rule."""
    found = {name: _written(fields, name) for name in FIXED if name in fields}
    headers = fields.read("header", lambda each: each.entries(), {})
    found |= {f"header {name.lower()}": entry.written or str(entry.value) for name, entry in headers.items()}
    return {**found, "to": to.source} if to else found


def _written(fields: Fields, name: str) -> str:
    entry = fields.entries[name]
    return (entry.written or str(entry.value)).strip()


def _tests(fields: Fields, to: Pattern | None, homes: Mapping[str, NumberPlan], *, key: str) -> list[Condition]:
    """Return the tests of a rule, the cheap ones first."""
    found: list[Condition | None] = [
        _to(to, homes) if to else None,
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


def _to(pattern: Pattern, homes: Mapping[str, NumberPlan]) -> Condition:
    matches = pattern.matches
    at_home = _at_home(pattern, homes)
    if not at_home:
        return lambda case: matches(case.to)
    return lambda case: (
        matches(case.to) or (case.provider in at_home and case.to == homes[case.provider].country + pattern.source)
    )


def _at_home(pattern: Pattern, homes: Mapping[str, NumberPlan]) -> set[str]:
    """Return the providers in whose country a pattern is a whole number, written without the country's code."""
    return {
        name for name, home in homes.items() if pattern.tail == pattern.source and len(pattern.source) == home.national
    }


def _from(node: Node) -> Condition:
    matches = glob_or_regex(node).matches
    return lambda case: matches(case.from_)


def _account(node: Node) -> Condition:
    matches = glob(node).matches
    return lambda case: matches(case.account)


def _text(node: Node) -> Condition:
    matches = words_or_regex(node).matches
    return lambda case: matches(case.text)


def _headers(node: Node) -> Condition:
    wanted = {name.lower(): glob(entry).matches for name, entry in node.entries().items()}
    return lambda case: all(name in case.headers and matches(case.headers[name]) for name, matches in wanted.items())


def _otp(node: Node) -> Condition:
    wanted = flag(node)
    return lambda case: case.is_otp() is wanted


def _state(node: Node) -> Condition:
    wanted = word(node)
    return lambda case: case.memory.state == wanted


def _during(node: Node) -> Condition:
    fields = node.fields(DURING, what="during")
    begin = fields.read("from", duration, timedelta(0))
    end = fields.read("to", duration, timedelta.max)
    if not fields.entries:
        node.refuse("write during: {from: 2m, to: 5m}, or one of the two")
    if begin >= end:
        node.refuse("it is over before it begins")
    return lambda case: begin <= case.elapsed < end


def _between(node: Node) -> Condition:
    entries = node.items()
    if len(entries) not in {2, 3}:
        node.refuse('write between: ["22:00", "06:00", Europe/Sarajevo]; without a zone it is UTC')
    begin, end = map(_clock_time, entries[:2])
    if begin == end:
        node.refuse("it is over when it begins")
    zone = _zone(entries[2]) if len(entries) > len((begin, end)) else ZoneInfo("UTC")

    def test(case: RuleInput) -> bool:
        now = case.at.astimezone(zone).time()
        return begin <= now < end if begin < end else now >= begin or now < end

    return test


def _clock_time(node: Node) -> time:
    match = CLOCK_TIME.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is None:
        node.refuse(f'{node.written or show(node.value)} is no time of day; write it as "06:30"')
    return time(int(match[1]), int(match[2]))


def _zone(node: Node) -> ZoneInfo:
    try:
        return ZoneInfo(text(node))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        node.refuse(f"no time zone is called '{node.value}'; write one such as Europe/Sarajevo")


def _chance(node: Node, key: str) -> Condition:
    share = number(node)
    if not 0 < share <= 1:
        node.refuse(f"{share:g} is no chance; it goes from 0 to 1: one in a hundred is 0.01")
    return lambda case: case.draw(f"{key} chance") < share
