"""Scenarios: how providers behave, compiled from a YAML file and the files that it extends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from sandbox.core.account import Account, Sender, Template
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig
from sandbox.core.errors import FileMistake
from sandbox.core.rules import RuleIndex

matches = lru_cache(maxsize=1024)(fnmatchcase)  # every request asks for its key
SUFFIXES = (".yaml", ".yml", ".json")  # of scenario files


def is_file(word: str) -> bool:
    """Return whether a scenario is given as a file, not by name."""
    return word.endswith(SUFFIXES) or "/" in word


@dataclass(frozen=True, slots=True)
class AccountRule:
    """What a scenario sets for accounts whose key matches the glob `key`; None leaves a value as it is."""

    key: str
    closed: bool | None = None
    balance: Mapping[str, Decimal] | None = None
    senders: tuple[Sender, ...] | None = None
    templates: tuple[Template, ...] | None = None
    stop_list: frozenset[str] | None = None

    def about(self, key: str) -> bool:
        """Return whether the rule applies to the account of this key."""
        return matches(key, self.key)

    def applied(self, account: Account) -> Account:
        """Return the account with this rule's values."""
        return account._replace(
            balance={**account.balance, **(self.balance or {})},
            senders=account.senders if self.senders is None else self.senders,
            templates=account.templates if self.templates is None else self.templates,
            stop_list=account.stop_list if self.stop_list is None else self.stop_list,
        )


class ScenarioSource(NamedTuple):
    """The text of one file, and the scenario name that its rules have."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A compiled scenario; `settings`, `accounts` and `targets` are by provider, `rules` by operation.

    All matching account rules apply, later ones over earlier ones. `words` describes each rule, in order. `sources`
    has the texts that it was compiled from: its own first, then those it extends.
    """

    name: str
    description: str = ""
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    accounts: Mapping[str, tuple[AccountRule, ...]] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    seed: int | None = None
    clock: ClockConfig | None = None
    rules: Mapping[str, RuleIndex] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    sources: tuple[ScenarioSource, ...] = ()
    warnings: tuple[FileMistake, ...] = ()

    @property
    def source(self) -> str:
        """The scenario's own text, YAML or JSON."""
        return self.sources[0].text if self.sources else ""

    def admits(self, provider: str, key: str) -> bool:
        """Return whether a key has an account."""
        rules = self.accounts.get(provider)
        if not rules:
            return True
        closed = [rule.closed for rule in rules if rule.closed is not None and rule.about(key)]
        return not closed or not closed[-1]

    def applied(self, account: Account) -> Account:
        """Return the account with the values of all rules that match it."""
        for rule in self.accounts.get(account.provider, ()):
            account = rule.applied(account) if rule.about(account.key) else account
        return account

    def opened(self, fresh: Account) -> Account | None:
        """Return the account of a new key, made from a fresh account; None if this scenario closes it."""
        return self.applied(fresh) if self.admits(fresh.provider, fresh.key) else None
