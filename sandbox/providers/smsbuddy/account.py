"""What is left on an account, and its sender ids."""

import re

from sandbox.core.account import Approval, Sender
from sandbox.core.clock import parse_duration
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Refusal, Reply
from sandbox.providers.smsbuddy.parameters import given
from sandbox.providers.smsbuddy.refusals import PURSES, wrong_kind
from sandbox.specs.schema import show

SENDER_ID = re.compile(r"[A-Za-z]{6}|[0-9]{6}")


def balance(_: World, call: Call) -> Outcome:
    """Answer the units left of each type."""
    left = call.owner.balance
    return Reply(
        200, {"status": "200", "data": {purse: int(left.get(purse, 0)) for purse in PURSES.values()}}, call.type
    )


def create_sender(_: World, call: Call) -> Outcome:
    """Take down a sender id, approved after the delay that the setting names.

    One that the account has stays as it is: the page's example asks for SMSBDY, with which its other examples send.
    """
    name = given(call.values, "senderid")
    if not SENDER_ID.fullmatch(name):
        why = f"senderid: {show(name)} is no sender id (inferred: six letters, or six digits for promotional SMS)"
        return Refusal("unknown-sender", (wrong_kind(call, "", "senderid") or why,))
    reply = Reply(200, {"status": "200", "message": "Sender ID requested Successfully."}, call.type)
    if call.owner.sender(name):
        return reply
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    sender = Sender(name, name, Approval.PENDING, call.at, approved_at)
    return Plan(reply, changes=(call.owner._replace(senders=(*call.owner.senders, sender)),))
