"""What is answered where a pack fails, or names an error that its document lacks: numbered, noted, with the reason."""

from collections.abc import Callable, Mapping
from traceback import extract_tb

from sandbox.core.errors import near_miss
from sandbox.core.message import Status
from sandbox.core.world import World
from sandbox.providers.base import Call, ErrorReply, Outcome, Plan, Refusal, Reply
from sandbox.providers.registry import Pack
from sandbox.specs.types import PROBLEM, problem

INVALID = "invalid"  # what a pack usually calls a request that breaks its schema


def find_error(pack: Pack, errors: Mapping[str, ErrorReply], name: str) -> ErrorReply:
    """Return an operation's error, or else another's of the provider, or else one in the sandbox's own words.

    `errors` are the operation's own. A name that no document and no scenario knows is a mistake in the pack: 500.
    """
    every = [errors, *(operation.errors for operation in pack.spec.operations.values())]
    known = next((each[name] for each in every if name in each), None)
    if known is not None:
        return known
    status = 400 if name == INVALID else 500
    return ErrorReply(name, status, status, PROBLEM, problem(status, unnamed(pack, name)))


def unnamed(pack: Pack, name: str) -> str:
    """Return the sentence on an error that a document does not name."""
    known = {error for operation in pack.spec.operations.values() for error in operation.errors}
    return (
        f"{pack.spec.name} names no error '{name}'; give a response of its document an example with this name and an "
        f"x-code.{near_miss(name, known)}"
    )


def refuse(pack: Pack, call: Call, refusal: Refusal) -> Reply:
    """Return the provider's reply to a refused request."""
    error = call.errors.get(refusal.error)
    if error is not None:
        return pack.provider.render_error(error, refusal, call)
    error = find_error(pack, call.errors, refusal.error)
    if error.type != PROBLEM:
        return pack.provider.render_error(error, refusal, call)
    return Reply(error.status, error.body, error.type, (*refusal.why, unnamed(pack, refusal.error)))


def attempt(call: Call, function: Callable[[World, Call], Outcome | None], world: World) -> Outcome | None:
    """Return what a pack's function returns, or a reply with the reason where it fails: it may be of the user's own."""
    try:
        return function(world, call)
    except Exception as error:  # noqa: BLE001 - see above
        *_, last = extract_tb(error.__traceback__)
        return failed(call, f"{type(error).__name__}: {error} (line {last.lineno} of {last.filename})")


def failed(call: Call, reason: str) -> Reply:
    """Return the reply to a request that a pack's function does not handle."""
    why = f"{call.operation}: {reason}"
    return Reply(500, problem(500, why), PROBLEM, (why,))


def unfit(plan: Plan) -> str | None:
    """Return why the messages of a plan cannot be kept, None where they can."""
    for draft in plan.drafts:
        if draft.channel is None:
            return "the function makes a message, but the operation has no x-channel in its document"
        if draft.scheduled_for and Status.SCHEDULED not in draft.channel.words:
            return f"the function schedules a message, but x-sandbox.channels.{draft.channel.name} omits scheduled"
    return None
