"""Messages and the one-time codes in them: listed by their content, found by id, moved, deleted."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice

from aiohttp import web

from sandbox.control.call import ControlCall, no_content, reply
from sandbox.control.callbacks import callback_state_of
from sandbox.control.lists import Collection, Object, filter_items, find_item, get_item, list_items, since_of, wait_for
from sandbox.control.masking import mask
from sandbox.control.problems import refuse
from sandbox.control.searching import Search, contains
from sandbox.core.callback import Callback
from sandbox.core.change import Change
from sandbox.core.clock import format_time
from sandbox.core.code_detection import find_code
from sandbox.core.errors import UnknownStatusError
from sandbox.core.message import Message
from sandbox.core.trace import TraceContext
from sandbox.core.world import World
from sandbox.formats.phone_numbers import contains_number, normalize_number
from sandbox.formats.sms_segments import segment
from sandbox.providers.registry import Registry
from sandbox.specs.spec import NumberPlan

MessageFilter = Callable[[Message], bool]
NumberPlans = Mapping[str, NumberPlan]  # by provider
SameNumber = Callable[[str, str], bool]  # of a number and a provider

NAMED_LIMIT = 5  # numbers that a refusal names


async def list_messages(call: ControlCall) -> web.StreamResponse:
    """Reply with a page of messages, or with a file of all."""
    chosen = call.query.get("format", str)
    if chosen not in {None, "json"}:
        return await _export(call, str(chosen))
    evicted, depends_on = call.world.evicted["messages"], (Callback,) if "callback_state" in call.query.values else ()
    return await list_items(call, messages_of(call.world), evicted=evicted, depends_on=depends_on)


async def _export(call: ControlCall, chosen: str) -> web.StreamResponse:
    from sandbox.control.exports import message_formats, send_export  # noqa: PLC0415 - loaded with the first export

    messages = messages_of(call.world)
    return await send_export(call, messages, message_formats(messages.show)[chosen])


async def get_message(call: ControlCall) -> web.Response:
    """Reply with one message."""
    return await get_item(call, messages_of(call.world))


async def delete_messages(call: ControlCall) -> web.Response:
    """Delete the messages that match, or all if there is no filter; what is pending for them is cancelled."""
    if not call.query.values:
        await call.workspace.forget()
        return no_content()
    messages = messages_of(call.world)
    matching = await filter_items(messages, messages.selected_by(call), after=since_of(call).number)
    await call.workspace.forget([message.number for message in matching])
    return no_content()


async def delete_message(call: ControlCall) -> web.Response:
    """Delete one message; what is pending for it is cancelled."""
    message = find_item(call, messages_of(call.world))
    await call.workspace.forget([message.number])
    return no_content()


async def move_message(call: ControlCall) -> web.Response:
    """Move a message to a status now; its further plan is cancelled."""
    message = find_item(call, messages_of(call.world))
    try:
        moved = call.workspace.move(message, call.body.get("status", str) or "")
    except UnknownStatusError as error:
        raise refuse(422, "/status", str(error)) from None
    return reply(show_message(moved, call.world, call.world.now()))


async def get_otp(call: ControlCall) -> web.Response:
    """Reply with the newest one-time code for a number, which is readable as soon as its message is."""
    world, fits, wanted = call.world, _otp_filter(call), call.query.get("code", str)
    whole, part = call.query.get("to", str), call.query.get("to_contains", str)
    if (whole is None) == (part is None):
        raise refuse(400, "/to", "give either to, the number of the recipient, or to_contains, a part of it")

    async def search() -> tuple[Message, str] | None:
        now = world.now()
        messages = await filter_items(messages_of(world), fits)
        if part is not None:
            messages = _to_one_number(messages, part, call.server.number_plans)
        coded = ((message, code) for message in messages if (code := code_of(message, now)) is not None)
        if wanted is not None:
            coded = ((message, code) for message, code in coded if code == wanted)
        return max(coded, key=lambda each: (readable_at(each[0]), each[0].number), default=None)

    def is_relevant(change: Change) -> bool:
        return isinstance(change, Message) and fits(change)

    found = await wait_for(call, search, is_relevant, wait=call.query.get("wait", timedelta))
    if found is None:
        which = "a one-time code" if wanted is None else f"the one-time code {wanted!r}"
        other = wanted is not None and any(
            code_of(each, world.now()) for each in await filter_items(messages_of(world), fits)
        )
        place = "/code" if other else "/to" if part is None else "/to_contains"
        raise refuse(404, place, f"no message to {whole or part!r} has {which}")
    message, code = found
    return reply(
        {
            "code": code,
            "to": message.recipient,
            "provider": message.provider,
            "message": message.id,
            "at": format_time(readable_at(message)),
        },
    )


def messages_of(world: World) -> Collection[Message]:
    """Return the messages of a workspace."""
    return Collection(
        Message,
        world.messages,
        number=lambda message: message.number,
        at=lambda message: message.accepted_at,
        show=lambda message: show_message(message, world, world.now()),
        noun="message",
        number_of=world.numbers.get,
        filters=FILTERS,
    )


def show_message(message: Message, world: World, now: datetime) -> Object:
    """Return a message as the API shows it."""
    segments = segment(message.text)
    return {
        "id": message.id,
        "number": message.number,
        "direction": message.channel.direction,
        "provider": message.provider,
        "operation": message.operation,
        "channel": message.channel.name,
        "account": mask(message.account),
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "opt": message.opt,
        "code": code_of(message, now),
        "encoding": segments.encoding,
        "segments": segments.count,
        "status": message.status,
        "provider_status": message.provider_status,
        "rule": message.rule,
        "request": None if message.is_inbound else message.request,
        "accepted_at": format_time(message.accepted_at),
        "scheduled_for": None if message.scheduled_for is None else format_time(message.scheduled_for),
        "history": [
            {"status": step.status, "provider_status": step.word, "at": format_time(step.at)}
            for step in message.history
        ],
        "planned": [{"status": step.status, "at": format_time(step.at)} for step in message.plan],
        "callbacks": list(message.callbacks),
        "callback_state": callback_state_of(message, world),
        "trace": show_trace(message.trace),
    }


def code_of(message: Message, now: datetime) -> str | None:
    """Return a message's one-time code: the provider's own, else the one in its text.

    The code of a scheduled message is readable when its time has come. A text from a phone has none that was sent.
    """
    if message.is_inbound:
        return None
    if message.scheduled_for is not None and message.scheduled_for > now:
        return None
    return message.code or find_code(message.text)


def readable_at(message: Message) -> datetime:
    """Return when a message's code becomes readable: at once, or at its time if it is scheduled."""
    return message.scheduled_for or message.accepted_at


def _otp_filter(call: ControlCall) -> MessageFilter:
    """Return whether a message is to the number in the query, at the provider, after `since`."""
    since = since_of(call)
    given = ((name, call.query.get(name, str)) for name in ("to", "to_contains", "provider"))
    filters = [FILTERS[name](call, value) for name, value in given if value is not None]
    return lambda message: (
        since.admits(message.number, readable_at(message)) and all(accepts(message) for accepts in filters)
    )


def _to_one_number(messages: list[Message], part: str, plans: NumberPlans) -> list[Message]:
    """Return the messages to the one number that contains a part, or that consists of these digits alone.

    Raises:
        ProblemError: 409, several numbers contain the part.

    """
    same = same_number(part, plans)
    exact = [each for each in messages if same(each.recipient, each.provider)]
    if exact:
        return exact
    numbers = {_with_country(each.recipient, plans.get(each.provider)): each.recipient for each in messages}
    if len(numbers) > 1:
        shown = ", ".join(islice(numbers.values(), NAMED_LIMIT))
        more = f" and {len(numbers) - NAMED_LIMIT} more" if len(numbers) > NAMED_LIMIT else ""
        raise refuse(409, "/to_contains", f"messages to {len(numbers)} numbers contain {part!r}: {shown}{more}")
    return messages


def _to_is(call: ControlCall, value: str) -> MessageFilter:
    same = same_number(value, call.server.number_plans)
    return lambda message: same(message.recipient, message.provider)


def _from_is(call: ControlCall, value: str) -> MessageFilter:
    same = same_number(value, call.server.number_plans)
    return lambda message: same(message.sender or "", message.provider)


def _is_found(call: ControlCall, value: str) -> MessageFilter:
    """Return whether a search finds a message: by number, text, sender, id, trace or code."""
    search, world = Search(value), call.world

    def is_found(message: Message) -> bool:
        words = (message.text, message.id, message.sender or "")
        if search.is_in(words) or search.is_number(message.phone) or search.is_trace(message.trace):
            return True
        return search.may_be_code and search.is_in((code_of(message, world.now()) or "",))

    return is_found


FILTERS: Mapping[str, Callable[[ControlCall, str], MessageFilter]] = {
    "direction": lambda _, value: lambda message: message.channel.direction == value,
    "provider": lambda _, value: lambda message: message.provider == value,
    "operation": lambda _, value: lambda message: fnmatchcase(message.operation, value),
    "account": lambda _, value: lambda message: value in (message.account, mask(message.account)),
    "to": _to_is,
    "to_contains": lambda _, value: lambda message: contains_number(message.recipient, value),
    "from": _from_is,
    "text": lambda _, value: lambda message: contains(message.text, value),
    "status": lambda _, value: lambda message: value in (message.status, message.provider_status),
    "callback_state": lambda call, value: lambda message: callback_state_of(message, call.world) == value,
    "trace_id": lambda _, value: lambda message: message.trace is not None and message.trace.trace_id == value,
    "search": _is_found,
    "code": lambda call, value: lambda message: code_of(message, call.world.now()) == value,  # last, being the slowest
}


def number_plans_of(packs: Registry) -> NumberPlans:
    """Return the number plan of each provider whose spec has one, under `x-sandbox.numbers`."""
    return {name: pack.spec.home for name, pack in packs.items() if pack.spec.home}


def same_number(wanted: str, plans: NumberPlans) -> SameNumber:
    """Return whether a number, at a provider that may write those of its own country shorter, is the wanted one."""
    number = normalize_number(wanted)
    anywhere = frozenset({number})
    at_home = {provider: _number_forms(number, plan) for provider, plan in plans.items()}
    return lambda other, provider: normalize_number(other) in at_home.get(provider, anywhere)


def _with_country(number: str, plan: NumberPlan | None) -> str:
    """Return a number's digits with the country code that a provider leaves out."""
    return max(_number_forms(normalize_number(number), plan), key=len) if plan else normalize_number(number)


def _number_forms(number: str, plan: NumberPlan) -> frozenset[str]:
    """Return a number's digits with and without the country code."""
    if len(number) == plan.national:
        return frozenset({number, plan.country + number})
    short = number.removeprefix(plan.country)
    return frozenset({number, short}) if len(short) == plan.national else frozenset({number})


def show_trace(trace: TraceContext | None) -> Object | None:
    """Return a trace context as the API shows it."""
    if trace is None:
        return None
    return {
        "trace_id": trace.trace_id,
        "parent_id": trace.parent_id,
        "sampled": trace.is_sampled,
        "tracestate": trace.state,
    }
