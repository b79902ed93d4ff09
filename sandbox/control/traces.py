"""Trace contexts: of a message, which keeps that of its request, and of a request, whose headers have it."""

from sandbox.control.lists import Object
from sandbox.core.trace import TraceContext


def show_trace(trace: TraceContext | None) -> Object | None:
    """Return a trace context as the API shows it."""
    if trace is None:
        return None
    return {
        "trace_id": trace.trace_id,
        "parent_id": trace.parent_id,
        "sampled": trace.is_sampled,
        "tracestate": trace.state,
    }
