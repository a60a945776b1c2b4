"""What a provider reports as left of its rate limits."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitHeadroom:
    """What a provider reports as left of its rate limits; `None` if it reports nothing.

    `requests_reset` and `tokens_reset` are seconds from the time of the response.
    """

    remaining_requests: int | None = None
    limit_requests: int | None = None
    requests_reset: float | None = None
    remaining_tokens: int | None = None
    limit_tokens: int | None = None
    tokens_reset: float | None = None
