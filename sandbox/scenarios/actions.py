"""Reads `then`: what a rule does to a request, its messages, their callbacks and the state of the scenario."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from sandbox.core.effects import (
    NO_EFFECT,
    Actions,
    Effect,
    Fault,
    LifecycleTemplate,
    PhoneReplyTemplate,
    ReplyMoment,
    StepTemplate,
    WeightedEffect,
    make_lifecycle_template,
)
from sandbox.core.errors import near_miss
from sandbox.core.message import LIFECYCLE_STATUSES, STAND_INS, CallbackOrder, CallbackPolicy, Channel, Status
from sandbox.core.seeded_random import AT_ONCE, Distribution
from sandbox.scenarios.reply_templates import read_reply
from sandbox.scenarios.scope import Scope, read_error, read_rate
from sandbox.scenarios.value_readers import (
    read_as_written,
    read_boolean,
    read_choice,
    read_count,
    read_delay,
    read_duration,
    read_name,
    read_positive_number,
)
from sandbox.scenarios.yaml_node import Fields, Node

EFFECT_KEYS = ("error", "reply", "after", "fault", "accepted", "lifecycle", "illegal", "inbound", "opted_out")
OUTCOME_KEYS = ("weight", *EFFECT_KEYS)
NOT_BESIDE_OUTCOMES = ("error", "reply", "fault", "accepted", "lifecycle", "illegal", "inbound", "opted_out")
NOT_BESIDE_OPTED_OUT = ("error", "reply", "lifecycle", "inbound")
INBOUND_KEYS = ("text", "after")
THEN_KEYS = (*EFFECT_KEYS, "lifecycle_from", "outcomes", "callbacks", "set", "rate")
MOMENTS = ("request", "reply")
CALLBACK_KEYS = ("delay", "copies", "drop", "order", "hold", "key", "timeout", "retries", "strict")
SET_KEYS = ("state",)
COPIES_LIMIT = 100
EMPTY = (
    "then is empty: this rule changes nothing, and only keeps later rules from matching;"
    " name an action such as lifecycle, error or callbacks"
)


def read_actions(node: Node, scope: Scope, *, key: str) -> Actions:
    """Read the actions of the rule `key`."""
    fields = node.fields(THEN_KEYS, what="then")
    if node.value == {}:
        node.file.add_warning(node.path, EMPTY)
    if "outcomes" in fields:
        for name in NOT_BESIDE_OUTCOMES:
            if name in fields:
                fields.add_mistake(name, f"move {name} into the outcomes, or remove the outcomes")
    base = _read_effect(fields, scope, key=key)
    outcomes = fields.read("outcomes", lambda each: _read_outcomes(each, scope, base=base, key=key), ())
    if "callbacks" in fields and not base.accepts:
        fields.add_warning("callbacks", f"these callbacks are never sent: {_why_rejected(fields)}")
    if "callbacks" in fields and outcomes and not any(each.effect.accepts for each in outcomes):
        fields.add_warning("callbacks", "these callbacks are never sent: every outcome rejects the request")
    return Actions(
        effect=NO_EFFECT if "outcomes" in fields else base,
        outcomes=outcomes,
        callback_policy=fields.read("callbacks", _read_callbacks, None),
        state=fields.read("set", _read_set, None),
        rate=fields.read("rate", lambda each: read_rate(each, scope), None),
        from_reply=fields.read("lifecycle_from", lambda each: read_choice(each, MOMENTS, what="moment"), "") == "reply",
    )


def affects_only_messages(actions: Actions) -> bool:
    """Return whether actions change only lifecycles and callbacks, and so nothing for a request without messages."""
    effects: list[Effect] = [actions.effect, *(each.effect for each in actions.outcomes)]
    affects_request = any(each.error or each.reply or each.after or each.fault for each in effects)
    affects_messages = any(each.lifecycle or each.inbound or each.opted_out for each in effects)
    affects_messages = affects_messages or actions.callback_policy is not None or actions.from_reply
    return affects_messages and not (affects_request or actions.state or actions.rate)


def errors_in(actions: Actions) -> list[Mapping[str, str]]:
    """Return every error that actions may reply with, each by the operations that have it."""
    named = [
        actions.effect.error,
        *(each.effect.error for each in actions.outcomes),
        actions.rate.error if actions.rate else None,
    ]
    return [each for each in named if each is not None]


def _read_effect(fields: Fields, scope: Scope, *, key: str) -> Effect:
    """Read the effect of a rule or outcome; `key` names the draws of its lifecycle."""
    if "error" in fields and "reply" in fields:
        fields.add_mistake("reply", "error and reply exclude each other")
    illegal = fields.read("illegal", read_boolean, None)
    if "illegal" in fields and "lifecycle" not in fields:
        fields.add_mistake("illegal", "illegal needs a lifecycle")
    found = Effect(
        error=fields.read("error", lambda each: read_error(each, scope), None),
        reply=fields.read("reply", read_reply, None),
        after=fields.read("after", _read_after, None),
        fault=fields.read("fault", lambda each: Fault(read_choice(each, Fault, what="fault")), None),
        lifecycle=fields.read(
            "lifecycle", lambda each: _read_lifecycle(each, scope, key=key, illegal=bool(illegal)), None
        ),
        inbound=fields.read("inbound", lambda each: _read_inbound(each, key=key), None),
        opted_out=fields.read("opted_out", read_boolean, None) or False,
    )
    _check_inbound(fields, found, scope)
    accepted = fields.read("accepted", read_boolean, None)
    if accepted and found.accepts and not {"error", "reply", "fault"} & set(fields.entries):
        fields.add_mistake("accepted", "accepted needs an error, a fault, or a reply with a status of at least 400")
    found = replace(found, accepted=bool(accepted))
    if found.lifecycle is not None and not found.accepts:
        fields.add_warning("lifecycle", f"this lifecycle never begins: {_why_rejected(fields)}")
    return NO_EFFECT if found == NO_EFFECT else found


def _read_inbound(node: Node, *, key: str) -> PhoneReplyTemplate:
    """Read what a phone replies by itself after a message was delivered."""
    fields = node.fields(INBOUND_KEYS, what="inbound")
    fields.need("text", "inbound needs a text: write inbound: {text: Yes, after: 2s}")
    return PhoneReplyTemplate(key, fields.read("text", read_as_written, ""), fields.read("after", read_delay, AT_ONCE))


def _check_inbound(fields: Fields, effect: Effect, scope: Scope) -> None:
    """Add the mistakes and warnings of replies from phones, and of numbers that have opted out."""
    if effect.opted_out:
        for name in NOT_BESIDE_OPTED_OUT:
            if name in fields:
                fields.add_mistake(name, f"opted_out and {name} exclude each other")
    if effect.inbound is None:
        return
    if not effect.accepts:
        fields.add_warning("inbound", f"this reply never comes: {_why_rejected(fields)}")
    elif effect.lifecycle is not None and all(each.status is not Status.DELIVERED for each in effect.lifecycle.steps):
        fields.add_warning("inbound", "this reply never comes: the lifecycle has no status delivered")
    elif scope.named and not any(pack.provider.inbound for pack, _ in scope.operations):
        names = ", ".join(dict.fromkeys(pack.spec.name for pack, _ in scope.operations))
        fields.add_warning("inbound", f"this reply never comes: {names} has no messages from phones")


def _why_rejected(fields: Fields) -> str:
    """Return the reason why a rule or outcome accepts nothing."""
    name = next(name for name in ("error", "reply", "fault") if name in fields)
    return f"the {name} rejects the request; write accepted: true to store the message and lose only the reply"


def _read_after(node: Node) -> Distribution | ReplyMoment:
    """Read when the reply is sent: after a delay, or after the callbacks that are due at once have been tried."""
    return ReplyMoment.CALLBACKS if node.value == ReplyMoment.CALLBACKS else read_delay(node)


def _read_outcomes(node: Node, scope: Scope, *, base: Effect, key: str) -> tuple[WeightedEffect, ...]:
    """Read a weighted choice; an outcome without `after` has that of the rule."""
    nodes = node.items()
    if not nodes:
        node.fail("write at least one outcome, such as {weight: 1, lifecycle: [sent: 1s]}")
    weights: list[float] = []
    effects: list[Effect] = []
    for place, entry in enumerate(nodes):
        fields = entry.fields(OUTCOME_KEYS, what="an outcome")
        fields.need("weight", "an outcome needs a weight")
        weights.append(fields.read("weight", read_positive_number, 1.0))
        own = _read_effect(fields, scope, key=f"{key} outcome {place + 1}")
        effects.append(own if own.after is not None else replace(own, after=base.after))
    total = sum(weights)
    untils = [share / total for share in accumulate(weights)]
    untils[-1] = 1.0
    return tuple(map(WeightedEffect, untils, effects))


def _read_lifecycle(node: Node, scope: Scope, *, key: str, illegal: bool) -> LifecycleTemplate:
    """Read the steps of a message; `illegal` allows transitions that the provider's table does not have."""
    steps = node.read_each(lambda entry: _read_step(entry, scope))
    _warn_of_statuses(node, steps, scope)
    if not illegal:
        any(_finds_illegal_step(node, steps, name, channel) for name, channel in scope.channels.items())
    return make_lifecycle_template(key, steps)


def _read_step(node: Node, scope: Scope) -> StepTemplate:
    entries = node.entries() if isinstance(node.value, dict) else {}
    if len(entries) != 1:
        node.fail("write each step as status: delay, such as sent: 200ms")
    ((written, entry),) = entries.items()
    ours, _, theirs = written.partition("/")
    if ours not in LIFECYCLE_STATUSES:
        entry.fail(_unknown_status(written, scope))
    status = Status(ours)
    for name, channel in scope.channels.items() if theirs else ():
        words = {*channel.variants.get(status, ()), channel.words.get(status)}
        if status in channel.words and theirs not in words:
            known = sorted(f"{ours}/{word}" for word in words)
            entry.fail(f"no status is called '{written}' for {name}.{near_miss(written, known)}")
    return StepTemplate(status, read_delay(entry), theirs or None)


def _warn_of_statuses(node: Node, steps: tuple[StepTemplate, ...], scope: Scope) -> None:
    """Warn of each step whose status none of the rule's channels has: no message takes it."""
    if not scope.channels or len(node.items()) != len(steps):
        return
    for entry, step in zip(node.items(), steps, strict=True):
        statuses = {step.status, *STAND_INS.get(step.status, ())}
        if not any(statuses & channel.words.keys() for channel in scope.channels.values()):
            names = ", ".join(scope.channels)
            node.file.add_warning(entry.path, f"this step never happens: {names} has no status {step.status}")


def _unknown_status(word: str, scope: Scope) -> str:
    """Return the mistake for an unknown status."""
    where = next(iter(scope.channels), "any channel")
    known = {*map(str, LIFECYCLE_STATUSES)}
    for channel in scope.channels.values():
        known |= {f"{status}/{variant}" for status, variants in channel.variants.items() for variant in variants}
    hint = near_miss(word, known)
    if "Did you mean" not in hint:
        hint = f" Available: {', '.join(LIFECYCLE_STATUSES)}."
    return f"no status is called '{word}' for {where}.{hint}"


def _finds_illegal_step(node: Node, steps: tuple[StepTemplate, ...], name: str, channel: Channel) -> bool:
    """Add a mistake for the first step that cannot follow the one before it; return whether there is one."""
    now = Status.QUEUED
    for place, step in enumerate(steps):
        status = channel.resolve(step.status, after=now)
        if status is None:
            continue
        if status not in channel.may_follow(now):
            following = ", ".join(sorted(channel.may_follow(now))) or "no status"
            entry = node.items()[place] if len(node.items()) == len(steps) else node
            problem = f"{step.status} cannot follow {now} for {name}; {following} can"
            node.file.add_mistake(entry.path, f"{problem}. Write illegal: true to allow it")
            return True
        now = status
    return False


def _read_callbacks(node: Node) -> CallbackPolicy:
    """Read how callbacks are sent."""
    fields = node.fields(CALLBACK_KEYS, what="callbacks")
    lost, first_lost = fields.read("drop", _read_drop, (frozenset[Status](), False))
    strict = fields.read("strict", read_boolean, None) or False
    if strict and "order" in fields:
        fields.add_mistake("strict", "strict and order exclude each other")
    return CallbackPolicy(
        timeout=fields.read("timeout", read_duration, None),
        retries=fields.read("retries", lambda each: each.read_each(read_duration), None),
        delay=fields.read("delay", read_delay, CallbackPolicy().delay),
        copies=fields.read("copies", _read_copies, 1),
        lost=lost,
        first_lost=first_lost,
        order=fields.read("order", lambda each: CallbackOrder(read_choice(each, CallbackOrder, what="order")), None),
        held=fields.read("hold", read_boolean, None) or False,
        key=fields.read("key", read_name, None),
        strict=strict,
    )


def _read_copies(node: Node) -> int:
    """Read how many times each callback is sent."""
    value = read_count(node)
    if value > COPIES_LIMIT:
        node.fail(f"{value} is more than {COPIES_LIMIT}")
    return value


def _read_drop(node: Node) -> tuple[frozenset[Status], bool]:
    """Read the statuses whose callbacks are lost, and whether only the first attempt of each callback is lost."""
    if isinstance(node.value, list):
        return frozenset(
            node.read_each(lambda each: Status(read_choice(each, LIFECYCLE_STATUSES, what="status")))
        ), False
    if node.value == "first":
        return frozenset(), True
    if node.value != "all":
        node.fail("write drop: all, drop: first, or a list of statuses such as [sent]")
    return frozenset(LIFECYCLE_STATUSES), False


def _read_set(node: Node) -> str | None:
    """Read the new state of the scenario."""
    fields = node.fields(SET_KEYS, what="set")
    fields.need("state", "write set: {state: down}")
    return fields.read("state", read_name, None)
