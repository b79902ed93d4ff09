"""Rules: which requests they match and what they do. For each recipient of a request the first matching rule decides.

Counts, rate windows and the scenario's state are values of the world; `RuleMemory` is one request's view of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core.account import RateWindow
from sandbox.core.effects import Actions, Effect
from sandbox.core.seeded_random import draw_fraction

RULE_PREFIX = "rule "  # of the names of rules' rate windows; providers have windows too
START_STATE = "start"  # the initial state of every scenario


@dataclass(frozen=True, slots=True)
class RuleCounted:
    """How many requests have met a rule's conditions; `name` is the rule's key and what it counts separately."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ScenarioStateSet:
    """The scenario's state is `state` from now on."""

    state: str


@dataclass(slots=True)
class RuleMemory:
    """The counts, rate windows and state of a scenario during one request; a commit stores `changes`."""

    rule_counts: Mapping[str, int]
    windows: Mapping[str, RateWindow]
    state: str
    at: datetime
    _state_set: bool = False
    _counted: dict[str, int] = field(default_factory=dict)
    _filled: dict[str, RateWindow] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Count one more, and return the new count."""
        count = self._counted.get(name) or self.rule_counts.get(name, 0)
        self._counted[name] = count + 1
        return count + 1

    def set_state(self, state: str) -> None:
        """Change the state."""
        self.state = state
        self._state_set = True

    def exceeds(self, name: str, *, limit: int, per: timedelta) -> timedelta | None:
        """Count one more against a limit; if the limit is reached, return how long until there is room."""
        own = RULE_PREFIX + name
        before = self._filled.get(own) or self.windows.get(own) or RateWindow(own, self.at, 0)
        window = before.at(self.at, per)
        if window.count >= limit:
            return window.since + per - self.at
        self._filled[own] = window.plus(1)
        return None

    def changes(self) -> tuple[RuleCounted | ScenarioStateSet | RateWindow, ...]:
        """Return the changes to commit."""
        tallies = tuple(RuleCounted(name, count) for name, count in self._counted.items())
        turns = (ScenarioStateSet(self.state),) if self._state_set else ()
        return (*tallies, *turns, *self._filled.values())


Condition = Callable[["RuleInput"], bool]


class RuleInput(NamedTuple):
    """What a rule's conditions can test: one recipient of a request; `to` and `from_` are normalized numbers.

    Draws of conditions and outcomes depend on `request`, the request's journal id, and `row`, the recipient's place in
    it, because a refused request has no message number. `elapsed` is the time since the scenario began.
    """

    provider: str
    operation: str
    account: str
    to: str
    from_: str
    text: str
    headers: Mapping[str, str]
    is_otp: Callable[[], bool]
    at: datetime
    elapsed: timedelta
    seed: int
    request: int
    row: int
    memory: RuleMemory

    def draw(self, purpose: str) -> float:
        """Return a number from 0 to 1 that depends on the seed, the recipient and `purpose`."""
        return draw_fraction(self.seed, self.request, f"{purpose} {self.row}")


@dataclass(frozen=True, slots=True)
class RuleCounter:
    """Which of the requests that meet the conditions a rule matches; `per` counts recipients or accounts separately."""

    per: Callable[[RuleInput], str] | None
    fits: Callable[[int], bool]


class Verdict(NamedTuple):
    """What a rule decided; `retry_after` is how long until its rate limit has room again."""

    rule: "Rule"
    effect: Effect
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `key` is unique and names its counters and draws; `title` is for people.

    `tail`: digits that a recipient must end with; rules are indexed by it. `matches_refused`: it applies to refused
    requests too.
    """

    key: str
    title: str
    tests: tuple[Condition, ...] = ()
    counting: RuleCounter | None = None
    matches_refused: bool = False
    tail: str | None = None
    then: Actions = field(default_factory=Actions)

    def holds(self, case: RuleInput) -> bool:
        """Return whether the case meets all conditions, and count it."""
        for test in self.tests:
            if not test(case):
                return False
        counting = self.counting
        if counting is None:
            return True
        name = f"{self.key} {counting.per(case)}" if counting.per else self.key
        return counting.fits(case.memory.count(name))

    def decide(self, case: RuleInput) -> Verdict | None:
        """Apply the rule to a case that it matches; return None if later rules still apply."""
        then = self.then
        if then.state is not None:
            case.memory.set_state(then.state)
        if then.rate is not None:
            name = f"{self.key} {case.provider} {case.account}" if then.rate.apart else self.key
            retry_after = case.memory.exceeds(name, limit=then.rate.limit, per=then.rate.per)
            if retry_after is not None:
                return Verdict(self, Effect(error=then.rate.error), retry_after)
        if then.passes:
            return None
        if not then.outcomes:
            return Verdict(self, then.effect)
        draw = case.draw(f"{self.key} outcome")
        return Verdict(self, next(each.effect for each in then.outcomes if draw < each.until))


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """The rules of one operation, in order (`places`); `tails` finds those for certain recipients."""

    places: Mapping[str, int]
    general: tuple[Rule, ...] = ()
    tails: tuple[tuple[int, Mapping[str, tuple[Rule, ...]]], ...] = ()
    matches_refused: tuple[Rule, ...] = ()

    def candidates(self, number: str) -> Sequence[Rule]:
        """Return the rules that may match a recipient."""
        found: tuple[Rule, ...] = ()
        for length, rules in self.tails:
            found += rules.get(number[-length:], ())
        return sorted(self.general + found, key=lambda rule: self.places[rule.key]) if found else self.general


def first_decision(rules: Sequence[Rule], case: RuleInput) -> Verdict | None:
    """Return the decision of the first rule that matches, or None."""
    for rule in rules:
        if rule.holds(case):
            verdict = rule.decide(case)
            if verdict is not None:
                return verdict
    return None


def make_rule_index(rules: Sequence[Rule]) -> RuleIndex:
    """Return an index of the rules of one operation."""
    tails: dict[int, dict[str, tuple[Rule, ...]]] = {}
    for rule in rules:
        if rule.tail:
            table = tails.setdefault(len(rule.tail), {})
            table[rule.tail] = (*table.get(rule.tail, ()), rule)
    return RuleIndex(
        places={rule.key: place for place, rule in enumerate(rules)},
        general=tuple(rule for rule in rules if not rule.tail),
        tails=tuple(tails.items()),
        matches_refused=tuple(rule for rule in rules if rule.matches_refused),
    )
