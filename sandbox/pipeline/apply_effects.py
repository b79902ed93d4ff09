"""Applies the effects of the scenario's rules to a reply: an error, a custom reply, a delay, a fault."""

from collections.abc import Mapping
from math import ceil

from sandbox.core.effects import Effect, RenderedReply, ReplyMoment, TemplateContext
from sandbox.core.message import Draft, Status
from sandbox.core.rules import Verdict
from sandbox.core.seeded_random import draw_fraction
from sandbox.pipeline.evaluate_rules import Ruling
from sandbox.pipeline.read import RequestContext
from sandbox.pipeline.respond import NO_DELAY, UNCHANGED, ReplyShape, find_error, render_error
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply
from sandbox.specs.body_parsing import UnreadableError, gather, pairs

TYPE = "Content-Type"


def apply_effects(
    context: RequestContext, reply: Reply, *, ruling: Ruling, drafts: tuple[Draft, ...]
) -> tuple[Reply, ReplyShape]:
    """Return the reply to send and its shape; each effect comes from the first recipient whose rule has one.

    A reply whose template fails rejects the request, as any error does, unless the rule says `accepted: true`.
    """
    if not any(ruling.verdicts):
        return reply, UNCHANGED
    answering, breaking, slow = ruling.first(_answers), ruling.first(_breaks), ruling.first(_waits)
    leading = answering or breaking or slow or ruling.first(_decides)
    if leading is None:
        return reply, UNCHANGED
    call = context.call
    headers: Mapping[str, str] = {}
    why, notes, rejects = reply.why, reply.notes, False
    if answering is not None and answering.verdict.effect.error is not None:
        reply, headers = _refusal(context, answering.verdict)
        why = (*why, _sentence(call, answering.verdict, f"returns the error {_error(context, answering.verdict).name}"))
    elif answering is not None and (effect := answering.verdict.effect).reply is not None:
        draft = drafts[answering.row] if drafts else None
        rendered = effect.reply.write(make_template_context(context, draft))
        reply, headers = _rendered(rendered)
        rejects = rendered.failed and not effect.accepted
        if rejects or not effect.accepts or effect.accepted:
            what = f"sends a custom reply with status {reply.status}"
            why = (*why, _sentence(call, answering.verdict, what, rejects=rejects))
        if rendered.failed:
            why = (*why, rendered.body)
    fault = breaking.verdict.effect.fault if breaking else None
    if breaking is not None:
        why = (*why, _sentence(call, breaking.verdict, f"causes the fault {fault}"))
    delay, after_callbacks = NO_DELAY, False
    if slow is not None and slow.verdict.effect.after is not None:
        rule, after = slow.verdict.rule, slow.verdict.effect.after
        if isinstance(after, ReplyMoment):
            after_callbacks = True
        else:
            delay = after.at(draw_fraction(call.seed, context.world.last_request + 1, f"{rule.key} after"))
    shape = ReplyShape(leading.verdict.rule.title, headers, delay, fault, after_callbacks, rejects)
    return reply._replace(why=why, notes=notes), shape


def _answers(effect: Effect) -> bool:
    return effect.error is not None or effect.reply is not None


def _breaks(effect: Effect) -> bool:
    return effect.fault is not None


def _waits(effect: Effect) -> bool:
    return effect.after is not None


def _decides(_: Effect) -> bool:
    return True


def _sentence(call: Call, verdict: Verdict, what: str, *, rejects: bool = False) -> str:
    accepted = ", though the request is accepted" if verdict.effect.accepts and not rejects else ""
    return f"{call.operation}: the scenario's rule '{verdict.rule.title}' {what}{accepted}"


def _refusal(context: RequestContext, verdict: Verdict) -> tuple[Reply, Mapping[str, str]]:
    """Return the reply for a rule's error, with Retry-After if the provider sends that header."""
    error, call = _error(context, verdict), context.call
    reply = render_error(context, error, Refusal(error.name, ()))
    rate = verdict.rule.then.rate
    if verdict.retry_after is None or rate is None or call.operation not in rate.announced:
        return reply, {}
    return reply, {"Retry-After": str(ceil(verdict.retry_after.total_seconds()))}


def _error(context: RequestContext, verdict: Verdict) -> ErrorReply:
    """Return the error that a rule names: of the operation, or else of another operation of the provider."""
    call = context.call
    return find_error(context.pack, call.errors, (verdict.effect.error or {})[call.operation])


def _rendered(rendered: RenderedReply) -> tuple[Reply, Mapping[str, str]]:
    """Return a rendered reply, and its headers except for the content type."""
    rest = {name: value for name, value in rendered.headers.items() if name != TYPE}
    return Reply(rendered.status, rendered.body, rendered.headers.get(TYPE, "text/plain; charset=utf-8")), rest


def make_template_context(context: RequestContext, draft: Draft | None) -> TemplateContext:
    """Return what the templates of a reply can read, as plain values; `draft` is the message that the rule matched."""
    call = context.call
    return TemplateContext(
        seed=call.seed,
        number=context.world.last_request + 1,
        at=call.at,
        request=_show_request(context),
        message=_show_message(draft, context) if draft else None,
        account=_show_account(call),
    )


def _show_request(context: RequestContext) -> Mapping[str, object]:
    request = context.request
    try:
        query = gather(pairs(request.query))
    except UnreadableError:
        query = {}
    in_headers = context.route.header_names
    return {
        "method": request.method,
        "path": request.path,
        "query": query,
        "headers": dict(request.headers),
        "body": {name: value for name, value in context.reading.values.items() if name not in in_headers},
    }


def _show_message(draft: Draft, context: RequestContext) -> Mapping[str, object]:
    return {
        "id": draft.id,
        "provider": context.pack.spec.name,
        "operation": context.call.operation,
        "channel": draft.channel.name,
        "from": draft.sender,
        "to": draft.recipient,
        "text": draft.text,
        "code": draft.code,
        "status": Status.QUEUED.value,
        "provider_status": draft.channel.words[Status.QUEUED],
    }


def _show_account(call: Call) -> Mapping[str, object] | None:
    account = call.account
    if account is None:
        return None
    balance = {purse: str(amount) for purse, amount in account.balance.items()}
    senders = [{"id": sender.id, "name": sender.name} for sender in account.senders]
    return {"provider": account.provider, "key": account.key, "balance": balance, "senders": senders}
