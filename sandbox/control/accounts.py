"""Accounts: what a key stands for, read and changed; the next request uses the change."""

from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.callbacks import provider_of
from sandbox.control.lists import Collection, Object, list_items
from sandbox.control.masking import mask
from sandbox.control.problems import pointer, refuse
from sandbox.core.account import Account, Approval, Sender, Template
from sandbox.core.errors import near_miss
from sandbox.pipeline.read import KEY_LIMIT


async def list_accounts(call: ControlCall) -> web.Response:
    """Reply with a page of the accounts that have been used, in the order of their first use."""
    now = call.world.now()
    collection: Collection[tuple[int, Account]] = Collection(
        tuple,
        dict(enumerate(enumerate(call.world.accounts.values(), start=1), start=1)),
        number=lambda each: each[0],
        at=lambda _: now,
        show=lambda each: show_account(call, each[1]),
        filters={"provider": lambda _, value: lambda each: each[1].provider == value},
    )
    return await list_items(call, collection)


async def get_account(call: ControlCall) -> web.Response:
    """Reply with one account."""
    return reply(show_account(call, _account(call)))


async def patch_account(call: ControlCall) -> web.Response:
    """Change an account; balance types that the body omits stay, a list replaces the previous one."""
    changed = _patched(call, _account(call))
    call.world.commit(changed)
    return reply(show_account(call, changed))


def show_account(call: ControlCall, account: Account) -> Object:
    """Return an account; its senders are under its provider's word for them (senders, brands)."""
    now, opened = call.world.now(), call.engine.providers.known[account.provider].spec.document["x-sandbox"]["account"]
    return {
        "provider": account.provider,
        "key": mask(account.key),
        "used": (account.provider, account.key) in call.world.accounts,
        "balance": show_amounts(account.balance),
        "brands" if "brands" in opened else "senders": [
            {"id": each.id, "name": each.name, "state": each.standing(now)} for each in account.senders
        ],
        "templates": [{"id": template.id, "text": template.text} for template in account.templates],
        "stop_list": sorted(account.stop_list),
    }


def show_amounts(balance: Mapping[str, Decimal]) -> Object:
    """Return the amounts of a balance by type."""
    return {name: int(each) if each == each.to_integral_value() else float(each) for name, each in balance.items()}


def _account(call: ControlCall) -> Account:
    """Return the account that the path names; see `find_account`."""
    return find_account(call, provider_of(call), call.path["key"], at="/key")


def find_account(call: ControlCall, provider: str, key: str, *, at: str) -> Account:
    """Return an account by its key, or by the masked key if only one account has it; `at` is where the call has it.

    Raises:
        ProblemError: 404, there is no such account.

    """
    world = call.world
    known = world.accounts.get((provider, key))
    if known is not None:
        return known
    alike = [each for (name, full), each in world.accounts.items() if name == provider and mask(full) == key]
    if len(alike) == 1:
        return alike[0]
    spec = call.engine.providers.known[provider].spec
    opened = None if len(key) > KEY_LIMIT else world.scenario.opened(spec.fresh_account(key, at=world.now()))
    if opened is None or alike:
        why = f"{len(alike)} accounts have this masked key; use the full key" if alike else "no account has this key"
        raise refuse(404, at, why)
    return opened


def _patched(call: ControlCall, account: Account) -> Account:
    """Return the account with what the body names in place of its own.

    Raises:
        ProblemError: 400, the body has both senders and brands, or a balance type that the account does not have.

    """
    given, now = call.body, call.world.now()
    senders, brands = given.get("senders", list), given.get("brands", list)
    if senders is not None and brands is not None:
        raise refuse(400, "/brands", "brands and senders are the same list; use only one of them")
    named = brands if senders is None else senders
    templates, stop_list = given.get("templates", list), given.get("stop_list", list)
    return account._replace(
        balance={**account.balance, **_amounts(account, given.values.get("balance"))},
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


def _amounts(account: Account, given: object) -> Mapping[str, Decimal]:
    """Return the amounts by balance type; a bare amount is for an account with one type.

    Raises:
        ProblemError: 400, there is no such balance type, or several for a bare amount.

    """
    if given is None:
        return {}
    known = account.balance
    if not isinstance(given, dict):
        if len(known) > 1:
            raise refuse(
                400, "/balance", f"this account has several balance types; use an object with {', '.join(known)}"
            )
        return {balance_type: Decimal(str(given)) for balance_type in known}
    for name in given:
        if name not in known:
            raise refuse(400, pointer(["balance", name]), f"unknown balance type {name!r}.{near_miss(name, known)}")
    return {balance_type: Decimal(str(amount)) for balance_type, amount in given.items()}
