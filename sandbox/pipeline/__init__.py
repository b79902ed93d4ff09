"""The way of a request, top to bottom: route, read and validate, authenticate, ask pack and scenario, store, answer.

All of it is synchronous and in one turn of the loop, so no two requests ever see each other half done.
"""

from sandbox.pipeline.handle import answer
from sandbox.pipeline.read import BODY_ACCEPTED, Arrival, arrive
from sandbox.pipeline.respond import Answer, encode, explain, miss, preflight
from sandbox.pipeline.unreadable import refuse_unreadable

__all__ = [
    "BODY_ACCEPTED",
    "Answer",
    "Arrival",
    "answer",
    "arrive",
    "encode",
    "explain",
    "miss",
    "preflight",
    "refuse_unreadable",
]
