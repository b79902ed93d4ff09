"""Reads `lifecycle`: the steps of a message, each possible on every channel that the rule is about."""

from sandbox.core.effects import StepTemplate
from sandbox.core.errors import near_miss
from sandbox.core.message import Channel, Status
from sandbox.scenarios.delays import delay
from sandbox.scenarios.scope import Scope
from sandbox.scenarios.yaml_node import Node


def lifecycle(node: Node, scope: Scope, *, illegal: bool) -> tuple[StepTemplate, ...]:
    """Read the steps; `illegal` lets a step come that the provider's table does not have."""
    stages = node.each(lambda entry: _stage(entry, scope))
    _warn_of_statuses(node, stages, scope)
    if not illegal:
        any(_stumbles(node, stages, name, channel) for name, channel in scope.channels.items())
    return stages


def _stage(node: Node, scope: Scope) -> StepTemplate:
    entries = node.entries() if isinstance(node.value, dict) else {}
    if len(entries) != 1:
        node.refuse("write each step as status: delay, such as sent: 200ms")
    ((written, entry),) = entries.items()
    ours, _, theirs = written.partition("/")
    if ours not in {*Status}:
        entry.refuse(_unknown(written, scope))
    status = Status(ours)
    for name, channel in scope.channels.items() if theirs else ():
        words = {*channel.variants.get(status, ()), channel.words.get(status)}
        if status in channel.words and theirs not in words:
            known = sorted(f"{ours}/{word}" for word in words)
            entry.refuse(f"no status is called '{written}' for {name}.{near_miss(written, known)}")
    return StepTemplate(status, delay(entry), theirs or None)


def _warn_of_statuses(node: Node, stages: tuple[StepTemplate, ...], scope: Scope) -> None:
    """Warn of each step whose status none of the rule's channels has: messages never take it."""
    if not scope.channels or len(node.items()) != len(stages):
        return
    for entry, stage in zip(node.items(), stages, strict=True):
        if not any(stage.status in channel.words for channel in scope.channels.values()):
            names = ", ".join(scope.channels)
            node.sheet.warn(entry.path, f"this step never happens: {names} has no status {stage.status}")


def _unknown(word: str, scope: Scope) -> str:
    """Return what to say of a status that there is not."""
    where = next(iter(scope.channels), "any channel")
    known = {*map(str, Status)}
    for channel in scope.channels.values():
        known |= {f"{status}/{variant}" for status, variants in channel.variants.items() for variant in variants}
    hint = near_miss(word, known)
    if "Did you mean" not in hint:
        hint = f" There are: {', '.join(Status)}."
    return f"no status is called '{word}' for {where}.{hint}"


def _stumbles(node: Node, stages: tuple[StepTemplate, ...], name: str, channel: Channel) -> bool:
    """Note the first step that may not follow the one before it; return whether there is one."""
    now = Status.QUEUED
    for place, stage in enumerate(stages):
        if stage.status not in channel.words:
            continue
        if stage.status not in channel.may_follow(now):
            following = ", ".join(sorted(channel.may_follow(now))) or "nothing"
            entry = node.items()[place] if len(node.items()) == len(stages) else node
            problem = f"{stage.status} does not follow {now} for {name}: {following} may"
            node.sheet.note(entry.path, f"{problem}. Write illegal: true to have it all the same")
            return True
        now = stage.status
    return False
