"""Handles one request, top to bottom: read, authenticate, provider, scenario, changes, response, commit."""

from collections.abc import Generator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from sandbox.core.account import Account
from sandbox.core.change import Batch, Change
from sandbox.core.effects import Fault
from sandbox.core.errors import BusyError, ElsewhereError
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
from sandbox.formats.phone_numbers import normalize_number
from sandbox.pipeline.apply_scenario import Ruling, apply_effects, evaluate_rules
from sandbox.pipeline.read import BODY_LIMIT, PlannedSteps, ProviderError, RequestContext, ServerContext, read
from sandbox.pipeline.respond import (
    ReplyShape,
    Response,
    check_reply,
    refuse,
    render,
    report_failure,
    report_missing,
)
from sandbox.providers.base import Outcome, Plan, Refusal, Reply
from sandbox.specs.body_parsing import Request
from sandbox.specs.hints import without_repeats
from sandbox.specs.routing import Missed
from sandbox.specs.types import PROBLEM, problem

Result = TypeVar("Result")

TOO_LARGE = Refusal("too-large", (f"body: more than {BODY_LIMIT} bytes",))
NO_CALLBACKS = CallbackPolicy(collect_only=True)
BAD_REQUEST = 400
AT_ONCE = 5_000  # messages that are created before others on the loop get their turn
CLOSES = ReplyShape(headers={"Connection": "close"})

# Faults after which a client cannot have read the whole reply; a slow body is complete in the end.
LOSES_REPLY = frozenset({*Fault} - {Fault.SLOW_BODY})


def handle(request: Request, server: ServerContext) -> tuple[Batch, Response]:
    """Handle a provider's request in one turn; return the batch that was committed, and the response to send after it.

    See `handle_in_turns`.
    """
    return run_turns(handle_in_turns(request, server))


def handle_in_turns(request: Request, server: ServerContext) -> Generator[RequestContext, None, tuple[Batch, Response]]:
    """Handle a provider's request as `handle` does, but pause between the stages if it creates many messages.

    Nothing is committed before the end; what the stages read of the world must not change between them.
    If a provider's function raises an error or returns an invalid value, the reply is a 500 with a number and the
    reason, because the function may be the user's own.
    """
    context = RequestContext(request)
    found = server.router.find(request.method, request.path)
    if isinstance(found, Missed):
        context.enter(server.find_world(None) or server.default)
        return _commit(context, *report_missing(request, found))
    changes: tuple[Change, ...]
    try:
        call = read(context, found, server)
        provider, world = context.pack.provider, context.world

        outcome: Outcome | None = TOO_LARGE if request.oversize else provider.authenticate(world, call)
        if outcome is None:
            outcome = provider.operations[call.operation](world, call)
        plan = _check(context, outcome)

        ruling = evaluate_rules(context, plan)
        if ruling.opts_out and isinstance(plan, Plan):
            plan, ruling = _opt_out(context, plan, ruling)
        reply, drafts = (refuse(context, plan), ()) if isinstance(plan, Refusal) else (plan.reply, plan.drafts)
        explained = bool(reply.why)
        reply, shape = apply_effects(context, reply, ruling=ruling, drafts=drafts)
        if len(drafts) > AT_ONCE:
            yield context

        accepted = plan if isinstance(plan, Plan) and ruling.accepts and not shape.rejects else None
        context.refused = accepted is None or explained
        changes = _accept(context, accepted, ruling, delay=shape.delay) if accepted else ruling.changes

        if context.reading.hints:
            hints = without_repeats(context.reading.hints, (*reply.why, *reply.notes))
            reply = reply._replace(notes=(*reply.notes, *hints))
        if drafts:
            changes = (*changes, *_match_resend(context, drafts, shape.fault))
        if len(drafts) > AT_ONCE:
            yield context
        record, response = render(context, reply, shape)
    except (ElsewhereError, BusyError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        changes = ()
        context.refused, context.messages, context.resent_of = True, (), None
        record, response = render(context, report_failure(context, error))
    return context.world.commit(*changes, record, at=context.at), response


def run_turns(turns: Generator[object, None, Result]) -> Result:
    """Return what a generator returns, without a pause."""
    try:
        while True:
            next(turns)
    except StopIteration as end:
        result: Result = end.value
        return result


def refuse_unreadable(request: Request, server: ServerContext, *, status: int, why: str) -> tuple[Batch, Response]:
    """Refuse a request that the HTTP layer could not read: with the provider's own 400 if it has one, else a problem.

    `request` is as much of it as was read.
    """
    context = RequestContext(request)
    found = server.router.find(request.method, request.path)
    reply = Reply(status, problem(status, why), PROBLEM, (why,))
    if isinstance(found, Missed):
        context.enter(server.find_world(None) or server.default)
    else:
        try:
            errors = read(context, found, server).errors.values()
            name = next((each.name for each in errors if each.status == status == BAD_REQUEST), None)
            if name is not None:
                reply = refuse(context, Refusal(name, (why,)))
        except ElsewhereError:
            raise
        except Exception as error:  # noqa: BLE001 - see `handle`
            reply = report_failure(context, error)
    return _commit(context, reply, CLOSES)


def preflight(request: Request, server: ServerContext, headers: Mapping[str, str]) -> tuple[Batch, Response]:
    """Accept a preflight request: the page may call the path."""
    context = RequestContext(request)
    context.enter(server.find_world(None) or server.default)
    context.refused = False
    return _commit(context, Reply(204, "", "text/plain"), ReplyShape(headers=headers))


def _commit(context: RequestContext, reply: Reply, shape: ReplyShape) -> tuple[Batch, Response]:
    """Commit a request that changes nothing but the journal."""
    record, response = render(context, reply, shape)
    return context.world.commit(record, at=context.at), response


def _check(context: RequestContext, outcome: object) -> Plan | Refusal:
    """Return a function's outcome, a reply as a plan; a send is refused while too much is pending.

    Raises:
        ProviderError: it is not an outcome, or its messages cannot be stored.

    """
    if isinstance(outcome, Refusal):
        return outcome
    if not isinstance(outcome, Plan):
        return Plan(check_reply(outcome))
    check_reply(outcome.reply)
    for draft in outcome.drafts:
        if draft.channel is None:
            message = "the function creates a message, but the operation has no x-channel in its document"
            raise ProviderError(message)
        if draft.scheduled_for and Status.SCHEDULED not in draft.channel.words:
            message = f"the function schedules a message, but x-sandbox.channels.{draft.channel.name} omits scheduled"
            raise ProviderError(message)
    pending, most = len(context.world.agenda), context.world.max_pending
    if not outcome.drafts or pending + len(outcome.drafts) <= most:
        return outcome
    why = (f"sandbox: {pending} status changes and callbacks are pending, but --max-pending is {most}",)
    if "too-many-requests" in context.call.errors:
        return Refusal("too-many-requests", why)
    return Plan(Reply(503, "Service Unavailable", "text/plain", why))


def _opt_out(context: RequestContext, plan: Plan, ruling: Ruling) -> tuple[Plan | Refusal, Ruling]:
    """Return the outcome with the numbers that the scenario has opted out, as if they were on the stop list.

    The provider's function is called again with such an account, which is not stored.
    """
    call, owner, drafts = context.call, context.call.owner, plan.drafts
    by_number = {draft.recipient: verdict for draft, verdict in zip(drafts, ruling.verdicts, strict=True)}
    stopped = {normalize_number(to) for to, verdict in by_number.items() if verdict and verdict.effect.opted_out}
    as_stopped = call._replace(account=owner._replace(stop_list=owner.stop_list | stopped))
    outcome = _check(context, context.pack.provider.operations[call.operation](context.world, as_stopped))
    if isinstance(outcome, Refusal):
        rule = next(each.rule.title for each in ruling.verdicts if each and each.effect.opted_out)
        why = f"{call.operation}: the scenario's rule '{rule}' has the number opted out"
        return outcome._replace(why=(*outcome.why, why)), ruling
    changes = tuple(
        each._replace(stop_list=owner.stop_list) if isinstance(each, Account) and each.key == owner.key else each
        for each in outcome.changes
    )
    if len(outcome.drafts) != len(drafts):  # it drops such numbers
        ruling = ruling._replace(verdicts=tuple(by_number.get(draft.recipient) for draft in outcome.drafts))
    return outcome._replace(changes=changes), ruling


def _accept(context: RequestContext, plan: Plan, ruling: Ruling, *, delay: timedelta) -> tuple[Change, ...]:
    """Return the changes of an accepted request: scenario state, the account if it is new, and the plan's values.

    `delay` is that of the reply, in real time.
    """
    account, messages = context.call.account, _make_messages(context, plan.drafts, ruling, delay) if plan.drafts else ()
    context.messages = tuple([message.id for message in messages])
    changes = (*ruling.changes, *plan.changes, *messages, *filter(None, map(next_move, messages)))
    if account and (account.provider, account.key) not in context.world.accounts:
        return (account, *changes)
    return changes


def _make_messages(
    context: RequestContext, drafts: tuple[Draft, ...], ruling: Ruling, delay: timedelta
) -> tuple[Message, ...]:
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
    steps = context.steps
    if (
        steps is None
        or steps.channel is not channel
        or steps.lifecycle is not life
        or steps.begin is not begin
        or steps.later is not later
        or steps.is_urgent != is_urgent
    ):
        steps = context.steps = _plan_steps(channel, life, begin, later, at=call.at, is_urgent=is_urgent)
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
        steps.history,
        steps.plan,
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
    channel: Channel, life: Lifecycle, begin: datetime, later: datetime | None, *, at: datetime, is_urgent: bool
) -> PlannedSteps:
    """Return the history and plan of a message accepted at `at`: queued then, or scheduled then and queued `later`."""
    # Priority traffic has no first delay, whatever the rule.
    plan = plan_lifecycle(channel, skip_first_delay(life) if is_urgent else life, begin=begin)
    first = Status.SCHEDULED if later else Status.QUEUED
    if later:
        plan = (Step(Status.QUEUED, channel.words[Status.QUEUED], later), *plan)
    return PlannedSteps(channel, life, begin, later, is_urgent, (Step(first, channel.words[first], at),), plan)


def _match_resend(context: RequestContext, drafts: tuple[Draft, ...], fault: Fault | None) -> tuple[LostReply, ...]:
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
