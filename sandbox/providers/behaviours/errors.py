"""Named errors whose examples have templates: `{message: "The number {{ parameters.to }} is not valid."}`."""

from collections.abc import Callable, Iterable, Mapping

from sandbox.formats.json_text import texts_in
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply, render_error
from sandbox.providers.behaviours.checks import parameter_of
from sandbox.providers.behaviours.replies import read_body
from sandbox.providers.behaviours.results import encode_body
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.times import TimeFormat
from sandbox.providers.behaviours.values import Get, Names, budgeted
from sandbox.providers.behaviours.variables import IN_REQUESTS
from sandbox.specs.document import SpecNode
from sandbox.templates.text import is_template

RenderError = Callable[[ErrorReply, Refusal, Call], Reply]


def read_errors(
    errors: Iterable[tuple[SpecNode, ErrorReply]], settings: Iterable[str], times: TimeFormat
) -> RenderError:
    """Return what writes the reply of a refusal; errors without templates are written as their examples are."""
    names = Names((*IN_REQUESTS, "error"), tuple(settings))
    writers: dict[int, tuple[ErrorReply, Get]] = {}
    for node, error in errors:
        if any(map(is_template, texts_in(error.body))):
            value = read_body(node, names, error.type)
            writers[id(error)] = (error, budgeted(value))  # the error is kept, so that no other gets its id

    def render(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
        if isinstance(error.body, str) or "message" not in error.body:  # it has no message that could be replaced
            reply_to = refusal._replace(message=None)
        else:
            reply_to = refusal
        writer = writers.get(id(error))
        if writer is None:
            return render_error(error, reply_to, call)
        scope = Scope(None, at=call.at, settings=call.settings, times=times, call=call)
        scope.bound = {"error": _describe(error, refusal, call)}
        return render_error(error._replace(body=encode_body(writer[1](scope))), reply_to, call)

    return render


def _describe(error: ErrorReply, refusal: Refusal, call: Call) -> Mapping[str, object]:
    first = refusal.why[0] if refusal.why else ""
    named = next((each.name for each in call.violations if str(each) == first), "") or parameter_of(first)
    return {
        "name": error.name,
        "code": error.code,
        "status": error.status,
        "message": refusal.message or first or error.name.replace("-", " "),  # a scenario gives no reason
        "why": list(refusal.why),
        "parameter": named or (call.violations[0].name if call.violations else ""),
    }
