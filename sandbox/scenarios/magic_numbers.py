"""The table of magic numbers, made from the rules of the scenario `default`."""

import re
from collections.abc import Iterable, Mapping

from sandbox.core.effects import StepTemplate
from sandbox.core.message import Channel, Status
from sandbox.formats.yaml_files import parse, read_text
from sandbox.providers.registry import Registry
from sandbox.scenarios.library import scenario_paths
from sandbox.scenarios.rulebook import ParsedRule, read_rules
from sandbox.scenarios.scope import Catalogue, errors_of
from sandbox.scenarios.yaml_node import Node, SourceFile

MAGIC_RECIPIENT = re.compile(r"\*0000(\d\d)")
RULE_NAME = re.compile(r"(?P<number>\d\d) (?P<outcome>[^()]+?)(?: \((?P<provider>.+)\))?")


def magic_numbers(packs: Registry) -> str:
    """Return the table in Markdown: the number, what it does, and the final status or error code on each channel."""
    path = scenario_paths()["default"]
    file = SourceFile(parse(read_text(path), str(path)))
    found: dict[str, list[ParsedRule]] = {}
    for each in read_rules(Node(file, ("rules",), _rules(file)), Catalogue(packs), scenario="default"):
        match = MAGIC_RECIPIENT.fullmatch(each.conditions.fixed.get("to", ""))
        if match:
            found.setdefault(match[1], []).append(each)
    channels = [f"{name} {channel}" for name, pack in packs.items() for channel in pack.spec.channels]
    rows = [["NN", "outcome", *channels], ["---"] * (len(channels) + 2)]
    for number, rules in found.items():
        words = _words_by_channel(rules, packs)
        rows.append([number, _outcome(rules), *(words.get(channel, "") for channel in channels)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _rules(file: SourceFile) -> object:
    value = file.document.value
    return value.get("rules") if isinstance(value, Mapping) else None


def _outcome(rules: Iterable[ParsedRule]) -> str:
    """Return the name of one number's rules, without the number and the provider."""
    *_, last = rules
    match = RULE_NAME.fullmatch(last.rule.title)
    return match["outcome"] if match else last.rule.title


def _last_word(steps: Iterable[StepTemplate], channel: Channel) -> str:
    """Return the channel's word for the status that a message ends with."""
    now, word = Status.QUEUED, channel.words[Status.QUEUED]
    for step in steps:
        status = channel.resolve(step.status, after=now)
        if status is not None:
            now, word = status, channel.word(status, step.word if status is step.status else None)
    return word


def _words_by_channel(rules: Iterable[ParsedRule], packs: Registry) -> Mapping[str, str]:
    """Return the final status or the error code by channel; the first rule wins."""
    found: dict[str, str] = {}
    for each in rules:
        effect = each.rule.then.effect
        for operation in sorted(each.operations):
            spec = packs[operation.partition(".")[0]].spec
            channel = spec.operations[operation].channel
            if channel is None:
                continue
            if effect.error is not None:
                error = errors_of(packs[spec.name], spec.operations[operation])[effect.error[operation]]
                found.setdefault(f"{spec.name} {channel.name}", str(error.code))
            if effect.opted_out:
                found.setdefault(f"{spec.name} {channel.name}", "stop list")
            if effect.lifecycle is not None:
                word = _last_word(effect.lifecycle.steps, channel)
                found.setdefault(f"{spec.name} {channel.name}", f"`{word}`")
    return found
