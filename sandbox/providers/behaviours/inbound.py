"""Messages from phones on a channel: the callback that brings them, their ids, and the words that opt out and in."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sandbox.core.message import make_inbound_channel
from sandbox.providers.base import Call, Inbound
from sandbox.providers.behaviours.callbacks import ChannelCallback, read_callback
from sandbox.providers.behaviours.context import DocumentContext
from sandbox.providers.behaviours.ids import Draw, read_id
from sandbox.specs.document import SpecNode

KEYS = ("callback", "says", "id", "stop", "start")
STOP = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")
START = ("START", "YES", "UNSTOP")
RIGHT = "the callback that brings a message from a phone, such as callback: {body: {…}}"


class ChannelInbound(NamedTuple):
    """How a channel takes messages from phones, and the callback that brings them."""

    inbound: Inbound
    callback: ChannelCallback


def read_inbound(node: SpecNode, context: DocumentContext, channel: str) -> ChannelInbound | None:
    """Return how a channel takes messages from phones."""
    node.only(KEYS, "inbound")
    callback = node.need("callback", "a mapping", RIGHT)
    word = node.take("says", "a string", default="received")
    id_ = node.value.get("id")
    ids = read_id(node.inside("id", id_) if id_ is not None else None)
    if ids.per_request:
        node.inside("id", id_).note("a message from a phone belongs to no request; leave per out", "per")
    stop, start = _words(node, "stop", STOP), _words(node, "start", START)
    if stop & start:
        node.note(f"{min(stop & start)} is listed under stop too; list it in one place", "start")
    if callback is None or word is None:
        return None
    made = make_inbound_channel(channel, word=word.value)
    return ChannelInbound(Inbound(made, _drawn(ids.draw), stop, start), read_callback(callback, context))


def _words(node: SpecNode, name: str, usual: tuple[str, ...]) -> frozenset[str]:
    """Return words in capitals, as their case makes no difference."""
    return frozenset(each.value.strip().upper() for each in node.each(name, "a string", default=usual))


def _drawn(draw: Draw) -> Callable[[int, int, datetime], str]:
    """Return what draws the id of a message that no call has sent."""

    def draw_id(seed: int, number: int, at: datetime) -> str:
        return draw(Call("", None, at, number, seed, {}, {}, None, None, (), {}, {}), 0)

    return draw_id
