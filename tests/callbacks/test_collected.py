"""Collected callbacks: written when somebody looks, and yet as they would have left in their moment."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from sandbox.callbacks.compose import request_of
from tests.builders import Desk, packs
from tests.scenarios.builders import desk, load, ubill

SOON = timedelta(minutes=1)


def queries(at: Desk) -> list[dict[str, str]]:
    """Return what each callback carries in its query."""
    written = (request_of(at.world, packs(), each) for each in at.world.callbacks.values())
    return [dict(parse_qsl(urlsplit(each.url).query)) for each in written if each]


def test_a_scenario_that_comes_later_changes_nothing_about_what_was_collected() -> None:
    at = desk("settings: {ubill: {callback_key: the first}}")

    ubill(at)
    at.advance(SOON)
    at.world.commit(load("settings: {ubill: {callback_key: the second}}"))

    assert {each["key"] for each in queries(at)} == {"the first"}


def test_a_collected_report_is_of_its_own_step_whatever_came_after_it() -> None:
    at = desk("rules: []")

    ubill(at)
    at.advance(SOON)

    assert [each["statusID"] for each in queries(at)] == [each.step.word for each in at.world.callbacks.values()]
