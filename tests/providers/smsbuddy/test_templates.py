"""The Indian DLT rules."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.account import Template
from sandbox.core.scenario import AccountRule
from sandbox.providers.smsbuddy.send import matches_template
from tests.builders import Desk, read
from tests.providers.smsbuddy.requests import accepted, account, otp, post, post_json, row

ID = "1234567890123456789"
CODE = Template(ID, "Your code is {#var#}. Valid until {#var#}.")
WORDED = AccountRule("*", templates=(CODE, Template("12", "short id"), Template("1" * 12, "plain text")))


def ends(desk: Desk) -> list[str]:
    """Return the words that the messages of a desk end in."""
    return [message.plan[-1].word for message in desk.world.messages.values()]


@pytest.mark.parametrize(
    ("template_id", "message", "end"),
    [
        (ID, "Your code is 1. Valid until 2.", "DELIVRD"),
        (f" {ID}\n", " Your code is 1. Valid until 2. ", "DELIVRD"),
        (int(ID), "Your code is . Valid until .", "DELIVRD"),
        (ID, f"Your code is {'a' * 30}. Valid until {'ж' * 30}.", "DELIVRD"),
        ("1" * 12, "plain text", "DELIVRD"),
        (ID, f"Your code is {'a' * 31}. Valid until 2.", "DLT-REJECTED"),
        (ID, "Your code is 1. Valid until 2", "DLT-REJECTED"),
        (ID, "your code is 1. Valid until 2.", "DLT-REJECTED"),
        ("1" * 12, "plain text!", "DLT-REJECTED"),
        ("9876543210987654321", "Your code is 1. Valid until 2.", "DLT-REJECTED"),
        ("12", "short id", "DLT-REJECTED"),
        ("XHXdxxxxxxxxxxxxxxxxUci", "Your code is 1. Valid until 2.", "DLT-REJECTED"),
        (None, "Your code is 1. Valid until 2.", "DLT-REJECTED"),
    ],
)
def test_a_text_that_breaks_its_template_is_accepted_and_then_rejected(
    template_id: object, message: str, end: str
) -> None:
    desk = account(WORDED)
    reply = post(desk, template_id=template_id, message=message)

    assert (reply.status, ends(desk)) == (200, [end])


def test_an_account_without_templates_is_not_asked_for_one() -> None:
    desk = Desk()
    post(desk, template_id="anything")

    assert ends(desk) == ["DELIVRD"]


def test_the_text_of_a_code_is_held_against_its_template_with_the_code_in_it() -> None:
    desk = account(WORDED)
    otp(desk, template_id=ID, message="Your code is {#otp#}. Valid until noon.")

    assert ends(desk) == ["DELIVRD"]


def test_each_node_has_its_own_template() -> None:
    desk = account(WORDED)
    reply = post_json(desk, {"to": "9800000000"}, {"to": "9800000000", "template_id": "1" * 12}, message="plain text")

    rows = [row(length=10, refid=""), row(id="s2aLrLVROJAfw1T38ckQlafY-2", length=10, refid="")]
    assert (read(reply), ends(desk)) == (accepted(*rows), ["DLT-REJECTED", "DELIVRD"])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{#var#}", ""),
        ("{#var#}", "a" * 30),
        ("{#var#}{#var#}", "a" * 60),
        ("a{#var#}a{#var#}a", "aaa"),
        ("{#var#}ab{#var#}", "ab" * 16),
        ("", ""),
    ],
)
def test_variables_stand_for_any_thirty_characters(template: str, text: str) -> None:
    assert matches_template(template, text)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{#var#}", "a" * 31),
        ("{#var#}{#var#}", "a" * 61),
        ("a{#var#}a", "a"),
        ("ab{#var#}ba", "aba"),
        ("a", ""),
        ("", "a"),
        ("{#VAR#}", "a"),
    ],
)
def test_a_text_that_no_values_lead_to_does_not_fit(template: str, text: str) -> None:
    assert not matches_template(template, text)


@given(st.lists(st.sampled_from(["{#var#}", "a", "ab", "b"]), max_size=5).map("".join), st.text("ab", max_size=70))
def test_fitting_is_what_a_regular_expression_with_bounded_gaps_finds(template: str, text: str) -> None:
    pattern = "(?s:.{0,30})".join(re.escape(piece) for piece in template.split("{#var#}"))

    assert matches_template(template, text) == (re.fullmatch(pattern, text) is not None)


def test_an_ambiguous_template_is_judged_without_trying_every_way() -> None:
    pieces = "".join(f"a{end}" for end, _ in product(["{#var#}"], range(400)))

    assert not matches_template(f"{pieces}b", "a" * 1600)
