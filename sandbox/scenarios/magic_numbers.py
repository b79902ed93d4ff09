"""The table of magic numbers, made from the rules of the scenario `default`."""

import re
from collections.abc import Iterable, Mapping

from sandbox.formats.yaml_files import parse, read_text
from sandbox.providers.registry import Registry
from sandbox.scenarios.library import library
from sandbox.scenarios.rulebook import RuleRead, rules
from sandbox.scenarios.scope import Catalogue, errors_of
from sandbox.scenarios.yaml_node import Node, Sheet

MAGIC = re.compile(r"\*0000(\d\d)")
TITLE = re.compile(r"(?P<number>\d\d) (?P<fate>[^()]+?)(?: \((?P<provider>.+)\))?")


def magic_numbers(packs: Registry) -> str:
    """Return the table in Markdown: the number, the fate, and how each provider says it on each of its channels."""
    path = library()["default"]
    sheet = Sheet(parse(read_text(path), str(path)))
    found: dict[str, list[RuleRead]] = {}
    for each in rules(Node(sheet, ("rules",), _rules(sheet)), Catalogue(packs), scenario="default"):
        match = MAGIC.fullmatch(each.when.fixed.get("to", ""))
        if match:
            found.setdefault(match[1], []).append(each)
    channels = [f"{name} {channel}" for name, pack in packs.items() for channel in pack.spec.channels]
    rows = [["NN", "fate", *channels], ["---"] * (len(channels) + 2)]
    for number, read in found.items():
        said = _words(read, packs)
        rows.append([number, _fate(read), *(said.get(channel, "") for channel in channels)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _rules(sheet: Sheet) -> object:
    value = sheet.document.value
    return value.get("rules") if isinstance(value, Mapping) else None


def _fate(read: Iterable[RuleRead]) -> str:
    """Return what the rules of one number are called, without the number and without a provider."""
    *_, last = read
    match = TITLE.fullmatch(last.rule.title)
    return match["fate"] if match else last.rule.title


def _words(read: Iterable[RuleRead], packs: Registry) -> Mapping[str, str]:
    """Return, by channel, the word that a life ends with or the code of an error; the first rule counts."""
    said: dict[str, str] = {}
    for each in read:
        effect = each.rule.then.effect
        for operation in sorted(each.operations):
            spec = packs[operation.partition(".")[0]].spec
            channel = spec.operations[operation].channel
            if channel is None:
                continue
            if effect.error is not None:
                error = errors_of(packs[spec.name], spec.operations[operation])[effect.error[operation]]
                said.setdefault(f"{spec.name} {channel.name}", str(error.code))
            if effect.lifecycle is not None:
                life = [stage for stage in effect.lifecycle.steps if stage.status in channel.words]
                word = channel.word(life[-1].status, life[-1].word) if life else ""
                said.setdefault(f"{spec.name} {channel.name}", f"`{word}`")
    return said
