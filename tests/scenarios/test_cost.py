"""What scenarios cost a request."""

from sandbox.core.rules import RuleCounted
from sandbox.core.world import RULE_COUNTS_KEPT
from sandbox.scenarios import load_named
from tests.builders import packs
from tests.scenarios.builders import betatel, desk
from tests.scenarios.cost import many_rules, matching_cost


def test_two_hundred_rules_over_all_operations_cost_little() -> None:
    cost = matching_cost(many_rules(200))

    assert (cost.rules, cost.microseconds < 60) == (25, True)


def test_the_magic_numbers_cost_next_to_nothing() -> None:
    cost = matching_cost(load_named("default", packs=packs()))

    assert (cost.rules, cost.microseconds < 15) == (22, True)


def test_messages_of_one_rule_share_what_it_says() -> None:
    at = desk("rules: [{then: {lifecycle: [sent: 1s], callbacks: {copies: 2}}}]")

    betatel(at)
    betatel(at)

    one, two = at.world.messages.values()
    assert (one.callback_policy is two.callback_policy, one.rule is two.rule) == (True, True)


def test_counts_that_are_kept_apart_do_not_grow_for_ever() -> None:
    at = desk("rules: [{when: {first: 1, per: to}, then: {after: 1s}}]")

    at.world.commit(
        *(RuleCounted(f"rule {number}", 1) for number in range(RULE_COUNTS_KEPT)),
        RuleCounted("rule 0", 2),
        RuleCounted("new", 1),
    )

    kept = at.world.rule_counts
    assert (len(kept), kept["rule 0"], "rule 1" in kept) == (RULE_COUNTS_KEPT, 2, False)
