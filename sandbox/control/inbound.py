"""Messages from phones: a number sends a text to an account, and the provider's callback reports it."""

from aiohttp import web

from sandbox.control.accounts import find_account
from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import filter_items
from sandbox.control.messages import messages_of, same_number, show_message
from sandbox.control.problems import refuse
from sandbox.core.account import Account
from sandbox.core.errors import near_miss
from sandbox.core.message import Message
from sandbox.engine.inbound import PhoneText
from sandbox.formats.phone_numbers import normalize_number
from sandbox.providers.base import Inbound
from sandbox.providers.registry import Pack

DOCS = "/_sandbox/docs/inbound"


async def receive_text(call: ControlCall) -> web.Response:
    """Let a phone send a text, and reply with the message that it is."""
    provider, phone = call.body.get("provider", str) or "", call.body.get("from", str) or ""
    pack = call.engine.packs[provider]
    _check_channel(pack, call.body.get("channel", str))
    key, to = call.body.get("account", str), call.body.get("to", str)
    account = find_account(call, provider, key, at="/account") if key is not None else None
    last = await _last_message(call, provider, phone, account)
    inbound = _inbound(pack, call.body.get("channel", str), last)
    if account is None:
        account = _owner(call, provider, phone, last)
    if to is None:
        to = last.sender if last is not None and last.sender else _only_sender(account, phone)
    known_as = phone if last is None else last.recipient
    text = call.body.get("text", str) or ""
    message = call.workspace.receive(PhoneText(provider, inbound, account, phone, known_as, to, text))
    return reply(show_message(message, call.world, call.world.now()), status=201)


def _check_channel(pack: Pack, name: str | None) -> None:
    """Check that a provider has messages from phones, on a channel if one is named.

    Raises:
        ProblemError: 409, it has none; 400, the channel has none.

    """
    provider, known = pack.spec.name, pack.provider.inbound
    if not known:
        where = f"x-sandbox.channels.{next(iter(pack.spec.channels), 'NAME')}.inbound"
        why = f"{provider} has no messages from phones: its document does not describe them. Add {where}; see {DOCS}"
        raise refuse(409, "/provider", why)
    if name is not None and name not in known:
        near = near_miss(name[:100], known)
        raise refuse(400, "/channel", f"no channel of {provider} that phones write to is called '{name[:100]}'.{near}")


async def _last_message(call: ControlCall, provider: str, phone: str, account: Account | None) -> Message | None:
    """Return the message that a call names, or else the newest to the phone that fits all that the call says, if any.

    Raises:
        ProblemError: 404, there is no such message.

    """
    named = call.body.get("message", str)
    if named is not None:
        found = call.world.message(named)
        if found is None or found.is_inbound or found.provider != provider:
            raise refuse(404, "/message", f"no message that {provider} has sent has the id {named[:200]!r}")
        return found
    same = same_number(phone, call.server.number_plans)
    to, channel = call.body.get("to", str), call.body.get("channel", str)

    def fits(message: Message) -> bool:
        return (
            not message.is_inbound
            and message.provider == provider
            and (account is None or message.account == account.key)
            and (to is None or normalize_number(message.sender or "") == normalize_number(to))
            and (channel is None or message.channel.name == channel)
            and same(message.recipient, provider)
        )

    return next(iter(await filter_items(messages_of(call.world), fits, limit=1)), None)


def _inbound(pack: Pack, name: str | None, last: Message | None) -> Inbound:
    """Return how the channel takes messages from phones: the one that is named, else that of the last message.

    Raises:
        ProblemError: 409, neither says which of several it is.

    """
    known = pack.provider.inbound
    named = name if name is not None else last.channel.name if last is not None else None
    if named is not None and named in known:
        return known[named]
    if len(known) > 1:
        why = f"phones write to {pack.spec.name} on several channels; name one of {', '.join(known)}"
        raise refuse(409, "/channel", why)
    return next(iter(known.values()))


def _owner(call: ControlCall, provider: str, phone: str, last: Message | None) -> Account:
    """Return the account that a text is for: the one that wrote to the phone last, else the only one.

    Raises:
        ProblemError: 409, there is none, or there are several.

    """
    if last is not None:
        return find_account(call, provider, last.account, at="/account")
    mine = [each for (name, _), each in call.world.accounts.items() if name == provider]
    if len(mine) == 1:
        return mine[0]
    why = f"{len(mine)} accounts of {provider} have been used" if mine else f"no account of {provider} has been used"
    raise refuse(409, "/account", f"{why}, and none has sent to {phone}; name the account that gets the text")


def _only_sender(account: Account, phone: str) -> str:
    """Return the only sender of an account.

    Raises:
        ProblemError: 409, it has none or several.

    """
    if len(account.senders) == 1:
        return account.senders[0].id
    raise refuse(409, "/to", f"the account has sent nothing to {phone}; name the sender or number that gets the text")
