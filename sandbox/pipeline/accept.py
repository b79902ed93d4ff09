"""Makes what an accepted request changes: its messages with their steps, its account, and texts that are sent again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from sandbox.core.change import Change
from sandbox.core.effects import Fault
from sandbox.core.journal import LostReply, SentText
from sandbox.core.lifecycle import plan_lifecycle, skip_first_delay
from sandbox.core.message import (
    DEFAULT_POLICY,
    CallbackPolicy,
    Channel,
    Draft,
    Lifecycle,
    Message,
    MessageStep,
    MessageSteps,
    Status,
)
from sandbox.core.rules import Verdict
from sandbox.core.trace import TraceContext, trace_of
from sandbox.pipeline.apply_scenario import Ruling
from sandbox.pipeline.read import RequestContext
from sandbox.pipeline.respond import NO_DELAY
from sandbox.providers.base import Plan

NO_CALLBACKS = CallbackPolicy(collect_only=True)
AT_ONCE, LATER = (Status.QUEUED,), (Status.SCHEDULED, Status.QUEUED)  # the first statuses of a message

# Faults after which a client cannot have read the whole reply; a slow body is complete in the end.
LOSES_REPLY = frozenset({*Fault} - {Fault.SLOW_BODY})


def accept(context: RequestContext, plan: Plan, ruling: Ruling, messages: tuple[Message, ...]) -> tuple[Change, ...]:
    """Return the changes of an accepted request: scenario state, the account if it is new, and the plan's values."""
    account = context.call.account
    context.messages = tuple([message.id for message in messages])
    changes = (*ruling.changes, *plan.changes, *messages)
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
    """Return the message that a draft becomes.

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
    if draft.rank < 0:  # priority traffic has no first delay, whatever the rule
        life = skip_first_delay(life)
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
        call.at,
        _plan_steps(channel, life, begin - call.at, AT_ONCE if later is None else LATER),
        draft.code,
        later,
        rule,
        draft.rank,
        callback_policy,
        draft.data,
        reply,
        trace,
    )


@lru_cache(maxsize=1024)
def _plan_steps(channel: Channel, life: Lifecycle, begin: timedelta, first: tuple[Status, ...]) -> MessageSteps:
    """Return the steps of a message whose lifecycle begins so long after its acceptance; most messages share them.

    It has the first of some statuses at its acceptance, and the second at the beginning.
    """
    before = [
        MessageStep(status, channel.words[status], after)
        for status, after in zip(first, (NO_DELAY, begin), strict=False)
    ]
    return (*before, *plan_lifecycle(channel, life, begin=begin))


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
