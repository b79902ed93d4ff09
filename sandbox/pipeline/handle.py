"""Handles one request, top to bottom: read, authenticate, provider, scenario, changes, response, commit."""

from collections.abc import Generator, Mapping
from typing import TypeVar

from sandbox.core.account import Account
from sandbox.core.change import Batch, Change
from sandbox.core.errors import BusyError, ElsewhereError
from sandbox.core.message import Status
from sandbox.formats.phone_numbers import normalize_number
from sandbox.pipeline.accept import accept, make_messages, match_resend
from sandbox.pipeline.apply_scenario import Ruling, apply_effects, evaluate_rules
from sandbox.pipeline.read import BODY_LIMIT, ProviderError, RequestContext, ServerContext, read
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
BAD_REQUEST = 400
AT_ONCE = 5_000  # messages that are created before others on the loop get their turn
CLOSES = ReplyShape(headers={"Connection": "close"})


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
        is_large = isinstance(plan, Plan) and len(plan.drafts) > AT_ONCE
        if is_large:
            yield context

        plan, ruling = _judge(context, plan)
        reply, drafts = (refuse(context, plan), ()) if isinstance(plan, Refusal) else (plan.reply, plan.drafts)
        explained = bool(reply.why)
        reply, shape = apply_effects(context, reply, ruling=ruling, drafts=drafts)
        if is_large:
            yield context
        accepted = plan if isinstance(plan, Plan) and ruling.accepts and not shape.rejects else None
        context.refused = accepted is None or explained
        messages = make_messages(context, accepted, ruling, shape.delay) if accepted else ()
        if is_large:
            yield context
        changes = accept(context, accepted, ruling, messages) if accepted else ruling.changes

        if context.reading.hints:
            hints = without_repeats(context.reading.hints, (*reply.why, *reply.notes))
            reply = reply._replace(notes=(*reply.notes, *hints))
        changes = (*changes, *match_resend(context, drafts, shape.fault))
        if is_large:
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


def _judge(context: RequestContext, plan: Plan | Refusal) -> tuple[Plan | Refusal, Ruling]:
    """Return what the scenario's rules decide, and the outcome with the numbers that they have opted out."""
    ruling = evaluate_rules(context, plan)
    return _opt_out(context, plan, ruling) if ruling.opts_out and isinstance(plan, Plan) else (plan, ruling)


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
