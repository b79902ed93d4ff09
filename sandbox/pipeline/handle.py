"""What a request comes to: the pack's outcome, the scenario's ruling on it, and the one batch that stores both."""

from sandbox.core.change import Change
from sandbox.core.message import (
    DEFAULT_POLICY,
    CallbackPolicy,
    Draft,
    Message,
    Status,
    Step,
    next_move,
    plan_lifecycle,
    skip_first_delay,
)
from sandbox.core.rules import Verdict
from sandbox.core.world import World
from sandbox.pipeline.apply_effects import shape_reply
from sandbox.pipeline.evaluate_rules import Ruling, rule_on
from sandbox.pipeline.provider_errors import attempt, failed, refuse, unfit
from sandbox.pipeline.read import BODY_ACCEPTED, Arrival, Visit, make_call
from sandbox.pipeline.resends import LOSING, find_first, lose
from sandbox.pipeline.respond import Answer, Record, journalled
from sandbox.providers.base import Call, Outcome, Plan, Refusal, Reply
from sandbox.specs.hints import without_repeats

TOO_LARGE = Refusal("too-large", (f"body: more than {BODY_ACCEPTED} bytes",))
MUTED = CallbackPolicy(muted=True)


def answer(world: World, arrival: Arrival) -> Answer:
    """Handle a request in its workspace and return the reply."""
    call = make_call(world, arrival)
    provider = arrival.pack.provider
    outcome: Outcome | None = TOO_LARGE if arrival.request.oversize else attempt(call, provider.authenticate, world)
    if outcome is None:
        outcome = attempt(call, provider.operations[call.operation], world)
    if outcome is None:
        outcome = failed(call, "the function returns nothing")
    elif isinstance(outcome, Plan) and outcome.drafts:
        if len(world.agenda) + len(outcome.drafts) > world.max_pending:
            outcome = too_much_pending(world, call)
        elif (reason := unfit(outcome)) is not None:
            outcome = failed(call, reason)
    visit = Visit(world, arrival, call)
    return _settle(visit, outcome, rule_on(visit, outcome))


def too_much_pending(world: World, call: Call) -> Outcome:
    """Return the refusal of a send while too much is pending: the provider's own, or else a plain 503."""
    why = (f"sandbox: {len(world.agenda)} moves and callbacks are pending, --max-pending is {world.max_pending}",)
    if "too-many-requests" in call.errors:
        return Refusal("too-many-requests", why)
    return Reply(503, "Service Unavailable", "text/plain", why)


def _settle(visit: Visit, outcome: Outcome, ruling: Ruling) -> Answer:
    """Store what is accepted and answer; what is refused stores nothing but the scenario's counts."""
    world, arrival, call = visit
    reply = _reply(arrival, call, outcome)
    accepted = not isinstance(outcome, Refusal) and ruling.accepts
    refused = not accepted or bool(reply.why)
    messages: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ruling.changes
    if accepted and isinstance(outcome, Plan):
        messages = _accepted(visit, outcome.drafts, ruling)
        changes = (*changes, *outcome.changes, *messages, *filter(None, map(next_move, messages)))
    if accepted and call.account and (call.account.provider, call.account.key) not in world.accounts:
        changes = (call.account, *changes)
    drafts = outcome.drafts if isinstance(outcome, Plan) else ()
    reply, shape = shape_reply(visit, reply, ruling=ruling, drafts=drafts)
    if arrival.reading.hints:
        hints = without_repeats(arrival.reading.hints, (*reply.why, *reply.notes))
        reply = reply._replace(notes=(*reply.notes, *hints))
    first = find_first(world, call, drafts)
    if messages and shape.fault in LOSING:
        changes = (*changes, lose(world, call, drafts, first=first))
    record = Record(
        call.at,
        arrival.arrived,
        provider=arrival.pack.provider.name,
        operation=call.operation,
        key=call.key,
        refused=refused,
        messages=tuple([message.id for message in messages]),
        resent_of=first,
    )
    return journalled(world, arrival.request, reply, record=record, shape=shape, changes=changes)


def _reply(arrival: Arrival, call: Call, outcome: Outcome) -> Reply:
    """Return what the provider answers by itself."""
    match outcome:
        case Refusal():
            return refuse(arrival.pack, call, outcome)
        case Plan():
            return outcome.reply
        case Reply():
            return outcome


def _accepted(visit: Visit, drafts: tuple[Draft, ...], ruling: Ruling) -> tuple[Message, ...]:
    request = visit.arrival.request
    foreign = not request.allowed and request.headers.get("sec-fetch-site") == "cross-site"
    callback_policy = MUTED if foreign else DEFAULT_POLICY
    verdicts = ruling.verdicts or (None,) * len(drafts)
    return tuple(
        [
            _accept(visit, draft, row=row, callback_policy=callback_policy, verdict=verdict)
            for row, (draft, verdict) in enumerate(zip(drafts, verdicts, strict=True))
        ]
    )


def _accept(
    visit: Visit, draft: Draft, *, row: int, callback_policy: CallbackPolicy, verdict: Verdict | None
) -> Message:
    """Return the message that a draft becomes: queued now, or scheduled and queued when its time comes.

    Its life is that of the scenario's rule, else the draft's own, else the channel's; a muted one stays muted.
    """
    world, _, call = visit
    number = call.number + row
    channel, later = draft.channel, draft.scheduled_for
    life = channel.lifecycle if draft.lifecycle is None else draft.lifecycle
    rule = None
    if verdict is not None:
        rule = verdict.rule.title
        course = verdict.effect.lifecycle
        life = life if course is None else course.draw(world.seed, number)
        callback_policy = (
            callback_policy if callback_policy.muted else verdict.rule.then.callback_policy or callback_policy
        )
    if draft.rank < 0:
        life = skip_first_delay(life)  # priority traffic, whatever the rule
    plan = plan_lifecycle(channel, life, begin=later or call.at)
    first = Status.SCHEDULED if later else Status.QUEUED
    if later:
        plan = (Step(Status.QUEUED, channel.words[Status.QUEUED], later), *plan)
    return Message(  # by place: by name it takes three times as long
        draft.id,
        number,
        world.last_request + 1,
        visit.arrival.pack.spec.name,
        call.operation,
        channel,
        call.owner.key,
        draft.sender,
        draft.recipient,
        draft.text,
        (Step(first, channel.words[first], call.at),),
        plan,
        (),
        draft.code,
        later,
        rule,
        draft.rank,
        callback_policy,
        draft.data,
    )
