"""One provider request, from its bytes to a committed batch and the bytes of its response.

`handle` has the whole way, top to bottom: `read` finds the operation, the values and the account, a function of the
provider returns the outcome, `apply_scenario` evaluates the scenario's rules and applies their effects, `respond` makes
the response and the journal entry, and one batch stores everything. All of it is synchronous, in one turn of the event
loop, so no request sees another half done. Imports `providers.base`, `providers.registry`, `specs`, `formats` and
`core`.
"""

from sandbox.pipeline.handle import handle, preflight, refuse_unreadable
from sandbox.pipeline.read import BODY_LIMIT, KEY_LIMIT, ServerContext
from sandbox.pipeline.respond import READABLE, WHY_LIMIT, Response, encode, unavailable

__all__ = [
    "BODY_LIMIT",
    "KEY_LIMIT",
    "READABLE",
    "WHY_LIMIT",
    "Response",
    "ServerContext",
    "encode",
    "handle",
    "preflight",
    "refuse_unreadable",
    "unavailable",
]
