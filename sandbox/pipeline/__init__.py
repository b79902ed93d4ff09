"""One provider request, from its bytes to a committed batch and the bytes of its response.

`handle` has the whole way, top to bottom: `read` finds the operation, the values and the account, a function of the
provider returns the outcome, `apply_scenario` evaluates the scenario's rules and applies their effects, `accept` makes
the messages, `respond` the response and the journal entry, and one batch stores everything. All of it is synchronous,
in one turn of the event loop, so no request sees another half done; only one that creates thousands of messages takes
several turns, and the others of its workspace wait. Imports `providers.base`, `providers.registry`, `specs`, `formats`
and `core`.
"""

from sandbox.pipeline.handle import handle, handle_in_turns, preflight, refuse_unreadable, run_turns
from sandbox.pipeline.read import BODY_LIMIT, KEY_LIMIT, RequestContext, ServerContext
from sandbox.pipeline.respond import READABLE, WHY_LIMIT, Response, encode, unavailable

__all__ = [
    "BODY_LIMIT",
    "KEY_LIMIT",
    "READABLE",
    "WHY_LIMIT",
    "RequestContext",
    "Response",
    "ServerContext",
    "encode",
    "handle",
    "handle_in_turns",
    "preflight",
    "refuse_unreadable",
    "run_turns",
    "unavailable",
]
