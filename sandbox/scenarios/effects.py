"""Reads what a rule does to a request and its messages: error, reply, after, fault, accepted, lifecycle, outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from sandbox.core.effects import (
    NO_EFFECT,
    Effect,
    Fault,
    LifecycleTemplate,
    ReplyMoment,
    WeightedEffect,
    make_lifecycle_template,
)
from sandbox.core.errors import near_miss
from sandbox.core.seeded_random import Distribution
from sandbox.scenarios.delays import delay
from sandbox.scenarios.lifecycle import lifecycle
from sandbox.scenarios.replies import reply
from sandbox.scenarios.scope import Scope, errors_of
from sandbox.scenarios.value_readers import flag, one_of, positive
from sandbox.scenarios.yaml_node import Fields, Node

EFFECT = ("error", "reply", "after", "fault", "accepted", "lifecycle", "illegal")
OUTCOME = ("weight", *EFFECT)
ALONE = ("error", "reply", "fault", "accepted", "lifecycle", "illegal")  # what cannot stand beside outcomes


def effect(fields: Fields, scope: Scope, *, key: str) -> Effect:
    """Read the effect of a rule or outcome; `key` names the draws of its lifecycle."""
    if "error" in fields and "reply" in fields:
        fields.note("reply", "error and reply exclude each other")
    illegal = fields.read("illegal", flag, None)
    if "illegal" in fields and "lifecycle" not in fields:
        fields.note("illegal", "illegal goes with a lifecycle")
    found = Effect(
        error=fields.read("error", lambda each: error(each, scope), None),
        reply=fields.read("reply", reply, None),
        after=fields.read("after", after, None),
        fault=fields.read("fault", lambda each: Fault(one_of(each, Fault, what="fault")), None),
        lifecycle=fields.read("lifecycle", lambda each: course(each, scope, key=key, illegal=bool(illegal)), None),
    )
    accepted = fields.read("accepted", flag, None)
    if accepted and found.accepts and not {"error", "reply", "fault"} & set(fields.entries):
        fields.note("accepted", "accepted goes with an error, a reply from 400 on, or a fault")
    found = replace(found, accepted=bool(accepted))
    if found.lifecycle is not None and not found.accepts:
        fields.warn("lifecycle", f"this lifecycle never begins: {refusing(fields)}")
    return NO_EFFECT if found == NO_EFFECT else found


def refusing(fields: Fields) -> str:
    """Return what to say of a rule or outcome that accepts nothing."""
    name = next(name for name in ("error", "reply", "fault") if name in fields)
    return f"the {name} beside it accepts nothing; write accepted: true to store the message and lose the reply alone"


def after(node: Node) -> Distribution | ReplyMoment:
    """Read when the reply leaves: after a span of time, or once the callbacks that are due at once have been tried."""
    return ReplyMoment.CALLBACKS if node.value == ReplyMoment.CALLBACKS else delay(node)


def course(node: Node, scope: Scope, *, key: str, illegal: bool) -> LifecycleTemplate:
    """Read a lifecycle."""
    return make_lifecycle_template(key, lifecycle(node, scope, illegal=illegal))


def error(node: Node, scope: Scope) -> Mapping[str, str]:
    """Read an error's name or code; return its name by operation.

    Where a rule names neither provider nor operation, it holds for the providers that have the error.
    """
    given = node.value
    if isinstance(given, bool) or not isinstance(given, str | int):
        node.expect("the name of an error, or its code")
    code = int(given) if str(given).isascii() and str(given).isdecimal() else None
    codes = {str(given), str(code)}  # a code may be a word, too
    found: dict[str, str] = {}
    lacking: dict[str, list[str]] = {}
    for pack, operation in scope.operations:
        known = errors_of(pack, operation)
        name = (
            given if given in known else next((each.name for each in known.values() if str(each.code) in codes), None)
        )
        if isinstance(name, str):
            found[operation.name] = name
        else:
            words = [str(each.code) for each in known.values() if code is not None or isinstance(each.code, str)]
            words += [] if code is not None else list(known)
            lacking.setdefault(pack.spec.name, []).extend(words)
    if lacking and (scope.named or not found):
        provider, words = next(iter(lacking.items()))
        what = "with the code" if code is not None else "called"
        node.refuse(f"no error {what} '{given}' for {provider}.{near_miss(str(given), {*words})}")
    return found


def outcomes(node: Node, scope: Scope, *, base: Effect, key: str) -> tuple[WeightedEffect, ...]:
    """Read a weighted choice; what an outcome does not say is as the rule has it."""
    nodes = node.items()
    if not nodes:
        node.refuse("write at least one outcome, such as {weight: 1, lifecycle: [sent: 1s]}")
    weights: list[float] = []
    effects: list[Effect] = []
    for place, entry in enumerate(nodes):
        fields = entry.fields(OUTCOME, what="an outcome")
        if "weight" not in fields:
            fields.note("weight", "an outcome needs a weight")
        weights.append(fields.read("weight", positive, 1.0))
        own = effect(fields, scope, key=f"{key} outcome {place + 1}")
        effects.append(own if own.after is not None else replace(own, after=base.after))
    total = sum(weights)
    untils = [share / total for share in accumulate(weights)]
    untils[-1] = 1.0
    return tuple(map(WeightedEffect, untils, effects))
