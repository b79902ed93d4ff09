"""Refuses a request that the HTTP layer could not read: the provider's own 400 where it has one, else a problem."""

from sandbox.core.world import World
from sandbox.pipeline.read import Arrival, make_call
from sandbox.pipeline.respond import Answer, Record, Shape, journalled
from sandbox.providers.base import Refusal, Reply
from sandbox.specs.body_parsing import Request
from sandbox.specs.types import PROBLEM, problem

BAD_REQUEST = 400
CLOSES = Shape(headers={"Connection": "close"})


def refuse_unreadable(  # noqa: PLR0913 - the parts of one refusal, by keyword
    world: World, request: Request, arrival: Arrival | None, *, status: int, why: str, arrived: float
) -> Answer:
    """Store what was read of a request, and return its refusal; `arrival` is None where no operation was found."""
    if arrival is None:
        reply = Reply(status, problem(status, why), PROBLEM, (why,))
        return journalled(world, request, reply, record=Record(world.now(), arrived), shape=CLOSES)
    call = make_call(world, arrival)
    name = next((each.name for each in call.errors.values() if each.status == status == BAD_REQUEST), None)
    if name is None:
        reply = Reply(status, problem(status, why), PROBLEM, (why,))
    else:
        reply = arrival.pack.provider.render_error(call.errors[name], Refusal(name, (why,)), call)
    record = Record(call.at, arrived, arrival.pack.provider.name, call.operation, call.key)
    return journalled(world, request, reply, record=record, shape=CLOSES)
