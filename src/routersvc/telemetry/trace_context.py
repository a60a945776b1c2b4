"""W3C trace context, from callers to providers (https://www.w3.org/TR/trace-context-2/).

An invalid `traceparent` is dropped together with its `tracestate`, as the recommendation requires.
`baggage` is not forwarded: it may contain data that a provider must not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from opentelemetry.trace import SpanContext

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

_TRACEPARENT_FORM = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,64})?",
    re.ASCII,
)
"""Later versions may append fields, which are forwarded as they are."""

_TRACESTATE_FORM = re.compile(r"[\x20-\x7e\t]{1,512}", re.ASCII)
"""512 characters: the length that the recommendation requires to be forwarded."""


def trace_headers(metadata: Iterable[tuple[str, str | bytes]]) -> Mapping[str, str]:
    """Return the trace context in the metadata of a call, empty if there is none.

    Names must be in lower case, as in HTTP/2.
    """
    parent = ""
    states: list[str] = []
    for name, value in metadata:
        if name == TRACEPARENT and isinstance(value, str):
            parent = value
        elif name == TRACESTATE and isinstance(value, str):
            states.append(value)
    if not parent or trace_id_of(parent) is None:
        return {}
    state = ",".join(states)
    if _TRACESTATE_FORM.fullmatch(state):
        return {TRACEPARENT: parent, TRACESTATE: state}
    return {TRACEPARENT: parent}


def trace_id_of(traceparent: str) -> str | None:
    """Return the trace id in a `traceparent`, `None` if it is invalid."""
    match = _TRACEPARENT_FORM.fullmatch(traceparent)
    if match is None or (traceparent.startswith("00-") and match[2] is not None):
        return None
    return match[1]


def headers_of(context: SpanContext) -> Mapping[str, str]:
    """Return the headers that make the provider's spans children of the span with `context`."""
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    if context.trace_state:
        return {TRACEPARENT: parent, TRACESTATE: context.trace_state.to_header()}
    return {TRACEPARENT: parent}
