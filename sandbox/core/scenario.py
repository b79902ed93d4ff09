"""How the providers behave today: values compiled from one YAML file and what it extends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase

from sandbox.core.account import Account, Sender, Template
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig
from sandbox.core.errors import FileMistake
from sandbox.core.rules import RuleIndex

SUFFIXES = (".yaml", ".yml", ".json")  # of a scenario's file


def is_file(word: str) -> bool:
    """Whether what somebody calls a scenario is a file, not a name."""
    return word.endswith(SUFFIXES) or "/" in word


@dataclass(frozen=True, slots=True)
class AccountRule:
    """What a scenario says of the accounts whose key matches the glob `key`; None leaves what was said before."""

    key: str
    closed: bool | None = None
    balance: Mapping[str, Decimal] | None = None
    senders: tuple[Sender, ...] | None = None
    templates: tuple[Template, ...] | None = None
    stop_list: frozenset[str] | None = None

    def about(self, key: str) -> bool:
        """Whether it speaks of the account with this key."""
        return fnmatchcase(key, self.key)

    def applied(self, account: Account) -> Account:
        """Return the account with this rule's values in place of its own."""
        return account._replace(
            balance={**account.balance, **(self.balance or {})},
            senders=account.senders if self.senders is None else self.senders,
            templates=account.templates if self.templates is None else self.templates,
            stop_list=account.stop_list if self.stop_list is None else self.stop_list,
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, ready to use: `settings`, `accounts` and `targets` are by provider.

    Of an account's rules all that match apply, a later one over an earlier. `rules` are by operation, and `words` say
    each of them, in order. `sources` are the texts that it was made from: its own first, then what it extends.
    `warnings` name what does not do what its author may expect.
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
    sources: tuple[str, ...] = ()
    warnings: tuple[FileMistake, ...] = ()

    @property
    def source(self) -> str:
        """Its own text, YAML or JSON."""
        return self.sources[0] if self.sources else ""

    def admits(self, provider: str, key: str) -> bool:
        """Whether a key leads to an account at all."""
        rules = self.accounts.get(provider, ())
        return not next((rule.closed for rule in reversed(rules) if rule.closed is not None and rule.about(key)), False)

    def applied(self, account: Account) -> Account:
        """Return an account with everything that this scenario says of it."""
        for rule in self.accounts.get(account.provider, ()):
            account = rule.applied(account) if rule.about(account.key) else account
        return account

    def opened(self, fresh: Account) -> Account | None:
        """Return the account that a key stands for, made from a fresh one; None when this scenario closes it."""
        return self.applied(fresh) if self.admits(fresh.provider, fresh.key) else None
