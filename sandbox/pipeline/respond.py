"""Makes responses: the provider's errors, the sandbox's problem documents, and the bytes and journal entry of each."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from traceback import extract_tb
from typing import NamedTuple
from urllib.parse import quote

from sandbox.core.clock import monotonic
from sandbox.core.effects import Fault
from sandbox.core.errors import near_miss
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.core.lifecycle import NO_DELAY
from sandbox.formats.json_text import encode_json
from sandbox.pipeline.read import ProviderError, RequestContext
from sandbox.providers.base import Body, ErrorReply, Refusal, Reply
from sandbox.providers.registry import Pack
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed
from sandbox.specs.types import PROBLEM, problem
from sandbox.templates.text import TemplateFailedError

WHY_LIMIT = 2048  # bytes of X-Sandbox-Why
READABLE = " !\"#$&'()*+,/:<=>?@[\\]^`{|}~"  # characters that are not percent-encoded; `;` separates the sentences
MALFORMED_END = b"\xff"  # neither JSON nor UTF-8
SILENT = frozenset({Fault.CONNECTION_RESET, Fault.EMPTY_REPLY, Fault.HANG})  # faults after which no byte is sent
MALFORMED_BODY = Fault.MALFORMED_BODY
INVALID = "invalid"  # the usual name of the error for a request that breaks its schema
LOWEST_STATUS, HIGHEST_STATUS = 200, 599  # of a response


class Response(NamedTuple):
    """What is sent over the wire, `delay` of real time after the request, and how it fails (`fault`).

    `awaits` has message ids: the response is sent once those of their callbacks that were due at once have been tried.
    The body of a malformed response is malformed already; the server causes the other faults.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay: timedelta = NO_DELAY
    fault: Fault | None = None
    awaits: tuple[str, ...] = ()


class ReplyShape(NamedTuple):
    """What a scenario does to a reply besides its content: the rule's title, additional headers, delay and fault.

    `after_callbacks`: the response is sent once the callbacks that are due at once have been tried. `rejects`: the
    reply could not be rendered, so the request is not accepted, whatever the rule says.
    """

    rule: str | None = None
    headers: Mapping[str, str] = {}
    delay: timedelta = NO_DELAY
    fault: Fault | None = None
    after_callbacks: bool = False
    rejects: bool = False


UNCHANGED = ReplyShape()


def render(context: RequestContext, reply: Reply, shape: ReplyShape = UNCHANGED) -> tuple[RequestRecord, Response]:
    """Return the journal entry of a request, and its response.

    If no byte is sent, the entry has the status 0 and no body.

    Raises:
        ProviderError: the provider's function returned a reply that cannot be sent.

    """
    request, world = context.request, context.world
    number = world.last_request + 1
    body = encode(reply.body)
    if shape.fault is MALFORMED_BODY:
        body = body[:-1] + MALFORMED_END
    headers = {"Content-Type": reply.type, "X-Sandbox-Request": str(number), **reply.headers, **shape.headers}
    why = (*reply.why, *reply.notes) if reply.notes else reply.why
    if request.page:
        why = (*why, request.page)
    if why:
        headers["X-Sandbox-Why"] = explain(why, number, world.path)
    if shape.rule is not None:
        headers["X-Sandbox-Rule"] = quote(shape.rule, safe=READABLE + ";")
    silent = shape.fault in SILENT
    record = RequestRecord(  # by place: by name it takes three times as long
        number,
        context.at,
        context.provider,
        context.operation,
        request.method,
        request.path,
        request.query,
        request.headers,
        request.body[:BODY_LIMIT],
        len(request.body),
        0 if silent else reply.status,
        {} if silent else headers,
        b"" if silent else body[:BODY_LIMIT],
        context.refused,
        context.key,
        why,
        shape.rule,
        context.messages,
        (monotonic() - context.arrived) * 1000,
        context.resent_of,
    )
    if shape.delay:
        record = record._replace(delay=shape.delay.total_seconds())
    fault = None if shape.fault is MALFORMED_BODY else shape.fault
    awaits = context.messages if shape.after_callbacks else ()
    return record, Response(reply.status, headers, body, shape.delay, fault, awaits)


def unavailable(why: str) -> Response:
    """Return the answer to a request that cannot be stored at present; it has no number."""
    headers = {"Content-Type": PROBLEM, "Retry-After": "1", "X-Sandbox-Why": quote(why, safe=READABLE)[:WHY_LIMIT]}
    return Response(503, headers, encode(problem(503, why)))


def encode(body: Body) -> bytes:
    """Return a reply's bytes: a mapping as compact JSON, a string as UTF-8.

    Raises:
        ProviderError: the body is neither, or contains a value that JSON cannot represent.

    """
    try:
        return body.encode() if isinstance(body, str) else encode_json(body)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the body of the reply cannot be sent: {error}"
        raise ProviderError(message) from None


def explain(why: tuple[str, ...], number: int, path: str) -> str:
    """Return `X-Sandbox-Why`: sentences percent-encoded and joined by `; `, at most 2 KB."""
    shown: list[str] = []
    room = WHY_LIMIT - 100
    for sentence in why:
        encoded = quote(sentence, safe=READABLE)
        if len(encoded) > room:
            shown.append(f"and {len(why) - len(shown)} more: {path}/requests/{number}")
            break
        shown.append(encoded)
        room -= len(encoded) + 2
    return "; ".join(shown)


def refuse(context: RequestContext, refusal: Refusal) -> Reply:
    """Return the provider's reply to a refused request."""
    pack, call = context.pack, context.call
    error = call.errors.get(refusal.error) or find_error(pack, call.errors, refusal.error)
    if error.type == PROBLEM and refusal.error not in call.errors:
        return Reply(error.status, error.body, error.type, (*refusal.why, _unknown(pack, refusal.error)))
    return render_error(context, error, refusal)


def check_reply(reply: object) -> Reply:
    """Return a reply that can be sent.

    Raises:
        ProviderError: it cannot.

    """
    if not isinstance(reply, Reply):
        what = "nothing" if reply is None else f"{type(reply).__name__} {reply!r:.60}"
        message = f"the function returns {what}, not a Reply, a Refusal or a Plan"
        raise ProviderError(message)
    if not isinstance(reply.status, int) or not LOWEST_STATUS <= reply.status <= HIGHEST_STATUS:
        message = (
            f"the status of the reply is {reply.status!r:.60}, not a number from {LOWEST_STATUS} to {HIGHEST_STATUS}"
        )
        raise ProviderError(message)
    return reply


def render_error(context: RequestContext, error: ErrorReply, refusal: Refusal) -> Reply:
    """Return a named error as the provider's reply."""
    return check_reply(context.pack.provider.render_error(error, refusal, context.call))


def find_error(pack: Pack, errors: Mapping[str, ErrorReply], name: str) -> ErrorReply:
    """Return an operation's error, or else that of another operation, or else a problem document of the sandbox.

    `errors` are the operation's own. A name that no document and no scenario knows is a mistake of the provider's
    functions: 500.
    """
    every = [errors, *(operation.errors for operation in pack.spec.operations.values())]
    known = next((each[name] for each in every if name in each), None)
    if known is not None:
        return known
    status = 400 if name == INVALID else 500
    return ErrorReply(name, status, status, PROBLEM, problem(status, _unknown(pack, name)))


def _unknown(pack: Pack, name: str) -> str:
    """Return the sentence about an error that a document does not name."""
    known = {error for operation in pack.spec.operations.values() for error in operation.errors}
    return (
        f"{pack.spec.name} has no error '{name}'; add an example of that name with an x-code to a response in its "
        f"document.{near_miss(name, known)}"
    )


def report_failure(context: RequestContext, error: Exception) -> Reply:
    """Return the reply to a request for which a provider's function failed, with the line that failed."""
    reason = str(error)
    if not isinstance(error, ProviderError | TemplateFailedError):
        steps = extract_tb(error.__traceback__)
        own = getattr(sys.modules.get(context.pack.spec.module), "__file__", None)
        step = next((each for each in reversed(steps) if each.filename == own), steps[-1])
        reason = f"{type(error).__name__}: {error} (line {step.lineno} of {step.filename})"
    why = f"{context.operation}: {reason}"
    return Reply(500, problem(500, why), PROBLEM, (why,))


def report_missing(request: Request, missed: Missed) -> tuple[Reply, ReplyShape]:
    """Return the reply to a path or method that no provider has; it names the nearest operations."""
    status = 405 if missed.allowed else 404
    where = f"{request.method} {request.path[:200]}"
    what = "method" if missed.allowed else f"path ({missed.difference})" if missed.difference else "path"
    why = f"{where}: no provider has this {what}. Nearest: {', '.join(missed.near)}"
    headers = {"Allow": ", ".join(missed.allowed)} if missed.allowed else {}
    return Reply(status, problem(status, why, near=list(missed.near)), PROBLEM, (why,)), ReplyShape(headers=headers)
