"""What one scenario file says by itself, and how it joins with the files it extends."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig
from sandbox.core.errors import FileMistake, near_miss
from sandbox.core.rules import START_STATE, Rule, RuleIndex, make_rule_index
from sandbox.core.scenario import AccountRule, Scenario
from sandbox.scenarios import settings
from sandbox.scenarios.rulebook import RuleRead, rules
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.value_readers import text, whole, word
from sandbox.scenarios.yaml_node import MistakeError, Node, Sheet

TOP = ("name", "description", "extends", "seed", "clock", "settings", "targets", "accounts", "rules")
SEEDS = 2**63  # a seed lies below it


@dataclass(frozen=True, slots=True)
class Part:
    """One file, read: `extends` names others."""

    name: str
    description: str = ""
    extends: tuple[Node, ...] = ()
    seed: int | None = None
    clock: ClockConfig | None = None
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    accounts: Mapping[str, tuple[AccountRule, ...]] = field(default_factory=dict)
    rules: tuple[RuleRead, ...] = ()
    source: str = ""

    @property
    def has_only_rules(self) -> bool:
        """Whether it gives nothing but its rules to a file that extends it."""
        others = (self.extends, self.settings, self.targets, self.accounts, self.clock)
        return self.seed is None and not any(others)


def read_part(sheet: Sheet, catalogue: Catalogue, *, stem: str, source: str) -> Part:
    """Read a file; its mistakes are noted on the sheet. `stem` names a scenario that does not name itself."""
    node = Node(sheet, (), sheet.document.value)
    try:
        fields = node.fields(TOP, what="a scenario")
    except MistakeError as mistake:
        sheet.note((), f"{mistake}; a scenario is a mapping with {', '.join(TOP)}")
        return Part(stem)
    name = fields.read("name", word, stem)
    return Part(
        name=name,
        description=fields.read("description", text, "").strip(),
        extends=fields.read("extends", extended, ()),
        seed=fields.read("seed", seed, None),
        clock=fields.read("clock", settings.clock, None),
        settings=fields.read("settings", lambda each: settings.settings(each, catalogue.packs), {}),
        targets=fields.read("targets", lambda each: settings.targets(each, catalogue.packs), {}),
        accounts=fields.read("accounts", lambda each: settings.accounts(each, catalogue.packs), {}),
        rules=fields.read("rules", lambda each: rules(each, catalogue, scenario=name), ()),
        source=source,
    )


def extended(node: Node) -> tuple[Node, ...]:
    """Read the names of other scenarios."""
    if isinstance(node.value, str):
        node.refuse(f"write extends: [{node.value}]")
    names = tuple(node.items())
    for each in names:
        word(each)
    return names


def seed(node: Node) -> int:
    """Read a seed."""
    value = whole(node)
    if not 0 <= value < SEEDS:
        node.refuse(f"{value} is no seed; write a whole number from 0 to 2**63 - 1")
    return value


def join(parts: Iterable[Part]) -> Scenario:
    """Return the scenario of a file and what it extends, the file itself first; of single values the first counts."""
    own, *others = parts
    every = (own, *others)
    settings: dict[str, dict[str, object]] = {}
    accounts: dict[str, tuple[AccountRule, ...]] = {}
    for part in reversed(every):
        for provider, values in part.settings.items():
            settings.setdefault(provider, {}).update(values)
        for provider, said in part.accounts.items():
            accounts[provider] = (*accounts.get(provider, ()), *said)
    read = [each for part in every for each in part.rules]
    return Scenario(
        name=own.name,
        description=own.description,
        settings=settings,
        accounts=accounts,
        targets={provider: target for part in reversed(every) for provider, target in part.targets.items()},
        seed=next((part.seed for part in every if part.seed is not None), None),
        clock=next((part.clock for part in every if part.clock is not None), None),
        rules=_indexed(read),
        words=tuple(each.words for each in read),
        sources=tuple(part.source for part in every),
    )


def _indexed(read: Sequence[RuleRead]) -> Mapping[str, RuleIndex]:
    """Return the rules by operation, in order; of two with one key, the later gets another."""
    by_operation: dict[str, list[Rule]] = {}
    seen: Counter[str] = Counter()
    for each in read:
        seen[each.rule.key] += 1
        again = seen[each.rule.key] > 1
        rule = replace(each.rule, key=f"{each.rule.key} ({seen[each.rule.key]})") if again else each.rule
        for operation in each.operations:
            by_operation.setdefault(operation, []).append(rule)
    return {operation: make_rule_index(found) for operation, found in by_operation.items()}


def unknown_states(parts: Sequence[Part]) -> Iterable[FileMistake]:
    """Return a mistake for each rule that waits for a state which nothing sets."""
    known = {START_STATE, *(each.rule.then.state for part in parts for each in part.rules if each.rule.then.state)}
    for part in parts:
        for each in part.rules:
            node = each.when.state
            if node is not None and isinstance(node.value, str) and node.value.strip() not in known:
                sheet = Sheet(node.sheet.document)
                sheet.note(node.path, f"no rule sets the state '{node.value}'.{near_miss(node.value, known)}")
                yield from sheet.mistakes
