"""Messages: listed by what is in them, found by id, moved, forgotten."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from aiohttp import web

from sandbox.control.call import ControlCall, done, reply
from sandbox.control.list_endpoints import all_of, listed, single, the_one
from sandbox.control.masking import mask
from sandbox.control.pagination import Table, sift
from sandbox.control.parameter_types import Since
from sandbox.control.phone_numbers import same_as
from sandbox.control.problems import refuse
from sandbox.control.serializers import code_of, show_message
from sandbox.core.errors import UnknownStatusError
from sandbox.core.message import Message
from sandbox.core.world import World

Test = Callable[[Message], bool]


def table(world: World) -> Table[Message]:
    """Return the messages of a workspace."""
    return Table(
        Message,
        world.messages,
        number=lambda message: message.number,
        at=lambda message: message.accepted_at,
        show=lambda message: show_message(message, world.now()),
    )


def provider_is(_: ControlCall, word: str) -> Test:
    """Keep the messages of a provider."""
    return lambda message: message.provider == word


def operation_is(_: ControlCall, word: str) -> Test:
    """Keep the messages of an operation, which may be a glob."""
    return lambda message: fnmatchcase(message.operation, word)


def account_is(_: ControlCall, word: str) -> Test:
    """Keep the messages of a key, in full or masked."""
    return lambda message: word in (message.account, mask(message.account))


def to_is(ask: ControlCall, word: str) -> Test:
    """Keep the messages to a number."""
    same = same_as(word, ask.homes)
    return lambda message: same(message.recipient, message.provider)


def from_is(ask: ControlCall, word: str) -> Test:
    """Keep the messages from a sender."""
    same = same_as(word, ask.homes)
    return lambda message: message.sender is not None and same(message.sender, message.provider)


def text_contains(_: ControlCall, word: str) -> Test:
    """Keep the messages whose text has `word` in it."""
    return lambda message: word in message.text


def status_is(_: ControlCall, word: str) -> Test:
    """Keep the messages in a status: our word, or the provider's."""
    return lambda message: word in (message.status, message.provider_status)


def code_is(ask: ControlCall, word: str) -> Test:
    """Keep the messages with a one-time code; that of a scheduled one is there when its time comes."""
    return lambda message: code_of(message, ask.world.now()) == word


TESTS: dict[str, Callable[[ControlCall, str], Test]] = {
    "provider": provider_is,
    "operation": operation_is,
    "account": account_is,
    "to": to_is,
    "from": from_is,
    "text": text_contains,
    "status": status_is,
    "code": code_is,  # the last, as it takes the most time
}


def tests(ask: ControlCall) -> list[Test]:
    """Return what the query asks of a message."""
    return [make(ask, word) for name, make in TESTS.items() if (word := ask.query.get(name, str)) is not None]


async def list_messages(ask: ControlCall) -> web.Response:
    """Answer a page of messages."""
    return await listed(ask, table(ask.world), tests(ask), evicted=ask.world.evicted["messages"])


async def get_message(ask: ControlCall) -> web.Response:
    """Answer one message."""
    return await single(ask, table(ask.world), ask.world.message, noun="message")


async def forget_messages(ask: ControlCall) -> web.Response:
    """Forget the messages that match, all without a filter; what is pending for them is cancelled."""
    if not ask.query.values:
        await ask.workspace.forget()
        return done()
    since = ask.query.get("since", Since) or Since()
    rows = table(ask.world)
    matching = await sift(rows, all_of(tests(ask), rows, since), after=since.number)
    await ask.workspace.forget([message.number for message in matching])
    return done()


async def move_message(ask: ControlCall) -> web.Response:
    """Move a message to a status now; the rest of its plan is given up."""
    message = the_one(ask, table(ask.world), ask.world.message, noun="message")
    try:
        moved = ask.workspace.move(message, ask.body.get("status", str) or "")
    except UnknownStatusError as error:
        raise refuse(422, "/status", str(error)) from None
    return reply(show_message(moved, ask.world.now()))
