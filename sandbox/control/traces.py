"""Trace contexts: of a message, which keeps that of its request, and of a request, whose headers have it."""

from sandbox.control.lists import Object
from sandbox.core.journal import RequestRecord
from sandbox.core.trace import TRACEPARENT, TRACESTATE, TraceContext, parse_trace


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


def trace_of(record: RequestRecord) -> TraceContext | None:
    """Return the trace context of a request, None if it has no valid one."""
    parent = record.headers.get(TRACEPARENT)
    return None if parent is None else parse_trace(parent, record.headers.get(TRACESTATE))
