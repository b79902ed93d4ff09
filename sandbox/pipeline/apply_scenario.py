"""What the scenario does to a request: its rules' verdicts on each recipient, and their effects on the reply."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import ceil
from typing import NamedTuple

from sandbox.core.change import Change
from sandbox.core.code_detection import find_code
from sandbox.core.effects import Effect, RenderedReply, ReplyMoment, TemplateContext
from sandbox.core.lifecycle import NO_DELAY
from sandbox.core.message import Draft, Status
from sandbox.core.rules import RuleInput, RuleMemory, Verdict, first_decision
from sandbox.core.seeded_random import draw_fraction
from sandbox.formats.phone_numbers import normalize_number
from sandbox.pipeline.read import RequestContext
from sandbox.pipeline.respond import UNCHANGED, ReplyShape, find_error, render_error
from sandbox.providers.base import Call, ErrorReply, Plan, Refusal, Reply
from sandbox.specs.body_parsing import UnreadableError, gather, pairs
from sandbox.specs.spec import RequestedMessage

CONTENT_TYPE = "Content-Type"
YES = frozenset({True, "true", "1"})  # 1 equals True here
NO_MESSAGE = RequestedMessage("", "", "")


class Ruling(NamedTuple):
    """What the scenario decided: a verdict for each recipient, None if no rule matches, and its changes of state."""

    verdicts: tuple[Verdict | None, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def accepts(self) -> bool:
        """Whether no verdict refuses the request."""
        return not self.verdicts or all(verdict is None or verdict.effect.accepts for verdict in self.verdicts)

    @property
    def opts_out(self) -> bool:
        """Whether a verdict says that its recipient has opted out."""
        return bool(self.verdicts) and any(verdict and verdict.effect.opted_out for verdict in self.verdicts)

    def first(self, has: Callable[[Effect], bool]) -> "RecipientVerdict | None":
        """Return the first verdict whose effect `has` accepts."""
        for row, verdict in enumerate(self.verdicts):
            if verdict is not None and has(verdict.effect):
                return RecipientVerdict(row, verdict)
        return None


class RecipientVerdict(NamedTuple):
    """A verdict and the position of its recipient in the request."""

    row: int
    verdict: Verdict


NO_RULING = Ruling()


def evaluate_rules(context: RequestContext, outcome: Plan | Refusal) -> Ruling:
    """Return what the scenario's rules decide, given the provider's outcome of the request."""
    call = context.call
    index = context.world.scenario.rules.get(call.operation)
    if index is None:
        return NO_RULING
    memory: RuleMemory | None = None
    messages: Sequence[RequestedMessage | Draft]
    if isinstance(outcome, Refusal) or outcome.reply.why:  # it made no drafts
        if not index.matches_refused:
            return NO_RULING
        refused, messages = True, tuple(context.route.operation.message.messages(call.values))
    else:
        refused, messages = False, outcome.drafts
    verdicts: list[Verdict | None] = []
    for row, message in enumerate(messages or (NO_MESSAGE,)):
        to = normalize_number(message.recipient)
        rules = index.matches_refused if refused else index.candidates(to)
        if rules:
            memory = memory or context.world.rule_memory()
            verdicts.append(first_decision(rules, _rule_input(context, message, to, row=row, memory=memory)))
        else:
            verdicts.append(None)
    return NO_RULING if memory is None else Ruling(tuple(verdicts), memory.changes())


def _rule_input(
    context: RequestContext, message: RequestedMessage | Draft, to: str, *, row: int, memory: RuleMemory
) -> RuleInput:
    """Return what the rules can test of a message; `to` is its recipient, the digits alone."""
    world, call = context.world, context.call
    return RuleInput(
        provider=context.pack.spec.name,
        operation=call.operation,
        account=call.key or "",
        to=to,
        from_=message.sender or "",
        text=message.text,
        headers=call.headers,
        is_otp=partial(_is_otp, context, message),
        at=call.at,
        elapsed=call.at - world.scenario_began,
        seed=call.seed,
        request=world.last_request + 1,
        row=row,
        memory=memory,
    )


def _is_otp(context: RequestContext, message: RequestedMessage | Draft) -> bool:
    """Return whether a message is a one-time code: by its operation, by a flag, or because its text contains one."""
    operation, values = context.route.operation, context.call.values
    if operation.otp or message.code is not None:
        return True
    flagged = any(isinstance(each, str | int) and each in YES for each in operation.message.flags(values))
    return flagged or operation.message.has_code(values) or find_code(message.text) is not None


def apply_effects(
    context: RequestContext, reply: Reply, *, ruling: Ruling, drafts: tuple[Draft, ...]
) -> tuple[Reply, ReplyShape]:
    """Return the reply to send and its shape; each effect comes from the first recipient whose rule has one.

    A reply whose template fails rejects the request, as any error does, unless the rule says `accepted: true`.
    """
    if not any(ruling.verdicts):
        return reply, UNCHANGED
    answering = ruling.first(lambda effect: effect.error is not None or effect.reply is not None)
    breaking = ruling.first(lambda effect: effect.fault is not None)
    slow = ruling.first(lambda effect: effect.after is not None)
    leading = answering or breaking or slow or ruling.first(lambda _: True)
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
    rest = {name: value for name, value in rendered.headers.items() if name != CONTENT_TYPE}
    return Reply(rendered.status, rendered.body, rendered.headers.get(CONTENT_TYPE, "text/plain; charset=utf-8")), rest


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
    balance = {balance_type: str(amount) for balance_type, amount in account.balance.items()}
    senders = [{"id": sender.id, "name": sender.name} for sender in account.senders]
    return {"provider": account.provider, "key": account.key, "balance": balance, "senders": senders}
