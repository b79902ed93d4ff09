"""How a scenario's ruling changes a reply: an error, a reply of its own, a pause, a fault."""

from collections.abc import Mapping
from math import ceil

from sandbox.core.effects import Effect, RenderedReply, ReplyMoment
from sandbox.core.message import Draft
from sandbox.core.rules import Verdict
from sandbox.core.seeded_random import draw_fraction
from sandbox.pipeline.evaluate_rules import Ruling
from sandbox.pipeline.provider_errors import find_error
from sandbox.pipeline.read import Arrival, Visit
from sandbox.pipeline.respond import AS_IT_IS, NO_PAUSE, Shape
from sandbox.pipeline.template_context import make_template_context
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply

TYPE = "Content-Type"


def shape_reply(visit: Visit, reply: Reply, *, ruling: Ruling, drafts: tuple[Draft, ...]) -> tuple[Reply, Shape]:
    """Return the reply that goes back, and how it goes: each thing by the first recipient whose rule has it."""
    world, arrival, call = visit
    if not any(ruling.verdicts):
        return reply, AS_IT_IS
    answering, breaking, slow = ruling.first(_answers), ruling.first(_breaks), ruling.first(_waits)
    leading = answering or breaking or slow or ruling.first(_decides)
    if leading is None:
        return reply, AS_IT_IS
    headers: Mapping[str, str] = {}
    why, notes = reply.why, reply.notes
    if answering is not None and answering.verdict.effect.error is not None:
        reply, headers = _refusal(arrival, call, answering.verdict)
        why = (*why, _sentence(call, answering.verdict, f"the error {_error(arrival, call, answering.verdict).name}"))
    elif answering is not None and answering.verdict.effect.reply is not None:
        draft = drafts[answering.row] if drafts else None
        rendered = answering.verdict.effect.reply.write(make_template_context(visit, draft))
        reply, headers = _written(rendered)
        if not answering.verdict.effect.accepts or answering.verdict.effect.accepted:
            why = (*why, _sentence(call, answering.verdict, f"a reply {reply.status} of its own"))
    fault = breaking.verdict.effect.fault if breaking else None
    if breaking is not None:
        why = (*why, _sentence(call, breaking.verdict, f"the fault {fault}"))
    pause, after_callbacks = NO_PAUSE, False
    if slow is not None and slow.verdict.effect.after is not None:
        rule, after = slow.verdict.rule, slow.verdict.effect.after
        if isinstance(after, ReplyMoment):
            after_callbacks = True
        else:
            pause = after.at(draw_fraction(call.seed, world.last_request + 1, f"{rule.key} after"))
    return reply._replace(why=why, notes=notes), Shape(
        leading.verdict.rule.title, headers, pause, fault, after_callbacks
    )


def _answers(effect: Effect) -> bool:
    return effect.error is not None or effect.reply is not None


def _breaks(effect: Effect) -> bool:
    return effect.fault is not None


def _waits(effect: Effect) -> bool:
    return effect.after is not None


def _decides(_: Effect) -> bool:
    return True


def _sentence(call: Call, verdict: Verdict, what: str) -> str:
    accepted = ", though the request is accepted" if verdict.effect.accepts else ""
    return f"{call.operation}: the scenario's rule '{verdict.rule.title}' has {what}{accepted}"


def _refusal(arrival: Arrival, call: Call, verdict: Verdict) -> tuple[Reply, Mapping[str, str]]:
    """Return the reply of an error, with Retry-After where the provider announces it."""
    error = _error(arrival, call, verdict)
    reply = arrival.pack.provider.render_error(error, Refusal(error.name, ()), call)
    rate = verdict.rule.then.rate
    if verdict.retry_after is None or rate is None or call.operation not in rate.announced:
        return reply, {}
    return reply, {"Retry-After": str(ceil(verdict.retry_after.total_seconds()))}


def _error(arrival: Arrival, call: Call, verdict: Verdict) -> ErrorReply:
    """Return the error that a rule names: the operation's own, or else another's of the provider."""
    return find_error(arrival.pack, call.errors, (verdict.effect.error or {})[call.operation])


def _written(rendered: RenderedReply) -> tuple[Reply, Mapping[str, str]]:
    """Return the reply that a scenario wrote."""
    rest = {name: value for name, value in rendered.headers.items() if name != TYPE}
    return Reply(rendered.status, rendered.body, rendered.headers.get(TYPE, "text/plain; charset=utf-8")), rest
