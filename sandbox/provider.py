"""What a provider's module imports: everything that a provider of your own needs, under names that stay.

An operation is a function from a world and a call to a `Reply`, a `Refusal` or a `Plan`; the module's `PROVIDER` names
its functions.
"""

from sandbox.core.account import Account, spend
from sandbox.core.callback import Outgoing, Target
from sandbox.core.message import Channel, Draft, Message, Status, Step
from sandbox.core.world import World
from sandbox.providers.base import (
    JSON,
    Authenticate,
    Body,
    Call,
    ErrorReply,
    Function,
    Outcome,
    Plan,
    Provider,
    Refusal,
    Reply,
    Report,
    Violation,
    render_error,
)

__all__ = [
    "JSON",
    "Account",
    "Authenticate",
    "Body",
    "Call",
    "Channel",
    "Draft",
    "ErrorReply",
    "Function",
    "Message",
    "Outcome",
    "Outgoing",
    "Plan",
    "Provider",
    "Refusal",
    "Reply",
    "Report",
    "Status",
    "Step",
    "Target",
    "Violation",
    "World",
    "render_error",
    "spend",
]
