"""Reads `then`: what a rule does."""

from collections.abc import Mapping
from datetime import timedelta

from sandbox.core.effects import NO_EFFECT, Actions, Effect, Rate
from sandbox.core.message import CallbackOrder, CallbackPolicy, Status
from sandbox.scenarios.delays import delay
from sandbox.scenarios.effects import ALONE, EFFECT, effect, error, outcomes, refusing
from sandbox.scenarios.scope import Scope, announces
from sandbox.scenarios.value_readers import count, duration, flag, one_of, word
from sandbox.scenarios.yaml_node import Node

OF_MESSAGES = ("lifecycle", "illegal", "outcomes", "callbacks")
THEN = (*EFFECT, "outcomes", "callbacks", "set", "rate")
CALLBACKS = ("delay", "copies", "drop", "order", "hold", "key", "timeout", "retries", "strict")
SET = ("state",)
RATE = ("limit", "per", "error", "by")
BY = ("account", "workspace")
MOST_COPIES = 100


def then(node: Node, scope: Scope, *, key: str) -> Actions:
    """Read what the rule `key` does."""
    fields = node.fields(THEN, what="then")
    if "outcomes" in fields:
        for name in ALONE:
            if name in fields:
                fields.note(name, f"{name} stands in the outcomes, or instead of them")
    base = effect(fields, scope, key=key)
    choice = fields.read("outcomes", lambda each: outcomes(each, scope, base=base, key=key), ())
    if "callbacks" in fields and not base.accepts:
        fields.warn("callbacks", f"these callbacks are never sent: {refusing(fields)}")
    if "callbacks" in fields and choice and not any(each.effect.accepts for each in choice):
        fields.warn("callbacks", "these callbacks are never sent: no outcome accepts a message")
    return Actions(
        effect=NO_EFFECT if "outcomes" in fields else base,
        outcomes=choice,
        callback_policy=fields.read("callbacks", callbacks, None),
        state=fields.read("set", state, None),
        rate=fields.read("rate", lambda each: rate(each, scope), None),
    )


def only_messages(found: Actions) -> bool:
    """Whether a rule changes nothing but lives and callbacks, so that it has nothing to say to other requests."""
    effects: list[Effect] = [found.effect, *(each.effect for each in found.outcomes)]
    whole = any(each.error or each.reply or each.after or each.fault for each in effects)
    about = found.callback_policy or any(each.lifecycle for each in effects)
    return bool(about) and not (whole or found.state or found.rate)


def errors_in(found: Actions) -> list[Mapping[str, str]]:
    """Return every error that a rule may answer, each by the operations that have it."""
    named = [
        found.effect.error,
        *(each.effect.error for each in found.outcomes),
        found.rate.error if found.rate else None,
    ]
    return [each for each in named if each is not None]


def callbacks(node: Node) -> CallbackPolicy:
    """Read how callbacks are sent."""
    fields = node.fields(CALLBACKS, what="callbacks")
    lost, first_lost = fields.read("drop", drop, (frozenset[Status](), False))
    strict = fields.read("strict", flag, None) or False
    if strict and "order" in fields:
        fields.note("strict", "strict keeps callbacks in their own order; it excludes order")
    return CallbackPolicy(
        timeout=fields.read("timeout", duration, None),
        retries=fields.read("retries", lambda each: each.each(duration), None),
        delay=fields.read("delay", delay, CallbackPolicy().delay),
        copies=fields.read("copies", copies, 1),
        lost=lost,
        first_lost=first_lost,
        order=fields.read("order", lambda each: CallbackOrder(one_of(each, CallbackOrder, what="order")), None),
        held=fields.read("hold", flag, None) or False,
        key=fields.read("key", word, None),
        strict=strict,
    )


def copies(node: Node) -> int:
    """Read how often each callback is sent."""
    value = count(node)
    if value > MOST_COPIES:
        node.refuse(f"{value} copies of each callback are more than {MOST_COPIES}")
    return value


def drop(node: Node) -> tuple[frozenset[Status], bool]:
    """Read which callbacks never arrive, and whether the first attempt of each does not."""
    if isinstance(node.value, list):
        return frozenset(node.each(lambda each: Status(one_of(each, Status, what="status")))), False
    if node.value == "first":
        return frozenset(), True
    if node.value != "all":
        node.refuse("write drop: all, drop: first, or a list of statuses such as [sent]")
    return frozenset(Status), False


def state(node: Node) -> str | None:
    """Read the state to go over to."""
    fields = node.fields(SET, what="set")
    if "state" not in fields:
        fields.note("state", "write set: {state: down}")
    return fields.read("state", word, None)


def rate(node: Node, scope: Scope) -> Rate:
    """Read a rate limit."""
    fields = node.fields(RATE, what="rate")
    for name in ("limit", "per", "error"):
        if name not in fields:
            fields.note(name, f"a rate needs {name}: write {{limit: 10, per: 1m, error: too-many-requests}}")
    errors: Mapping[str, str] = fields.read("error", lambda each: error(each, scope), {})
    packs = {operation.name: pack for pack, operation in scope.operations}
    return Rate(
        limit=fields.read("limit", count, 1),
        per=fields.read("per", span, timedelta(minutes=1)),
        error=errors,
        apart=fields.read("by", lambda each: one_of(each, BY, what="way to count apart"), BY[0]) == BY[0],
        announced=frozenset(name for name, each in errors.items() if announces(packs[name], name, each)),
    )


def span(node: Node) -> timedelta:
    """Read a duration above 0."""
    value = duration(node)
    if not value:
        node.refuse("a span of time is longer than 0")
    return value
