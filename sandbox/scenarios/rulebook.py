"""Reads the rules of one file, and finds those that can never be reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.core.rules import Rule, RuleInput
from sandbox.scenarios.actions import affects_only_messages, errors_in, read_actions
from sandbox.scenarios.conditions import MESSAGE_KEYS, Conditions, read_conditions
from sandbox.scenarios.rule_text import describe_rule
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.value_readers import is_regex, read_name
from sandbox.scenarios.yaml_node import Node

STRING_KEYS = ("account", *MESSAGE_KEYS)  # conditions in which a number stands for a string
RULE_KEYS = ("name", "when", "then")
NAME_LIMIT = 200  # characters
COMPARISON_LIMIT = 100_000  # of two rules, to find those that are never reached


@dataclass(frozen=True)
class ParsedRule:
    """A rule with its place, its conditions, and the operations that it can hold for."""

    node: Node
    rule: Rule
    conditions: Conditions
    operations: frozenset[str]
    needs_recipient: bool = False  # only a request with a recipient can match

    @cached_property
    def words(self) -> str:
        """The rule in words; only for a rule without mistakes."""
        return describe_rule(_as_written(self.node), self.rule.title)

    @property
    def always_decides(self) -> bool:
        """Whether it decides every request that meets its fixed conditions."""
        return not (self.conditions.uncertain or self.rule.then.passes)


def read_rules(node: Node, catalogue: Catalogue, *, scenario: str) -> tuple[ParsedRule, ...]:
    """Read the rules of a file in their order."""
    found = node.read_each(lambda entry: _read_rule(entry, catalogue, scenario=scenario))
    _check_names(found)
    _warn_of_unreachable(found)
    return found


def _read_rule(node: Node, catalogue: Catalogue, *, scenario: str) -> ParsedRule:
    fields = node.fields(RULE_KEYS, what="a rule")
    title = fields.read("name", _read_title, f"{scenario} rule {int(node.path[-1]) + 1}")
    key = f"{scenario}: {title}"
    empty = Node(node.file, node.path, {})
    conditions = fields.read("when", lambda each: read_conditions(each, catalogue, key=key), None) or read_conditions(
        empty, catalogue, key=key
    )
    scope, tests = conditions.scope, conditions.tests
    fields.need("then", "a rule needs the key then")
    actions = fields.read("then", lambda each: read_actions(each, scope, key=key), None) or read_actions(
        empty, scope, key=key
    )
    needs_recipient = affects_only_messages(actions)
    operations = scope.names
    if needs_recipient:
        if scope.operations and not scope.sending.operations:
            names = ", ".join(sorted(scope.names))
            fields.add_mistake("then", f"this has no effect: {names} does not send messages")
        operations, tests = scope.sending.names, (_has_recipient, *tests)
    rule = Rule(
        key,
        title,
        tests,
        conditions.counter,
        matches_refused=conditions.matches_refused,
        tail=conditions.tail,
        then=actions,
    )
    return ParsedRule(node, rule, conditions, operations.intersection(*errors_in(actions)), needs_recipient)


def _as_written(node: Node) -> object:
    """Return a rule in which the numbers that stand for strings are as written: `to: 0123` is not 123."""
    rule = node.entries() if node.file.document.written else {}
    if "when" not in rule:
        return node.value
    conditions = rule["when"].entries()
    shown = {name: each.written if name in STRING_KEYS else each.value for name, each in conditions.items()}
    when_shown = {name: conditions[name].value if value is None else value for name, value in shown.items()}
    if "header" in conditions:
        headers = conditions["header"].entries()
        when_shown["header"] = {name: each.written or each.value for name, each in headers.items()}
    return {**{name: each.value for name, each in rule.items()}, "when": when_shown}


def _has_recipient(case: RuleInput) -> bool:
    return case.to != ""


def _read_title(node: Node) -> str:
    value = read_name(node)
    if len(value) > NAME_LIMIT:
        node.fail(f"a name may have at most {NAME_LIMIT} characters; this one has {len(value)}")
    return value


def _check_names(rules: Sequence[ParsedRule]) -> None:
    """Add a mistake for each rule that has the name of an earlier one; the journal and messages name rules."""
    seen: set[str] = set()
    for each in rules:
        if each.rule.title in seen:
            path = (*each.node.path, "name")
            each.node.file.add_mistake(path, f"another rule is already called '{each.rule.title}'")
        seen.add(each.rule.title)


def _warn_of_unreachable(rules: Sequence[ParsedRule]) -> None:
    """Warn of each rule that an earlier rule leaves nothing to decide.

    This takes quadratic time: after COMPARISON_LIMIT comparisons, the rest of the file is not checked.
    """
    deciding: list[ParsedRule] = []
    left = COMPARISON_LIMIT
    for each in rules:
        left -= len(deciding)
        if left < 0:
            return
        before = decided_by(deciding, each)
        if before is not None:
            problem = f"never reached: '{before.rule.title}' matches every request that this rule would match"
            each.node.file.add_warning(each.node.path, problem)
        elif each.always_decides:
            deciding.append(each)


def decided_by(earlier: Iterable[ParsedRule], rule: ParsedRule) -> ParsedRule | None:
    """Return the first earlier rule that is sure to decide every request which `rule` could match."""
    return next((each for each in earlier if each.always_decides and _covers(each, rule)), None)


def _covers(general: ParsedRule, special: ParsedRule) -> bool:
    if not special.operations <= general.operations:
        return False
    if special.rule.matches_refused and (
        not general.rule.matches_refused or general.needs_recipient > special.needs_recipient
    ):
        return False
    return all(_implied(name, value, special.conditions) for name, value in general.conditions.fixed.items())


def _implied(name: str, value: str, conditions: Conditions) -> bool:
    """Return whether a fixed condition follows from those of a rule."""
    own = conditions.fixed.get(name)
    if own is None or value == "*":
        return value == "*" and (own is not None or name in {"account", "from"})
    if own == value:
        return True
    if name == "text":
        return value in own and not is_regex(value) and not is_regex(own)
    if name == "to" and conditions.has_national_number and not value.startswith("*"):
        return False
    return (name in {"to", "from", "account"} or name.startswith("header ")) and _is_wider(value, own)


def _is_wider(general: str, special: str) -> bool:
    """Return whether one glob matches all that another matches; True only for simple globs."""
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
    for literal in inner:
        at = rest.find(literal)
        if at < 0:
            return False
        rest = rest[at + len(literal) :]
    return True
