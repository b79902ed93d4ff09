"""Makes what an accepted request changes: its messages with their steps, its account, and texts that are sent again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sandbox.core.change import Change
from sandbox.core.effects import Fault
from sandbox.core.journal import LostReply, SentText
from sandbox.core.message import (
    DEFAULT_POLICY,
    CallbackPolicy,
    Channel,
    Draft,
    Lifecycle,
    Message,
    Status,
    Step,
    next_move,
    plan_lifecycle,
    skip_first_delay,
)
from sandbox.core.rules import Verdict
from sandbox.core.trace import TraceContext, trace_of
from sandbox.pipeline.apply_scenario import Ruling
from sandbox.pipeline.read import RequestContext
from sandbox.providers.base import Plan

NO_CALLBACKS = CallbackPolicy(collect_only=True)

# Faults after which a client cannot have read the whole reply; a slow body is complete in the end.
LOSES_REPLY = frozenset({*Fault} - {Fault.SLOW_BODY})


def accept(context: RequestContext, plan: Plan, ruling: Ruling, messages: tuple[Message, ...]) -> tuple[Change, ...]:
    """Return the changes of an accepted request: scenario state, the account if it is new, and the plan's values."""
    account = context.call.account
    context.messages = tuple([message.id for message in messages])
    changes = (*ruling.changes, *plan.changes, *messages, *filter(None, map(next_move, messages)))
    if account and (account.provider, account.key) not in context.world.accounts:
        return (account, *changes)
    return changes


def make_messages(context: RequestContext, plan: Plan, ruling: Ruling, delay: timedelta) -> tuple[Message, ...]:
    """Return the messages of an accepted request; `delay` is that of the reply, in real time."""
    drafts = plan.drafts
    if not drafts:
        return ()
    request = context.request
    replied = context.call.at + delay * context.world.clock.rate if delay else context.call.at
    foreign = not request.allowed and request.headers.get("sec-fetch-site") == "cross-site"
    callback_policy = NO_CALLBACKS if foreign else DEFAULT_POLICY
    verdicts = ruling.verdicts or (None,) * len(drafts)
    trace = trace_of(request.headers)
    return tuple(
        [
            _make_message(
                context,
                draft,
                row=row,
                callback_policy=callback_policy,
                verdict=verdict,
                replied=replied,
                trace=trace,
            )
            for row, (draft, verdict) in enumerate(zip(drafts, verdicts, strict=True))
        ]
    )


def _make_message(  # noqa: PLR0913 - what a message is made of
    context: RequestContext,
    draft: Draft,
    *,
    row: int,
    callback_policy: CallbackPolicy,
    verdict: Verdict | None,
    replied: datetime,
    trace: TraceContext | None,
) -> Message:
    """Return the message that a draft becomes; it shares its steps with the one before if they are planned alike.

    `replied` is when the reply is sent, on the clock of the workspace.
    Its lifecycle is that of the scenario's rule, else the draft's own, else the channel's.
    """
    world, call = context.world, context.call
    number = call.number + row
    channel, later = draft.channel, draft.scheduled_for
    begin = later or call.at
    life = channel.lifecycle if draft.lifecycle is None else draft.lifecycle
    rule = reply = None
    if verdict is not None:
        rule = verdict.rule.title
        if verdict.effect.inbound is not None and channel.name in context.pack.provider.inbound:
            reply = verdict.effect.inbound.draw(world.seed, number)
        template = verdict.effect.lifecycle
        life = life if template is None else template.draw(world.seed, number)
        if verdict.rule.then.from_reply:
            begin = later or replied
        if not callback_policy.collect_only:
            callback_policy = verdict.rule.then.callback_policy or callback_policy
    is_urgent = draft.rank < 0
    steps, key = context.steps, (channel, life, begin, later, is_urgent)
    if steps is None or steps[0] != key:
        steps = context.steps = (key, *_plan_steps(channel, life, begin, later, call.at, is_urgent=is_urgent))
    return Message(  # by place: by name it takes three times as long
        draft.id,
        number,
        world.last_request + 1,
        context.pack.spec.name,
        call.operation,
        channel,
        call.owner.key,
        draft.sender,
        draft.recipient,
        draft.text,
        steps[1],
        steps[2],
        (),
        draft.code,
        later,
        rule,
        draft.rank,
        callback_policy,
        draft.data,
        reply,
        trace,
    )


def _plan_steps(  # noqa: PLR0913 - what the steps depend on
    channel: Channel, life: Lifecycle, begin: datetime, later: datetime | None, at: datetime, *, is_urgent: bool
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the history and plan of a message accepted at `at`: queued then, or scheduled then and queued `later`."""
    # Priority traffic has no first delay, whatever the rule.
    plan = plan_lifecycle(channel, skip_first_delay(life) if is_urgent else life, begin=begin)
    if later is None:
        return (Step(Status.QUEUED, channel.words[Status.QUEUED], at),), plan
    queued = Step(Status.QUEUED, channel.words[Status.QUEUED], later)
    return (Step(Status.SCHEDULED, channel.words[Status.SCHEDULED], at),), (queued, *plan)


def match_resend(context: RequestContext, drafts: tuple[Draft, ...], fault: Fault | None) -> tuple[LostReply, ...]:
    """Record which request first sent one of these messages, if its reply was lost within the last minute.

    Return a change that records the reply to this request as lost, if it is accepted and the fault loses its reply.
    """
    world, at = context.world, context.at
    if world.lost_replies.are_recent(at):
        context.resent_of = world.lost_replies.find(_sent_texts(context, drafts), at)
    if not context.messages or fault not in LOSES_REPLY:
        return ()
    return (LostReply(at, context.resent_of or world.last_request + 1, tuple(_sent_texts(context, drafts))),)


def _sent_texts(context: RequestContext, drafts: tuple[Draft, ...]) -> Iterable[SentText]:
    owner = context.call.owner
    return (SentText(owner.provider, owner.key, draft.recipient, draft.text) for draft in drafts)
