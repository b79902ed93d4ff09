"""Accounts: what a key stands for, read and changed; the next request sees it."""

from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.masking import mask
from sandbox.control.pagination import LIMIT, Object, Table, page
from sandbox.control.problems import pointer, refuse
from sandbox.control.serializers import show_account
from sandbox.control.targets import provider_of
from sandbox.core.account import Account, Approval, Sender, Template
from sandbox.core.errors import near_miss
from sandbox.pipeline.read import KEY_LIMIT

Row = tuple[int, Account]


async def list_accounts(ask: ControlCall) -> web.Response:
    """Answer a page of the accounts that have been used."""
    provider, cursor = ask.query.get("provider", str), ask.query.get("cursor", str)
    found = await page(
        table(ask),
        lambda row: provider in (None, row[1].provider),
        limit=ask.query.get("limit", int) or LIMIT,
        before=int(cursor) if cursor else None,
    )
    return reply({"items": found.items, "next": found.next, "evicted": 0})


def table(ask: ControlCall) -> Table[Row]:
    """Return the accounts in the order of their first use."""
    now = ask.world.now()
    rows = dict(enumerate(enumerate(ask.world.accounts.values(), start=1), start=1))
    return Table(tuple, rows, number=lambda row: row[0], at=lambda _: now, show=lambda row: show(ask, row[1]))


async def get_account(ask: ControlCall) -> web.Response:
    """Answer one account."""
    return reply(show(ask, account_of(ask)))


async def patch_account(ask: ControlCall) -> web.Response:
    """Change an account; purses that are not named stay, a list replaces the one before."""
    changed = patched(ask, account_of(ask))
    ask.world.commit(changed)
    return reply(show(ask, changed))


def show(ask: ControlCall, account: Account) -> Object:
    """Return an account in its provider's words."""
    opened = ask.engine.packs[account.provider].spec.document["x-sandbox"]["account"]
    return show_account(account, ask.world.now(), senders="brands" if "brands" in opened else "senders")


def account_of(ask: ControlCall) -> Account:
    """Return the account that the path names: by its key, or by the key as it is shown where only one is shown so.

    Raises:
        ProblemError: 404, no such provider, or the key is nobody's.

    """
    provider, key, world = provider_of(ask), ask.path["key"], ask.world
    known = world.accounts.get((provider, key))
    if known is not None:
        return known
    alike = [each for (name, full), each in world.accounts.items() if name == provider and mask(full) == key]
    if len(alike) == 1:
        return alike[0]
    spec = ask.engine.packs[provider].spec
    opened = None if len(key) > KEY_LIMIT else world.scenario.opened(spec.fresh_account(key, at=world.now()))
    if opened is None or alike:
        why = f"{len(alike)} accounts are shown so; give the whole key" if alike else "the key is nobody's here"
        raise refuse(404, "/key", why)
    return opened


def patched(ask: ControlCall, account: Account) -> Account:
    """Return the account with what the body names in place of its own.

    Raises:
        ProblemError: 400, senders are given under both names, or a purse is none of the account's.

    """
    given, now = ask.body, ask.world.now()
    senders, brands = given.get("senders", list), given.get("brands", list)
    if senders is not None and brands is not None:
        raise refuse(400, "/brands", "brands and senders are the same list; give one of them")
    named = brands if senders is None else senders
    templates, stop_list = given.get("templates", list), given.get("stop_list", list)
    return account._replace(
        balance={**account.balance, **amounts(account, given.values.get("balance"))},
        senders=account.senders
        if named is None
        else tuple(
            Sender(each["id"], each.get("name", each["id"]), Approval(each.get("state", "approved")), now)
            for each in named
        ),
        templates=account.templates
        if templates is None
        else tuple(Template(each["id"], each["text"]) for each in templates),
        stop_list=account.stop_list if stop_list is None else frozenset(stop_list),
    )


def amounts(account: Account, given: object) -> Mapping[str, Decimal]:
    """Return the purses that a `balance` names; a bare amount is for an account's only purse.

    Raises:
        ProblemError: 400, there is no such purse, or several for a bare amount.

    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        if len(account.balance) > 1:
            purses = ", ".join(account.balance)
            raise refuse(400, "/balance", f"this account has several purses; give an object of {purses}")
        return {purse: Decimal(str(given)) for purse in account.balance}
    for purse in given:
        if purse not in account.balance:
            raise refuse(
                400, pointer(["balance", purse]), f"no purse is called {purse!r}.{near_miss(purse, account.balance)}"
            )
    return {purse: Decimal(str(amount)) for purse, amount in given.items()}
