"""The first event of an answer."""

from __future__ import annotations

from routersvc.domain.conversation.answers import Started
from routersvc.providers.errors.rate_limit_headers import headroom
from routersvc.providers.wire_format import ResponseHead


def started(head: ResponseHead, *, model_version: str = "", response_id: str = "") -> Started:
    """Return `Started` with the rate-limit headroom that the response headers state."""
    return Started(
        model_version=model_version,
        response_id=response_id,
        headroom=headroom(head.headers, now=head.received_at),
    )
