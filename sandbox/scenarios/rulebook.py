"""Reads the rules of one file, and finds those that can never be reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.core.rules import Rule, RuleInput
from sandbox.scenarios.actions import errors_in, only_messages, then
from sandbox.scenarios.conditions import OF_MESSAGES, When, when
from sandbox.scenarios.patterns import is_regex
from sandbox.scenarios.rule_text import describe
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.value_readers import word
from sandbox.scenarios.yaml_node import Node

TEXTS = ("account", *OF_MESSAGES)  # the conditions whose numbers are texts
RULE = ("name", "when", "then")
LONGEST = 200  # characters of a rule's name


@dataclass(frozen=True)
class RuleRead:
    """A rule as it was read: where it stands, its conditions, and the operations that it can hold for."""

    node: Node
    rule: Rule
    when: When
    operations: frozenset[str]
    to_messages: bool = False  # only a request with a recipient can meet it

    @cached_property
    def words(self) -> str:
        """The rule in words; asked for only where it has no mistakes."""
        return describe(_as_written(self.node), self.rule.title)

    @property
    def always_decides(self) -> bool:
        """Whether it decides whenever its conditions on the request hold."""
        return not (self.when.uncertain or self.rule.then.passes)


def rules(node: Node, catalogue: Catalogue, *, scenario: str) -> tuple[RuleRead, ...]:
    """Read the rules of a file in their order."""
    found = node.each(lambda entry: _rule(entry, catalogue, scenario=scenario))
    _note_namesakes(found)
    _warn_of_unreachable(found)
    return found


def _rule(node: Node, catalogue: Catalogue, *, scenario: str) -> RuleRead:
    fields = node.fields(RULE, what="a rule")
    title = fields.read("name", _name, f"{scenario} rule {int(node.path[-1]) + 1}")
    key = f"{scenario}: {title}"
    empty = Node(node.sheet, node.path, {})
    met = fields.read("when", lambda each: when(each, catalogue, key=key), None) or when(empty, catalogue, key=key)
    if "then" not in fields:
        fields.note("then", "a rule needs then: what it does")
    does = fields.read("then", lambda each: then(each, met.scope, key=key), None) or then(empty, met.scope, key=key)
    scope, tests = met.scope, met.tests
    to_messages = only_messages(does)
    if to_messages:
        if scope.operations and not scope.sending.operations:
            fields.note("then", f"no message is sent by {', '.join(sorted(scope.names))}, so this changes nothing")
        scope, tests = scope.sending, (_has_recipient, *tests)
    rule = Rule(key, title, tests, met.counting, matches_refused=met.matches_refused, tail=met.tail, then=does)
    return RuleRead(node, rule, met, scope.names.intersection(*errors_in(does)), to_messages)


def _as_written(node: Node) -> object:
    """Return a rule with the numbers of its conditions on texts as they are written: `to: 0123` is not 123."""
    rule = node.entries() if node.sheet.document.written else {}
    if "when" not in rule:
        return node.value
    conditions = rule["when"].entries()
    shown = {name: each.written if name in TEXTS else each.value for name, each in conditions.items()}
    when_shown = {name: conditions[name].value if value is None else value for name, value in shown.items()}
    if "header" in conditions:
        headers = conditions["header"].entries()
        when_shown["header"] = {name: each.written or each.value for name, each in headers.items()}
    return {**{name: each.value for name, each in rule.items()}, "when": when_shown}


def _has_recipient(case: RuleInput) -> bool:
    return case.to != ""


def _name(node: Node) -> str:
    value = word(node)
    if len(value) > LONGEST:
        node.refuse(f"a name has at most {LONGEST} characters; this has {len(value)}")
    return value


def _note_namesakes(read: Sequence[RuleRead]) -> None:
    """Note rules that are called as an earlier one: journal and messages name rules."""
    seen: set[str] = set()
    for each in read:
        if each.rule.title in seen:
            path = (*each.node.path, "name")
            each.node.sheet.note(path, f"another rule is called '{each.rule.title}' already")
        seen.add(each.rule.title)


def _warn_of_unreachable(read: Sequence[RuleRead]) -> None:
    """Warn of each rule that an earlier one, which always holds where this would, leaves nothing."""
    for place, each in enumerate(read):
        before = decided_by(read[:place], each)
        if before is not None:
            each.node.sheet.warn(each.node.path, f"never reached: '{before.rule.title}' decides all that it would")


def decided_by(earlier: Iterable[RuleRead], rule: RuleRead) -> RuleRead | None:
    """Return the first of some earlier rules that surely decides every request which a rule could hold for."""
    return next((each for each in earlier if each.always_decides and _covers(each, rule)), None)


def _covers(general: RuleRead, special: RuleRead) -> bool:
    if not special.operations <= general.operations:
        return False
    if special.rule.matches_refused and (not general.rule.matches_refused or general.to_messages > special.to_messages):
        return False
    return all(_implied(name, value, special.when) for name, value in general.when.fixed.items())


def _implied(name: str, value: str, when: When) -> bool:
    """Whether a condition follows from those of a rule."""
    own = when.fixed.get(name)
    if own is None or value == "*":
        return value == "*" and (own is not None or name in {"account", "from"})
    if own == value:
        return True
    if name == "text":
        return value in own and not is_regex(value) and not is_regex(own)
    if name == "to" and when.at_home and not value.startswith("*"):
        return False
    return (name in {"to", "from", "account"} or name.startswith("header ")) and _wider(value, own)


def _wider(general: str, special: str) -> bool:
    """Whether all that one glob matches is matched by another; said of simple globs alone."""
    if is_regex(general) or is_regex(special) or set("?[") & set(general):
        return False
    first, *middle = general.split("*")
    if not middle:
        return False
    *inner, last = middle
    place = len(first)
    if not (special.startswith(first) and special[place:].endswith(last)):
        return False
    rest = special[place : len(special) - len(last)]
    for part in inner:
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True
