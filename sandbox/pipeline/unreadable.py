"""Refuses a request that the HTTP layer could not read: the provider's own 400 where it has one, else a problem."""

from http import HTTPStatus

from sandbox.core.world import World
from sandbox.pipeline.read import Arrival, make_call
from sandbox.pipeline.respond import Answer, Record, Shape, journalled
from sandbox.providers.base import Refusal, Reply
from sandbox.specs.body_parsing import Request

BAD_REQUEST = 400
CLOSES = Shape(headers={"Connection": "close"})


def refuse_unreadable(  # noqa: PLR0913 - the parts of one refusal, by keyword
    world: World, request: Request, arrival: Arrival | None, *, status: int, why: str, arrived: float
) -> Answer:
    """Store what was read of a request, and return its refusal; `arrival` is None where no operation was found."""
    if arrival is None:
        reply = problem(status, why)
        return journalled(world, request, reply, record=Record(world.now(), arrived), shape=CLOSES)
    call = make_call(world, arrival)
    name = next((each.name for each in call.errors.values() if each.status == status == BAD_REQUEST), None)
    if name is None:
        reply = problem(status, why)
    else:
        reply = arrival.pack.provider.render_error(call.errors[name], Refusal(name, (why,)), call)
    record = Record(call.at, arrived, arrival.pack.provider.name, call.operation, call.key)
    return journalled(world, request, reply, record=record, shape=CLOSES)


def problem(status: int, why: str) -> Reply:
    """Return a problem document (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": why}
    return Reply(status, body, "application/problem+json", (why,))
