"""Trace contexts are read by the rules of W3C Trace Context, and a child keeps the trace, the flags and the state."""

import pytest

from sandbox.core.trace import TraceContext, callback_span, parse_trace

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"
CONTEXT = TraceContext(TRACE, PARENT, 1)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (VALID, CONTEXT),
        (f"00-{TRACE}-{PARENT}-00", CONTEXT._replace(flags=0)),
        (f"00-{TRACE}-{PARENT}-03", CONTEXT._replace(flags=3)),
        (f"00-{TRACE}-{PARENT}-ff", CONTEXT._replace(flags=255)),
        # A later version is read as far as this one goes.
        (f"cc-{TRACE}-{PARENT}-01", CONTEXT),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", CONTEXT),
        (f"cc-{TRACE}-{PARENT}-01-", CONTEXT),
        (f"cc-{TRACE}-{PARENT}-01.what", None),
        (f"{VALID}-", None),
        (f"{VALID}-what", None),
        (f"{VALID}, {VALID}", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"0-{TRACE}-{PARENT}-01", None),
        (f"000-{TRACE}-{PARENT}-01", None),
        (f".0-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        (f"00-{TRACE[1:]}-{PARENT}-01", None),
        (f"00-{TRACE}1-{PARENT}-01", None),
        (f"00-{TRACE}-{PARENT[1:]}-01", None),
        (f"00-{TRACE}-{PARENT}-1", None),
        (f"00-{TRACE}-{PARENT}-.1", None),
        (f"00-{TRACE}-{PARENT}", None),
        (f"00-{TRACE}-{PARENT}-01\n", None),
        (f"00-{TRACE[:-1]}é-{PARENT}-01", None),
        (f"00-{TRACE[:-1]}٣-{PARENT}-01", None),
        ("", None),
    ],
)
def test_a_traceparent_is_valid_or_counts_as_none(header: str, found: TraceContext | None) -> None:
    assert parse_trace(header, None) == found


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("congo=t61rcWkgMzE", True),
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", True),
        ("foo=1 \t , \t bar=2, \t baz=3", True),
        ("foo=1,,bar=2,", True),
        ("1a-2f@foo=bar1,a*b/c_d-9=x y", True),
        ("foo=1,foo=2", True),
        (",".join(f"k{number}=v" for number in range(32)), True),
        (f"{'z' * 256}={'v' * 256}", True),
        (",".join(f"k{number}=v" for number in range(33)), False),
        (f"{'z' * 257}=v", False),
        (f"k={'v' * 257}", False),
        (f"{'t' * 242}@v=1", False),
        (f"t@{'v' * 15}=1", False),
        ("foo@=1", False),
        ("@foo=1", False),
        ("foo@@bar=1", False),
        ("FOO=1", False),
        ("foo 1", False),
        ("foo =1", False),
        ("foo=", False),
        ("foo=bar=baz", False),
        ("foo=1\r\nX: y", False),
        ("foo=é", False),
        (" ", False),
        ("", False),
    ],
)
def test_a_tracestate_is_kept_as_received_or_dropped(header: str, *, kept: bool) -> None:
    assert parse_trace(VALID, header) == CONTEXT._replace(state=header if kept else None)


def test_the_headers_have_the_known_flags_alone() -> None:
    assert [CONTEXT._replace(flags=flags, state=state).headers for flags, state in ((255, None), (2, "a=1"))] == [
        {"traceparent": f"00-{TRACE}-{PARENT}-03"},
        {"traceparent": f"00-{TRACE}-{PARENT}-02", "tracestate": "a=1"},
    ]


def test_a_span_differs_by_seed_parent_callback_and_attempt() -> None:
    spans = [
        callback_span(CONTEXT, seed=7, callback=1, attempt=1),
        callback_span(CONTEXT, seed=8, callback=1, attempt=1),
        callback_span(CONTEXT, seed=7, callback=2, attempt=1),
        callback_span(CONTEXT, seed=7, callback=1, attempt=2),
        callback_span(CONTEXT._replace(parent_id=PARENT[::-1]), seed=7, callback=1, attempt=1),
    ]

    assert (len({*spans}), {len(each) for each in spans}) == (5, {16})
