"""W3C trace context on its way to the providers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags, TraceState

from routersvc.telemetry.trace_context import headers_of, trace_headers, trace_id_of

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def test_context_passes_unchanged() -> None:
    """The provider's spans hang below the caller's."""
    headers = trace_headers(
        [("user-agent", "x"), ("traceparent", PARENT), ("tracestate", "a=1,b=2")]
    )

    assert headers == {"traceparent": PARENT, "tracestate": "a=1,b=2"}


def test_split_state_is_joined_in_order() -> None:
    """The recommendation allows a list in several headers."""
    headers = trace_headers([("tracestate", "a=1"), ("traceparent", PARENT), ("tracestate", "b=2")])

    assert headers["tracestate"] == "a=1,b=2"


def test_baggage_stays_here() -> None:
    """Baggage may hold what a provider must not see."""
    headers = trace_headers([("traceparent", PARENT), ("baggage", "customer=42")])

    assert headers == {"traceparent": PARENT}


@pytest.mark.parametrize(
    "parent",
    [
        "",
        f"00-{TRACE_ID}-b7ad6b7169203331",
        f"00-{TRACE_ID}-b7ad6b7169203331-01-extra",
        f"00-{TRACE_ID.upper()}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"ff-{TRACE_ID}-b7ad6b7169203331-01",
        f"00-{TRACE_ID}-b7ad6b7169203331-01\n",
        f" 00-{TRACE_ID}-b7ad6b7169203331-01",
        "00-０af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",  # noqa: RUF001 - a digit of another script
    ],
)
def test_malformed_parent_is_dropped_with_its_state(parent: str) -> None:
    """What is not understood must not be passed on, says the recommendation."""
    assert trace_headers([("traceparent", parent), ("tracestate", "a=1")]) == {}


def test_later_version_passes() -> None:
    """A version that appends fields is passed on unread."""
    later = f"01-{TRACE_ID}-b7ad6b7169203331-01-what-comes"

    assert trace_headers([("traceparent", later)]) == {"traceparent": later}
    assert trace_id_of(later) == TRACE_ID


@pytest.mark.parametrize("state", ["a=1\r\nx: y", "ä=1", "a" * 513, ""])
def test_state_that_cannot_be_a_header_is_dropped_alone(state: str) -> None:
    """A header of a provider's request must not be broken into two."""
    headers = trace_headers([("traceparent", PARENT), ("tracestate", state)])

    assert headers == {"traceparent": PARENT}


def test_binary_metadata_is_no_context() -> None:
    """Only text can be a trace context."""
    assert trace_headers([("traceparent", PARENT.encode())]) == {}


def test_span_becomes_headers() -> None:
    """What a provider does hangs below the attempt."""
    context = SpanContext(
        trace_id=int(TRACE_ID, 16),
        span_id=0xB7AD6B7169203331,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState([("a", "1")]),
    )

    assert headers_of(context) == {"traceparent": PARENT, "tracestate": "a=1"}


@given(st.text(alphabet="0123456789abcdefABCDEF-xyz\n", max_size=70))
def test_trace_id_is_always_32_lower_hexadecimal_digits(parent: str) -> None:
    """Whatever a caller sends, a log line holds a trace id or none."""
    trace_id = trace_id_of(parent)

    assert trace_id is None or (len(trace_id) == 32 and int(trace_id, 16) > 0)
