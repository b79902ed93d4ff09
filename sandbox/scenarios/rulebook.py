"""Reads the rules of one file, and finds those that can never be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.core.rules import Case, Rule
from sandbox.scenarios.conditions import When, when
from sandbox.scenarios.node import Node
from sandbox.scenarios.patterns import is_regex
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.then import errors_in, only_messages, then
from sandbox.scenarios.values import word
from sandbox.scenarios.words import describe

RULE = ("name", "when", "then")
LONGEST = 200  # characters of a rule's name


@dataclass(frozen=True)
class RuleRead:
    """A rule as it was read: where it stands, its conditions, and the operations that it can hold for."""

    node: Node
    rule: Rule
    when: When
    operations: frozenset[str]

    @cached_property
    def words(self) -> str:
        """The rule in words; asked for only where it has no mistakes."""
        return describe(self.node.value, self.rule.title)


def rules(node: Node, catalogue: Catalogue, *, scenario: str) -> tuple[RuleRead, ...]:
    """Read the rules of a file in their order."""
    found = node.each(lambda entry: _rule(entry, catalogue, scenario=scenario))
    _note_namesakes(found)
    _note_unreachable(found)
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
    if only_messages(does):
        if scope.operations and not scope.sending.operations:
            fields.note("then", f"no message is sent by {', '.join(sorted(scope.names))}, so this changes nothing")
        scope, tests = scope.sending, (_has_recipient, *tests)
    rule = Rule(key, title, tests, met.counting, lenient=met.lenient, tail=met.tail, then=does)
    return RuleRead(node, rule, met, scope.names.intersection(*errors_in(does)))


def _has_recipient(case: Case) -> bool:
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


def _note_unreachable(read: Sequence[RuleRead]) -> None:
    """Note each rule that an earlier one, which always holds where this would, leaves nothing."""
    deciding: list[RuleRead] = []
    for each in read:
        before = next((other for other in deciding if _covers(other, each)), None)
        if before is not None:
            each.node.sheet.note(each.node.path, f"never reached: '{before.rule.title}' decides all that it would")
        elif not each.when.uncertain and not each.rule.then.passes:
            deciding.append(each)


def _covers(general: RuleRead, special: RuleRead) -> bool:
    if not special.operations <= general.operations or (special.rule.lenient and not general.rule.lenient):
        return False
    return all(_implied(name, value, special.when.fixed) for name, value in general.when.fixed.items())


def _implied(name: str, value: str, fixed: Mapping[str, str]) -> bool:
    """Whether a condition follows from the conditions `fixed`."""
    own = fixed.get(name)
    if own is None:
        return value == "*" and name in {"account", "from"}
    if value == "*" and name == "to":
        return True
    return own == value or (name in {"to", "from", "account"} and _wider(value, own))


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
