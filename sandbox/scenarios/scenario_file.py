"""Reads one scenario file, and joins it with the files that it extends.

`rulebook` reads the rules; this module reads the rest: settings, accounts, targets, clock and seed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from sandbox.core.account import Approval, Sender, Template
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import FileMistake, near_miss
from sandbox.core.rules import START_STATE, Rule, RuleIndex, make_rule_index
from sandbox.core.scenario import AccountRule, Scenario, ScenarioSource
from sandbox.providers.registry import Pack, Registry
from sandbox.scenarios.rulebook import ParsedRule, read_rules
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.value_readers import (
    read_amount,
    read_as_written,
    read_boolean,
    read_choice,
    read_integer,
    read_name,
    read_number_as_written,
    read_positive_number,
    read_string,
    read_timestamp,
)
from sandbox.scenarios.yaml_node import MistakeError, Node, SourceFile

SCENARIO_KEYS = ("name", "description", "extends", "seed", "clock", "settings", "targets", "accounts", "rules")
ACCOUNT_KEYS = ("closed", "balance", "senders", "brands", "templates", "stop_list")
SENDER_KEYS = ("id", "name", "state")
TEMPLATE_KEYS = ("id", "text")
TARGET_KEYS = ("url", "key")
CLOCK_KEYS = ("mode", "rate", "start")

SEED_LIMIT = 2**63  # exclusive
SENDER_CREATED = datetime(2020, 1, 1, tzinfo=UTC)  # of every sender in a scenario
URL_LIMIT = 8192  # characters

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """The content of one file; `extends` names other scenarios."""

    name: str
    description: str = ""
    extends: tuple[Node, ...] = ()
    seed: int | None = None
    clock: ClockConfig | None = None
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    accounts: Mapping[str, tuple[AccountRule, ...]] = field(default_factory=dict)
    rules: tuple[ParsedRule, ...] = ()
    source: str = ""

    @property
    def has_only_rules(self) -> bool:
        """Whether a file that extends this one takes over only its rules."""
        others = (self.extends, self.settings, self.targets, self.accounts, self.clock)
        return self.seed is None and not any(others)


def read_file(file: SourceFile, catalogue: Catalogue, *, stem: str, source: str) -> ScenarioFile:
    """Read a file, and add its mistakes to `file`. `stem` names a scenario that does not name itself."""
    node = Node(file, (), file.document.value)
    try:
        fields = node.fields(SCENARIO_KEYS, what="a scenario")
    except MistakeError as mistake:
        file.add_mistake((), f"{mistake}; a scenario is a mapping with the keys {', '.join(SCENARIO_KEYS)}")
        return ScenarioFile(stem)
    name = fields.read("name", read_name, stem)
    packs = catalogue.packs
    return ScenarioFile(
        name=name,
        description=fields.read("description", read_string, "").strip(),
        extends=fields.read("extends", _read_extends, ()),
        seed=fields.read("seed", _read_seed, None),
        clock=fields.read("clock", _read_clock, None),
        settings=fields.read("settings", lambda each: _read_by_provider(each, packs, _read_settings), {}),
        targets=fields.read("targets", lambda each: _read_by_provider(each, packs, _read_target), {}),
        accounts=fields.read("accounts", lambda each: _read_accounts(each, packs), {}),
        rules=fields.read("rules", lambda each: read_rules(each, catalogue, scenario=name), ()),
        source=source,
    )


def join_files(files: Iterable[ScenarioFile]) -> Scenario:
    """Return the scenario of a file and those that it extends, the file itself first; the first single value wins."""
    own, *others = files
    every = (own, *others)
    settings: dict[str, dict[str, object]] = {}
    accounts: dict[str, tuple[AccountRule, ...]] = {}
    for file in reversed(every):
        for provider, values in file.settings.items():
            settings.setdefault(provider, {}).update(values)
        for provider, rules in file.accounts.items():
            accounts[provider] = (*accounts.get(provider, ()), *rules)
    parsed = [each for file in every for each in file.rules]
    return Scenario(
        name=own.name,
        description=own.description,
        settings=settings,
        accounts=accounts,
        targets={provider: target for file in reversed(every) for provider, target in file.targets.items()},
        seed=next((file.seed for file in every if file.seed is not None), None),
        clock=next((file.clock for file in every if file.clock is not None), None),
        rules=_index_rules(parsed),
        words=tuple(each.words for each in parsed),
        sources=tuple(ScenarioSource(file.name, file.source) for file in every),
    )


def _index_rules(rules: Sequence[ParsedRule]) -> Mapping[str, RuleIndex]:
    """Return the rules by operation, in order; if two rules have the same key, the later one gets another key."""
    by_operation: dict[str, list[Rule]] = {}
    seen: Counter[str] = Counter()
    for each in rules:
        seen[each.rule.key] += 1
        again = seen[each.rule.key] > 1
        rule = replace(each.rule, key=f"{each.rule.key} ({seen[each.rule.key]})") if again else each.rule
        for operation in each.operations:
            by_operation.setdefault(operation, []).append(rule)
    return {operation: make_rule_index(found) for operation, found in by_operation.items()}


def find_unknown_states(files: Sequence[ScenarioFile]) -> Iterable[FileMistake]:
    """Yield a mistake for each rule that waits for a state which no rule sets."""
    rules = [each for file in files for each in file.rules]
    known = {START_STATE, *(each.rule.then.state for each in rules if each.rule.then.state)}
    for each in rules:
        node = each.conditions.state
        if node is not None and isinstance(node.value, str) and node.value.strip() not in known:
            problem = f"no rule sets the state '{node.value}'.{near_miss(node.value, known)}"
            yield node.file.document.mistake(node.path, problem)


def _read_extends(node: Node) -> tuple[Node, ...]:
    """Read the names of other scenarios."""
    if isinstance(node.value, str):
        node.fail(f"write extends: [{node.value}]")
    names = tuple(node.items())
    for each in names:
        read_name(each)
    return names


def _read_seed(node: Node) -> int:
    value = read_integer(node)
    if not 0 <= value < SEED_LIMIT:
        node.fail(f"invalid seed {value}; write an integer from 0 to 2**63 - 1")
    return value


def _read_clock(node: Node) -> ClockConfig:
    fields = node.fields(CLOCK_KEYS, what="clock")
    mode = ClockMode(fields.read("mode", lambda each: read_choice(each, ClockMode, what="mode"), ClockMode.REAL))
    if "rate" in fields and mode is not ClockMode.SCALED:
        fields.add_mistake("rate", "rate needs mode: scaled")
    if mode is ClockMode.SCALED and "rate" not in fields:
        fields.add_mistake("mode", "mode: scaled needs a rate, such as rate: 60")
    return ClockConfig(mode, fields.read("rate", read_positive_number, 1.0), fields.read("start", read_timestamp, None))


def _read_by_provider(node: Node, packs: Registry, reader: Callable[[Pack, Node], Value]) -> dict[str, Value]:
    """Return the result of `reader` for the value of each provider."""
    fields = node.fields(packs, what="the list of providers")
    found: dict[str, Value] = {}
    for name, pack in packs.items():
        value = fields.read(name, partial(reader, pack), None)
        if value is not None:
            found[name] = value
    return found


def _read_settings(pack: Pack, node: Node) -> Mapping[str, object]:
    from sandbox.specs.validation import compile_validator  # noqa: PLC0415 - most scenarios have no settings

    known = pack.spec.settings
    fields = node.fields(known, what=f"settings.{pack.spec.name}")
    found: dict[str, object] = {}
    for name, entry in fields.entries.items():
        if name in known:
            schema = {"properties": {name: known[name].schema}}
            if known[name].schema.get("type") == "string" and entry.written is not None:
                problem = f"{entry.written} is not a string; put it in quotes. {known[name].description}"
                fields.add_mistake(name, problem)
                continue
            problems = compile_validator(schema)({name: entry.value}, {})
            for violation in problems:
                fields.add_mistake(name, f"{violation.problem}. {known[name].description}")
            if not problems:
                found[name] = entry.value
    return found


def _read_target(_: Pack, node: Node) -> Target:
    if isinstance(node.value, str):
        return Target(_read_url(node))
    fields = node.fields(TARGET_KEYS, what="a target")
    fields.need("url", "a target needs a url")
    return Target(fields.read("url", _read_url, ""), fields.read("key", read_name, None))


def _read_url(node: Node) -> str:
    value = read_name(node)
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or len(value) > URL_LIMIT:
        node.fail(f"invalid callback URL '{value[:60]}'; write http://HOST:PORT/PATH")
    if parts.username or parts.password:
        node.fail("the URL must not contain credentials")
    return value


def _read_accounts(node: Node, packs: Registry) -> Mapping[str, tuple[AccountRule, ...]]:
    """Read the values of accounts; a provider may be a glob."""
    found: dict[str, tuple[AccountRule, ...]] = {}
    for pattern, entry in node.entries().items():
        names = [name for name in packs if fnmatchcase(name, pattern)]
        if not names:
            node.file.add_mistake(entry.path, f"no provider is called '{pattern}'.{near_miss(pattern, packs)}")
        for name in names:
            before = len(node.file.mistakes)
            rules = [_read_account(account, key, packs[name]) for key, account in entry.entries().items()]
            found[name] = (*found.get(name, ()), *rules)
            if len(node.file.mistakes) > before:
                break  # the other providers of a glob would add the same mistakes
    return found


def _read_account(node: Node, key: str, pack: Pack) -> AccountRule:
    fields = node.fields(ACCOUNT_KEYS, what="an account")
    if "senders" in fields and "brands" in fields:
        fields.add_mistake("brands", "senders and brands are the same; write only one of them")
    senders = fields.read("senders", lambda each: each.read_each(_read_sender), None)
    return AccountRule(
        key=key,
        closed=fields.read("closed", read_boolean, None),
        balance=fields.read("balance", lambda each: _read_balance(each, pack), None),
        senders=fields.read("brands", lambda each: each.read_each(_read_sender), senders),
        templates=fields.read("templates", lambda each: each.read_each(_read_template), None),
        stop_list=fields.read("stop_list", lambda each: frozenset(each.read_each(read_number_as_written)), None),
    )


def _read_balance(node: Node, pack: Pack) -> Mapping[str, Decimal]:
    name, types = pack.spec.name, tuple(pack.spec.document["x-sandbox"]["account"]["balance"])
    if isinstance(node.value, dict):
        fields = node.fields(types, what=f"the balance of {name}")
        read = {each: fields.read(each, read_amount, None) for each in types}
        return {each: value for each, value in read.items() if value is not None}
    if not types:
        node.fail(f"{name} has no balance; add x-sandbox.account.balance to its document")
    if len(types) > 1:
        node.fail(f"{name} has several balances; write balance: {{{types[0]}: …}}.{near_miss('', types)}")
    return {types[0]: read_amount(node)}


def _read_sender(node: Node) -> Sender:
    fields = node.fields(SENDER_KEYS, what="a sender")
    name = fields.read("id", read_as_written, "")
    fields.need("id", "a sender needs an id")
    state = fields.read("state", lambda each: read_choice(each, Approval, what="state"), Approval.APPROVED)
    return Sender(name, fields.read("name", read_as_written, name), Approval(state), SENDER_CREATED)


def _read_template(node: Node) -> Template:
    fields = node.fields(TEMPLATE_KEYS, what="a template")
    for name in TEMPLATE_KEYS:
        fields.need(name, f"a template needs {name}")
    return Template(fields.read("id", read_as_written, ""), fields.read("text", read_string, ""))
