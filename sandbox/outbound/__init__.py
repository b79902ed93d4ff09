"""HTTP/1.1 to the receivers of callbacks."""

from sandbox.outbound.connection import NoAnswerError, NotThereError, Peer
from sandbox.outbound.pool import Outbound

__all__ = ["NoAnswerError", "NotThereError", "Outbound", "Peer"]
