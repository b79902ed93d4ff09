"""Brands: the names that a handset shows, each approved some time after it was asked for."""

from collections.abc import Callable

from sandbox.core.account import Approval, Sender
from sandbox.core.clock import parse_duration
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan
from sandbox.providers.ubill.responses import SUCCESS, Why, answered, first_refusal, local, shown

AUTHORIZED = {
    Approval.PENDING: "0",
    Approval.APPROVED: "1",
    Approval.REFUSED: "2",
}


def list_brands(_: World, call: Call) -> Outcome:
    """Answer the account's brands as they stand now."""
    brands = [
        {
            "id": brand.id,
            "name": brand.name,
            "authorized": AUTHORIZED[brand.standing(call.at)],
            "createdAt": local(brand.created_at, call.settings),
        }
        for brand in call.owner.senders
    ]
    return answered(call, {"statusID": 0, "message": SUCCESS, "brands": brands})


def create_brand(_: World, call: Call) -> Outcome:
    """Add a brand that is pending until the setting `approval_delay` has passed."""
    refusal = first_refusal(CHECKS, call)
    if refusal is not None:
        return refusal
    senders = call.owner.senders
    brand_id = 1 + max((int(brand.id) for brand in senders if brand.id.isascii() and brand.id.isdecimal()), default=0)
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    brand = Sender(str(brand_id), call.text("brandName"), Approval.PENDING, call.at, approved_at)
    reply = answered(call, {"statusID": 0, "brandID": brand_id, "message": SUCCESS})
    return Plan(reply, changes=(call.owner._replace(senders=(*senders, brand)),))


def empty(call: Call) -> Why:
    """Find that there is no name."""
    return broken()(call) if call.text("brandName") == "" else ()


def broken(*rules: str) -> Callable[[Call], Why]:
    """Return a check that finds breaches of these rules of the schema; without any, of all."""
    return lambda call: tuple(str(each) for each in call.violations if not rules or each.rule in rules)


def taken(call: Call) -> Why:
    """Find a brand that has the name."""
    name = call.text("brandName")
    return tuple(
        f"brandName: brand {each.id} is {shown(name)} already" for each in call.owner.senders if each.name == name
    )


def waiting(call: Call) -> Why:
    """Find a brand that is not approved yet."""
    pending = [brand for brand in call.owner.senders if brand.standing(call.at) is Approval.PENDING]
    delay = "(the setting approval_delay says for how long)"
    return tuple(f"account: brand {brand.id} is still pending {delay}" for brand in pending)


# In the order in which they are looked for (inferred): 10, 20, 30, 99, 40, 50. The gate has looked for 90 before.
CHECKS = (
    ("empty-name", empty),
    ("name-length", broken("minLength", "maxLength")),
    ("name-characters", broken("pattern")),
    ("general", broken()),
    ("brand-exists", taken),
    ("brand-pending", waiting),
)
