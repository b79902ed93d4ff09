"""Reads the conditions that count: which of those that met the others a rule holds for."""

from collections.abc import Callable, Mapping

from sandbox.core.rules import RuleCounter, RuleInput
from sandbox.scenarios.value_readers import count, one_of
from sandbox.scenarios.yaml_node import Fields, Node

COUNTS = ("every", "first", "nth", "after")
APART: Mapping[str, Callable[[RuleInput], str]] = {
    "to": lambda case: f"{case.provider} {case.to}",
    "account": lambda case: f"{case.provider} {case.account}",
}


def counting(fields: Fields) -> RuleCounter | None:
    """Return how a rule counts what met its other conditions."""
    every = fields.read("every", count, None)
    first = fields.read("first", count, None)
    nth = fields.read("nth", _places, None)
    after = fields.read("after", count, None)
    per = fields.read("per", lambda each: APART[one_of(each, APART, what="way to count apart")], None)
    if not any(name in fields for name in COUNTS):
        if "per" in fields:
            fields.note("per", "per says what is counted apart, but none of every, first, nth and after is here")
        return None

    def fits(number: int) -> bool:
        return (
            (every is None or number % every == 0)
            and (first is None or number <= first)
            and (nth is None or number in nth)
            and (after is None or number > after)
        )

    if first is not None and after is not None and first <= after:
        fields.note("first", f"this never holds: the first {first}, and only after {after}")
    return RuleCounter(per, fits)


def _places(node: Node) -> frozenset[int]:
    places = frozenset(node.each(count))
    if not node.items():
        node.refuse("write nth: [2, 5]")
    return places
