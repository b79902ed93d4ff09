"""Scenarios for people: one in words, all of them by name, and every mistake in some files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sandbox.core.clock import ClockMode, format_time
from sandbox.core.errors import FileMistake, ScenarioError
from sandbox.core.scenario import AccountRule, Scenario
from sandbox.providers.registry import Registry
from sandbox.scenarios.library import ScenarioLibrary


class Listed(NamedTuple):
    """A scenario in a list; one with mistakes has them in place of its description."""

    name: str
    description: str
    path: Path
    mistakes: tuple[str, ...] = ()


class Checked(NamedTuple):
    """What is wrong in some files, and what is doubtful in those without mistakes."""

    mistakes: tuple[FileMistake, ...]
    warnings: tuple[FileMistake, ...]


def listing(packs: Registry, folders: Iterable[Path] = ()) -> tuple[Listed, ...]:
    """Return every scenario that can be named."""
    shelf = ScenarioLibrary(packs, folders)
    found = []
    for name, path in shelf.paths.items():
        mistakes = tuple(map(str, shelf.mistakes(path)))
        found.append(Listed(name, "" if mistakes else shelf.file(path).description, path, mistakes))
    return tuple(found)


def check(paths: Iterable[Path], packs: Registry, folders: Iterable[Path] = ()) -> Checked:
    """Return every mistake and warning in some files and in what they extend, each once."""
    shelf = ScenarioLibrary(packs, folders)
    mistakes: dict[FileMistake, None] = {}
    warnings: dict[FileMistake, None] = {}
    for path in paths:
        try:
            warnings |= dict.fromkeys(shelf.file(path).warnings)
        except ScenarioError as error:
            mistakes |= dict.fromkeys(error.mistakes)
    return Checked(tuple(mistakes), tuple(warnings))


def explain(scenario: Scenario) -> str:
    """Return a scenario in words: what it sets, then its rules in the order in which they are tried."""
    lines = [f"{scenario.name}: {scenario.description}" if scenario.description else scenario.name]
    lines += [f"  {line}" for line in _opening(scenario)]
    lines += [f"  {place}. {words}" for place, words in enumerate(scenario.words, start=1)]
    return "\n".join(lines)


def _opening(scenario: Scenario) -> Iterator[str]:
    if scenario.seed is not None:
        yield f"the seed is {scenario.seed}"
    if scenario.clock is not None:
        mode, rate, start = scenario.clock
        speed = f", {rate:g} times as fast" if mode is ClockMode.SCALED else ""
        yield f"the clock is {mode}{speed}{f', from {format_time(start)}' if start else ''}"
    for provider, values in sorted(scenario.settings.items()):
        yield from (f"the setting {provider}.{name} is {value}" for name, value in values.items())
    for provider, target in sorted(scenario.targets.items()):
        yield f"callbacks of {provider} go to {target.url}"
    for rule, providers in _about_accounts(scenario):
        yield f"accounts {rule.key} of {', '.join(providers)}: {', '.join(_account(rule)) or 'as they are'}"


def _about_accounts(scenario: Scenario) -> list[tuple[AccountRule, list[str]]]:
    """Return what is said of accounts, each once, with the providers that it is said of."""
    found: list[tuple[AccountRule, list[str]]] = []
    for provider, rules in sorted(scenario.accounts.items()):
        for rule in rules:
            known = next((providers for each, providers in found if each == rule), None)
            if known is None:
                found.append((rule, [provider]))
            else:
                known.append(provider)
    return found


def _account(rule: AccountRule) -> Iterator[str]:
    if rule.closed is not None:
        yield "closed" if rule.closed else "open"
    if rule.balance is not None:
        yield from (f"{amount} {purse} left" for purse, amount in rule.balance.items())
    if rule.senders is not None:
        senders = ", ".join(f"{sender.id} ({sender.state})" for sender in rule.senders)
        yield f"senders {senders or 'none'}"
    if rule.templates is not None:
        yield f"templates {', '.join(template.id for template in rule.templates) or 'none'}"
    if rule.stop_list is not None:
        yield f"stop list {', '.join(sorted(rule.stop_list)) or 'empty'}"
