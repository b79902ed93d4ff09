"""Twelve tests of a user's application by the fixture `sandbox`; `test_plugin` runs them as a project of its own."""

from collections.abc import Iterator

import pytest

from sandbox.testing import SandboxClient
from tests.plugin.shop import Shop

NUMBER = "995511194242"  # uBill and WhatsApp both take it


@pytest.fixture
def shop(sandbox: SandboxClient) -> Iterator[Shop]:
    """Return a shop that sends to the sandbox and receives its callbacks."""
    betatel, ubill = ((sandbox.url, sandbox.keys[name]) for name in ("betatel", "ubill"))
    shop = Shop(betatel, ubill, callback_key="shop-secret")
    sandbox.set_targets({"betatel": f"{shop.url}/dlr", "ubill": {"url": f"{shop.url}/dlr", "key": "shop-secret"}})
    yield shop
    shop.close()


def test_a_code_is_sent_by_whatsapp(sandbox: SandboxClient, shop: Shop) -> None:
    assert shop.sign_up(NUMBER) == "whatsapp"

    assert shop.confirm(NUMBER, sandbox.otp(NUMBER).code)


def test_a_wrong_code_is_refused(sandbox: SandboxClient, shop: Shop) -> None:
    shop.sign_up(NUMBER)

    assert not shop.confirm(NUMBER, sandbox.otp(NUMBER).code + "1")


def test_a_delivery_report_is_taken(sandbox: SandboxClient, shop: Shop) -> None:
    shop.sign_up(NUMBER)
    sandbox.advance("5s")

    assert shop.status(NUMBER) == [("whatsapp", "delivered")]


@pytest.mark.sandbox(
    {"rules": [{"when": {"provider": "betatel"}, "then": {"lifecycle": [{"sent": "200ms"}, {"failed": "2s"}]}}]}
)
def test_a_message_that_is_not_delivered_is_followed_by_an_sms(sandbox: SandboxClient, shop: Shop) -> None:
    shop.sign_up(NUMBER)
    sandbox.advance("5s")

    assert shop.status(NUMBER) == [("whatsapp", "failed"), ("sms", "delivered")]


def test_a_server_error_leads_to_an_sms_at_once(sandbox: SandboxClient, shop: Shop) -> None:
    sandbox.load_scenario({"rules": [{"when": {"provider": "betatel"}, "then": {"error": "server-error"}}]})

    assert shop.sign_up(NUMBER) == "sms"
    sandbox.advance("5s")
    assert shop.status(NUMBER) == [("sms", "delivered")]


def test_an_account_without_money_leads_to_an_sms(sandbox: SandboxClient, shop: Shop) -> None:
    sandbox.patch_account("betatel", sandbox.keys["betatel"]["x-api-key"], balance=0)

    assert shop.sign_up(NUMBER) == "sms"


@pytest.mark.sandbox({"rules": [{"then": {"error": "server-error"}}]})
def test_without_any_provider_the_customer_is_told(sandbox: SandboxClient, shop: Shop) -> None:
    assert shop.sign_up(NUMBER) is None

    assert [each.refused for each in sandbox.requests()] == [True, True]


@pytest.mark.sandbox("duplicate-callbacks")
def test_a_report_that_comes_twice_counts_once(sandbox: SandboxClient, shop: Shop) -> None:
    shop.sign_up(NUMBER)
    sandbox.advance("10m")

    assert shop.status(NUMBER) == [("whatsapp", "delivered")]
    assert len(shop.reports) > 2


def test_a_lost_reply_does_not_lose_the_code(sandbox: SandboxClient, shop: Shop) -> None:
    number = "995511000062"
    shop.sign_up(number)

    assert shop.confirm(number, sandbox.otp(number).code)


def test_a_report_that_the_shop_refuses_is_tried_again(sandbox: SandboxClient, shop: Shop) -> None:
    shop.callback_key = "other"
    shop.betatel = "http://127.0.0.1:9", {}  # nobody listens
    shop.sign_up(NUMBER)
    sandbox.advance("5s")
    assert {each.state for each in sandbox.callbacks(provider="ubill")} == {"pending"}
    shop.callback_key = "shop-secret"
    sandbox.advance("2m")

    assert shop.status(NUMBER) == [("sms", "delivered")]


def test_nothing_is_sent_to_a_number_that_is_too_short(sandbox: SandboxClient, shop: Shop) -> None:
    assert shop.sign_up("12") is None

    sandbox.verify(exactly=0)


@pytest.mark.sandbox("rate-limited")
def test_more_sign_ups_than_the_provider_takes_are_sent_by_sms(shop: Shop) -> None:
    numbers = [f"9955111942{place:02}" for place in range(15)]
    channels = [shop.sign_up(number) for number in numbers]

    assert {*channels} == {"whatsapp", "sms"}
