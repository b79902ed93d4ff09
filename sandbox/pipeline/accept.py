"""Makes what an accepted request changes: its messages with their steps, its account, and texts that are sent again."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from sandbox.core.change import Change
from sandbox.core.effects import Fault
from sandbox.core.journal import LostReply, SentText
from sandbox.core.lifecycle import NO_DELAY, plan_lifecycle, skip_first_delay
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
from sandbox.core.trace import trace_of
from sandbox.pipeline.apply_scenario import Ruling
from sandbox.pipeline.read import RequestContext
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
    """Return the messages of an accepted request; `delay` is that of the reply, in real time.

    The lifecycle of a message is that of the scenario's rule, else the draft's own, else the channel's.
    """
    drafts = plan.drafts
    if not drafts:
        return ()
    request, world, call = context.request, context.world, context.call
    foreign = not request.allowed and request.headers.get("sec-fetch-site") == "cross-site"
    policy = NO_CALLBACKS if foreign else DEFAULT_POLICY
    account, provider, operation, at = call.owner.key, context.pack.spec.name, call.operation, call.at
    replied = at + delay * world.clock.rate if delay else at
    number, trace, request_id = call.number, trace_of(request.headers), world.last_request + 1
    messages = []
    for draft, verdict in zip(drafts, ruling.verdicts or (None,) * len(drafts), strict=True):
        channel, later = draft.channel, draft.scheduled_for
        life = channel.lifecycle if draft.lifecycle is None else draft.lifecycle
        begin, rule, reply, own_policy = later or at, None, None, policy
        if verdict is not None:
            then, effect, rule = verdict.rule.then, verdict.effect, verdict.rule.title
            if effect.inbound is not None and channel.name in context.pack.provider.inbound:
                reply = effect.inbound.draw(world.seed, number)
            if effect.lifecycle is not None:
                life = effect.lifecycle.draw(world.seed, number)
            if then.from_reply:
                begin = later or replied
            if policy is DEFAULT_POLICY:
                own_policy = then.callback_policy or policy
        if draft.rank < 0:  # priority traffic has no first delay, whatever the rule
            life = skip_first_delay(life)
        messages.append(
            Message(  # by place: by name it takes three times as long
                draft.id,
                number,
                request_id,
                provider,
                operation,
                channel,
                account,
                draft.sender,
                draft.recipient,
                draft.text,
                at,
                _plan_steps(channel, life, begin - at, AT_ONCE if later is None else LATER),
                draft.code,
                later,
                rule,
                draft.rank,
                own_policy,
                draft.data,
                reply,
                trace,
            )
        )
        number += 1
    return tuple(messages)


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
