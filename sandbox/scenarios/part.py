"""What one scenario file says by itself, and how it joins with the files it extends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.core.callback import Target
from sandbox.core.scenario import AccountRule, Running, Scenario
from sandbox.files import Document
from sandbox.packs import Packs
from sandbox.scenarios import opening
from sandbox.scenarios.node import MistakeError, Node, Sheet
from sandbox.scenarios.values import text, whole, word

TOP = ("name", "description", "extends", "seed", "clock", "settings", "targets", "accounts", "rules")
SEEDS = 2**63  # a seed lies below it


@dataclass(frozen=True, slots=True)
class Part:
    """One file, read: `extends` names others."""

    name: str
    description: str = ""
    extends: tuple[Node, ...] = ()
    seed: int | None = None
    clock: Running | None = None
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    accounts: Mapping[str, tuple[AccountRule, ...]] = field(default_factory=dict)
    source: str = ""


def read_part(sheet: Sheet, packs: Packs, *, stem: str, source: str) -> Part:
    """Read a file; its mistakes are noted on the sheet. `stem` names a scenario that does not name itself."""
    node = Node(sheet, (), sheet.document.value)
    try:
        fields = node.fields(TOP, what="a scenario")
    except MistakeError as mistake:
        sheet.note((), f"{mistake}; a scenario is a mapping with {', '.join(TOP)}")
        return Part(stem)
    return Part(
        name=fields.read("name", word, stem),
        description=fields.read("description", text, "").strip(),
        extends=fields.read("extends", extended, ()),
        seed=fields.read("seed", seed, None),
        clock=fields.read("clock", opening.clock, None),
        settings=fields.read("settings", lambda each: opening.settings(each, packs), {}),
        targets=fields.read("targets", lambda each: opening.targets(each, packs), {}),
        accounts=fields.read("accounts", lambda each: opening.accounts(each, packs), {}),
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
        for provider, rules in part.accounts.items():
            accounts[provider] = (*accounts.get(provider, ()), *rules)
    return Scenario(
        name=own.name,
        description=own.description,
        settings=settings,
        accounts=accounts,
        targets={provider: target for part in reversed(every) for provider, target in part.targets.items()},
        seed=next((part.seed for part in every if part.seed is not None), None),
        clock=next((part.clock for part in every if part.clock is not None), None),
        source=own.source,
    )


def empty(name: str) -> Sheet:
    """Return the sheet of a file that cannot be read at all."""
    return Sheet(Document(name, None, {}))
