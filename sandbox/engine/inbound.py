"""Messages from phones: what a phone sends of its own accord, and what it replies by itself."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core.account import Account
from sandbox.core.agenda import EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import AgendaEntryRemoved, Change
from sandbox.core.message import DEFAULT_POLICY, OPT, CallbackPolicy, Message, MessageStep
from sandbox.core.world import World
from sandbox.engine.report import collects, report
from sandbox.formats.phone_numbers import normalize_number
from sandbox.providers.base import Inbound
from sandbox.providers.registry import Registry


class PhoneText(NamedTuple):
    """A text that a phone sends to an account.

    `phone` is its number, `known_as` the same as the account writes it, `to` the account's sender or number.
    """

    provider: str
    inbound: Inbound
    account: Account
    phone: str
    known_as: str
    to: str
    text: str


def receive(
    world: World,
    packs: Registry,
    given: PhoneText,
    *changes: Change,
    at: datetime | None = None,
    callback_policy: CallbackPolicy = DEFAULT_POLICY,
) -> Callback | None:
    """Store a text as a message from a phone, with changes, and make its callback; return it if it is collected.

    A word that opts out puts the phone on the stop list of the account, one that opts in takes it off.
    """
    channel, number, at = given.inbound.channel, world.last_message + 1, at or world.now()
    (status,) = channel.words
    opt = given.inbound.opt(given.text)
    message = Message(
        id=given.inbound.draw_id(world.seed, number, at),
        number=number,
        request=world.last_request,
        provider=given.provider,
        operation=f"{given.provider}.{channel.key}",
        channel=channel,
        account=given.account.key,
        sender=given.phone,
        recipient=given.to,
        text=given.text,
        accepted_at=at,
        steps=(MessageStep(status, channel.words[status], timedelta(0)),),
        callbacks=(world.last_callback + 1,),
        callback_policy=callback_policy,
        data=None if opt is None else {OPT: opt},
    )
    state = CallbackState.COLLECTED if collects(world, packs, message) else CallbackState.PENDING
    return report(world, message, message.step(0), *_opted(world, given, opt), *changes, state=state)


def _opted(world: World, given: PhoneText, opt: str | None) -> tuple[Account, ...]:
    """Return the account with the stop list as it is after a text, if it is new or has changed."""
    account, phone = given.account, normalize_number(given.known_as)
    others = frozenset(
        each for each in account.stop_list if normalize_number(each) not in {phone, normalize_number(given.phone)}
    )
    if opt is not None:
        account = account._replace(stop_list=others | {phone} if opt == "stop" else others)
    return () if world.accounts.get((account.provider, account.key)) == account else (account,)


def reply_by_itself(world: World, packs: Registry, message: Message, *, at: datetime) -> Callback | None:
    """Send what a phone replies to a message by itself; return its callback if it is collected."""
    done = AgendaEntryRemoved(EntryKind.INBOUND, message.number)
    inbound = packs[message.provider].provider.inbound.get(message.channel.name)
    account = world.accounts.get((message.provider, message.account))
    if message.reply is None or inbound is None or account is None:
        world.commit(done, at=at)
        return None
    phone = message.recipient
    given = PhoneText(message.provider, inbound, account, phone, phone, message.sender or "", message.reply.text)
    callback_policy = CallbackPolicy(collect_only=True) if message.callback_policy.collect_only else DEFAULT_POLICY
    return receive(world, packs, given, done, at=at, callback_policy=callback_policy)
