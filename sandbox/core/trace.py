"""The W3C trace context of a request, which its messages keep and their callbacks may pass on.

Rules: https://www.w3.org/TR/trace-context/. What breaks them is ignored, as they ask: an invalid `traceparent` counts
as none, an invalid `tracestate` is dropped and the rest stays.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.core.seeded_random import draw_bytes

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
MEMBERS = 32  # the largest number of members of a tracestate
KNOWN_FLAGS = 0b11  # sampled, and random trace id; the others are reserved, and must be 0 in what is sent

# Patterns that are compiled at their first use: most servers never see a trace, and a start would take 3 ms longer.
_PARENT = (
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<parent>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<rest>-.*)?"
)
_MEMBER = (
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


class TraceContext(NamedTuple):
    """The trace that a request belongs to, and the span that sent it; ids are lower-case hexadecimal digits.

    `state` is the `tracestate` as received; None if there was none, or an invalid one.
    """

    trace_id: str
    parent_id: str
    flags: int
    state: str | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether the sender records the trace."""
        return bool(self.flags & 1)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that pass it on."""
        parent = {TRACEPARENT: f"00-{self.trace_id}-{self.parent_id}-{self.flags & KNOWN_FLAGS:02x}"}
        return parent if self.state is None else {**parent, TRACESTATE: self.state}


def parse_trace(traceparent: str, tracestate: str | None) -> TraceContext | None:
    """Return the trace context of these headers; None if `traceparent` is invalid."""
    found = re.fullmatch(_PARENT, traceparent, re.ASCII)
    if found is None or (found["version"] == "00" and found["rest"] is not None):
        return None
    state = tracestate if tracestate and _is_valid_state(tracestate) else None
    return TraceContext(found["trace"], found["parent"], int(found["flags"], 16), state)


def trace_of(headers: Mapping[str, str]) -> TraceContext | None:
    """Return the trace context of a request with these headers, whose names are in lower case; None if it has none."""
    parent = headers.get(TRACEPARENT)
    return None if parent is None else parse_trace(parent, headers.get(TRACESTATE))


def _is_valid_state(text: str) -> bool:
    members = [each for member in text.split(",") if (each := member.strip(" \t"))]  # empty ones are allowed
    return 0 < len(members) <= MEMBERS and all(re.fullmatch(_MEMBER, each, re.ASCII) for each in members)


def child_span(trace: TraceContext, *, seed: int, number: int, purpose: str) -> str:
    """Return the id of a span below a trace's parent: the same for the same seed, parent, subject and purpose."""
    return draw_bytes(seed, number, f"span {trace.parent_id} {purpose}", 8).hex()


def callback_span(trace: TraceContext, *, seed: int, callback: int, attempt: int) -> str:
    """Return the id of the span of an attempt at a callback."""
    return child_span(trace, seed=seed, number=callback, purpose=f"callback {attempt}")
