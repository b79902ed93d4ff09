"""Reads what a scenario says apart from its rules: settings, accounts, targets, clock."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from sandbox.core.account import Approval, Sender, Template
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import near_miss
from sandbox.core.scenario import AccountRule
from sandbox.providers.registry import Pack, Registry
from sandbox.scenarios.value_readers import amount, digits, flag, instant, one_of, positive, text, word
from sandbox.scenarios.yaml_node import Node

ACCOUNT = ("closed", "balance", "senders", "brands", "templates", "stop_list")
SENDER = ("id", "name", "state")
TEMPLATE = ("id", "text")
TARGET = ("url", "key")
CLOCK = ("mode", "rate", "start")

EVER = datetime(2020, 1, 1, tzinfo=UTC)  # when a sender of a scenario was made
URL_LIMIT = 8192  # characters

Value = TypeVar("Value")


def settings(node: Node, packs: Registry) -> Mapping[str, Mapping[str, object]]:
    """Read the settings, by provider."""
    return by_provider(node, packs, _settings)


def accounts(node: Node, packs: Registry) -> Mapping[str, tuple[AccountRule, ...]]:
    """Read what is said of accounts; a provider may be a glob."""
    found: dict[str, tuple[AccountRule, ...]] = {}
    for pattern, entry in node.entries().items():
        names = [name for name in packs if fnmatchcase(name, pattern)]
        if not names:
            node.sheet.note(entry.path, f"no provider is called '{pattern}'.{near_miss(pattern, packs)}")
        for name in names:
            before = len(node.sheet.mistakes)
            found[name] = (*found.get(name, ()), *_accounts(entry, packs[name]))
            if len(node.sheet.mistakes) > before:
                break  # the other providers of a glob would find the same
    return found


def targets(node: Node, packs: Registry) -> Mapping[str, Target]:
    """Read where callbacks go, by provider."""
    return by_provider(node, packs, _target)


def by_provider(node: Node, packs: Registry, reader: Callable[[Pack, Node], Value]) -> dict[str, Value]:
    """Return what a reader makes of the value of each provider; unknown providers are noted."""
    fields = node.fields(packs, what="the list of providers")
    found: dict[str, Value] = {}
    for name, pack in packs.items():
        value = fields.read(name, partial(reader, pack), None)
        if value is not None:
            found[name] = value
    return found


def clock(node: Node) -> ClockConfig:
    """Read how the clock runs."""
    fields = node.fields(CLOCK, what="clock")
    mode = ClockMode(fields.read("mode", lambda each: one_of(each, ClockMode, what="mode"), ClockMode.REAL))
    if "rate" in fields and mode is not ClockMode.SCALED:
        fields.note("rate", "a rate goes with mode: scaled alone")
    if mode is ClockMode.SCALED and "rate" not in fields:
        fields.note("mode", "a scaled clock needs a rate, such as rate: 60")
    return ClockConfig(mode, fields.read("rate", positive, 1.0), fields.read("start", instant, None))


def _settings(pack: Pack, node: Node) -> Mapping[str, object]:
    from sandbox.specs.validation import thorough  # noqa: PLC0415 - most scenarios have no settings

    known = pack.spec.settings
    fields = node.fields(known, what=f"the settings of {pack.spec.name}")
    found: dict[str, object] = {}
    for name, entry in fields.entries.items():
        if name in known:
            schema = {"properties": {name: known[name].schema}}
            if known[name].schema.get("type") == "string" and entry.written is not None:
                fields.note(name, f"{entry.written} is no text; put it in quotes. {known[name].description}")
                continue
            problems = thorough(schema)({name: entry.value}, {})
            for problem in problems:
                fields.note(name, f"{problem.problem}. {known[name].description}")
            if not problems:
                found[name] = entry.value
    return found


def _accounts(node: Node, pack: Pack) -> list[AccountRule]:
    return [_account(entry, key, pack) for key, entry in node.entries().items()]


def _account(node: Node, key: str, pack: Pack) -> AccountRule:
    fields = node.fields(ACCOUNT, what="an account")
    if "senders" in fields and "brands" in fields:
        fields.note("brands", "senders and brands are the same; write one of them")
    senders = fields.read("senders", lambda each: each.each(_sender), None)
    return AccountRule(
        key=key,
        closed=fields.read("closed", flag, None),
        balance=fields.read("balance", lambda each: _balance(each, pack), None),
        senders=fields.read("brands", lambda each: each.each(_sender), senders),
        templates=fields.read("templates", lambda each: each.each(_template), None),
        stop_list=fields.read("stop_list", lambda each: frozenset(each.each(digits)), None),
    )


def _balance(node: Node, pack: Pack) -> Mapping[str, Decimal]:
    purses = tuple(pack.spec.document["x-sandbox"]["account"]["balance"])
    if isinstance(node.value, dict):
        fields = node.fields(purses, what=f"the balance of {pack.spec.name}")
        read = {purse: fields.read(purse, amount, None) for purse in purses}
        return {purse: value for purse, value in read.items() if value is not None}
    if not purses:
        node.refuse(f"{pack.spec.name} has no purse; write x-sandbox.account.balance in its document")
    if len(purses) > 1:
        node.refuse(f"{pack.spec.name} has several purses; write balance: {{{purses[0]}: …}}.{near_miss('', purses)}")
    return {purses[0]: amount(node)}


def _sender(node: Node) -> Sender:
    fields = node.fields(SENDER, what="a sender")
    name = fields.read("id", digits, "")
    if "id" not in fields:
        fields.note("id", "a sender needs an id")
    state = fields.read("state", lambda each: one_of(each, Approval, what="state"), Approval.APPROVED)
    return Sender(name, fields.read("name", digits, name), Approval(state), EVER)


def _template(node: Node) -> Template:
    fields = node.fields(TEMPLATE, what="a template")
    for name in TEMPLATE:
        if name not in fields:
            fields.note(name, f"a template needs {name}")
    return Template(fields.read("id", digits, ""), fields.read("text", text, ""))


def _target(_: Pack, node: Node) -> Target:
    if isinstance(node.value, str):
        return Target(_url(node))
    fields = node.fields(TARGET, what="a target")
    if "url" not in fields:
        fields.note("url", "a target needs a url")
    return Target(fields.read("url", _url, ""), fields.read("key", word, None))


def _url(node: Node) -> str:
    value = word(node)
    try:
        parts = urlsplit(value)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or len(value) > URL_LIMIT:
        node.refuse(f"'{value[:60]}' is no URL for callbacks; write http://HOST:PORT/PATH")
    if parts.username or parts.password:
        node.refuse("the URL must not carry credentials")
    return value
