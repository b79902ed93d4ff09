import pytest

from sandbox.core.scenario import AccountRule, Scenario
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, Sandbox


async def test_an_account_shows_what_its_key_stands_for(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(SMSBUDDY_SMS)
    account = await control.get("/accounts/smsbuddy/k1")

    assert (account["key"], sorted(account["balance"]), [each["state"] for each in account["senders"]][:1]) == (
        "k1…",
        ["promo", "trans", "transscrub"],
        ["approved"],
    )


async def test_accounts_are_listed_once_they_are_used_newest_first(sandbox: Sandbox, control: Control) -> None:
    empty = await control.get("/accounts")
    for sms in (BETATEL_SMS, UBILL_SMS, SMSBUDDY_SMS):
        await sandbox.send(sms)
    first = await control.get("/accounts", limit="2")
    rest = await control.get("/accounts", limit="2", cursor=first["next"])
    chosen = await control.get("/accounts", provider="ubill")

    assert [[each["provider"] for each in page["items"]] for page in (empty, first, rest, chosen)] == [
        [],
        ["smsbuddy", "ubill"],
        ["betatel"],
        ["ubill"],
    ]


async def test_looking_at_an_account_does_not_open_it(control: Control) -> None:
    await control.get("/accounts/ubill/new")

    assert (await control.get("/accounts"))["items"] == []


async def test_an_account_is_found_by_its_masked_key_where_only_one_is_shown_so(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send()

    assert (await control.get("/accounts/betatel/k1…"))["provider"] == "betatel"


async def test_a_masked_key_that_several_share_is_404(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(x_api_key="k10")
    await sandbox.send(x_api_key="k11")

    assert await control.refused("GET", "/accounts/betatel/k1…") == (
        404,
        [("/key", "2 accounts have this masked key; use the full key")],
    )


async def test_the_next_request_sees_a_changed_balance(sandbox: Sandbox, control: Control) -> None:
    patched = await control.patch("/accounts/betatel/k1", {"balance": 0})
    refused = await sandbox.send()
    await control.patch("/accounts/betatel/k1", {"balance": "0.05"})
    taken = await sandbox.send()

    assert (patched["balance"], refused.status, taken.status) == ({"USD": 0}, 402, 200)


async def test_a_balance_type_that_is_omitted_stays(control: Control) -> None:
    before = (await control.get("/accounts/smsbuddy/k1"))["balance"]
    patched = await control.patch("/accounts/smsbuddy/k1", {"balance": {"trans": 5}})

    assert patched["balance"] == {**before, "trans": 5}


async def test_brands_are_changed_and_the_next_request_sees_them(sandbox: Sandbox, control: Control) -> None:
    brands = [{"id": "7", "name": "Shop", "state": "approved"}, {"id": "8"}]
    patched = await control.patch("/accounts/ubill/k1", {"brands": brands})
    replies = [await (await sandbox.send(UBILL_SMS.with_values(brandID=each))).json() for each in (7, 1)]

    assert (patched["brands"], [reply["statusID"] for reply in replies]) == (
        [{"id": "7", "name": "Shop", "state": "approved"}, {"id": "8", "name": "8", "state": "approved"}],
        [0, 10],
    )


async def test_senders_templates_and_stop_list_are_changed(control: Control) -> None:
    patched = await control.patch(
        "/accounts/smsbuddy/k1",
        {
            "senders": [{"id": "MYSHOP", "state": "pending"}],
            "templates": [{"id": "1234567890123", "text": "Your code is {#var#}."}],
            "stop_list": ["919812345678", "919812345679"],
        },
    )

    assert (patched["senders"], patched["templates"], patched["stop_list"]) == (
        [{"id": "MYSHOP", "name": "MYSHOP", "state": "pending"}],
        [{"id": "1234567890123", "text": "Your code is {#var#}."}],
        ["919812345678", "919812345679"],
    )


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"balance": 5},
            [("/balance", "this account has several balance types; use an object with trans, promo, transscrub")],
        ),
        ({"balance": {"tranz": 5}}, [("/balance/tranz", "unknown balance type 'tranz'. Did you mean 'trans'?")]),
        ({"balance": {"trans": -1}}, [("/balance/trans", "-1 is less than the minimum of 0")]),
        (
            {"balance": "much"},
            [("/balance", "'much' is not an amount, or an object with an amount for each balance type")],
        ),
        (
            {"senders": [{"id": ""}, {"id": "A", "state": "open"}], "stoplist": []},
            [
                ("/senders/0/id", "'' has 0 characters, fewer than the minimum of 1"),
                ("/senders/1/state", "'open' is not one of pending, approved, refused"),
                ("/stoplist", "unknown parameter 'stoplist'. Did you mean 'stop_list'?"),
            ],
        ),
        ({"senders": [], "brands": []}, [("/brands", "brands and senders are the same list; use only one of them")]),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    control: Control, body: object, errors: list[tuple[str, str]]
) -> None:
    status, found = await control.refused("PATCH", "/accounts/smsbuddy/k1", body)

    assert (status, sorted(found)) == (400, errors)


@pytest.mark.parametrize("key", ["closed", "k" * 257])
async def test_a_key_without_an_account_is_404(sandbox: Sandbox, control: Control, key: str) -> None:
    sandbox.workspace.use(Scenario("door", accounts={"betatel": (AccountRule("closed", closed=True),)}))

    assert await control.refused("GET", f"/accounts/betatel/{key}") == (404, [("/key", "no account has this key")])


async def test_a_reset_undoes_the_changes(control: Control) -> None:
    await control.patch("/accounts/betatel/k1", {"balance": 0})
    await control.post("/reset")

    assert (await control.get("/accounts/betatel/k1"))["balance"] == {"USD": 1_000_000}
