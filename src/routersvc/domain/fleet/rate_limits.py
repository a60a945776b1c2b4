"""Whether a provider would refuse a call now, estimated from its last rate-limit headers.

Answers report what is left of the limits. A ledger extrapolates the last report: it subtracts what
has been sent since the answered call, and adds what is refilled. Limits refill evenly until they
are full at the reset (the token buckets of OpenAI, Anthropic and most others); where the limit
itself is not reported, everything is refilled at the reset. After the reset nothing is known and
nothing is held back: an error then costs one refusal, which reports the exact state.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.values import Value

UNSTATED_RESET = 10.0
"""Seconds until the reset where none is reported: Azure counts requests over 10 s at most."""

LONGEST_TRUST = 600.0
"""Seconds after which any report is ignored: one misread daily limit must not last all day."""


class RateLimitMark(Value, frozen=True):
    """How much had been sent in all, this call included, when a call was sent."""

    requests: int
    tokens: int


class _ReportedLimit(NamedTuple):
    """What a provider last reported of one limit, and how much had been sent by then."""

    remaining: int
    limit: int | None
    reset: float
    at: float
    sent: int

    def wait(self, amount: int, sent: int, now: float) -> float:
        """Return the seconds until `amount` more is not refused."""
        elapsed = now - self.at
        # More than the whole limit never fits: such a call waits for the full limit.
        wanted = amount if self.limit is None else min(amount, self.limit)
        missing = wanted + (sent - self.sent) - self.remaining
        if missing <= 0:
            return 0.0
        used = missing if self.limit is None else self.limit - self.remaining
        comes_back = self.reset if missing >= used else self.reset * missing / used
        return max(0.0, min(comes_back, LONGEST_TRUST) - elapsed)


class RateLimitLedger:
    """What is left of one deployment's rate limits."""

    __slots__ = (
        "_headroom",
        "_observed_at",
        "_reported_mark",
        "_requests",
        "_sent_requests",
        "_sent_tokens",
        "_tokens",
    )

    def __init__(self) -> None:
        self._sent_requests = 0
        self._sent_tokens = 0
        self._requests: _ReportedLimit | None = None
        self._tokens: _ReportedLimit | None = None
        self._headroom: RateLimitHeadroom | None = None
        self._observed_at = 0.0
        self._reported_mark = 0

    @property
    def headroom(self) -> RateLimitHeadroom | None:
        """What the provider last reported; `None` before that."""
        return self._headroom

    def age(self, now: float) -> float | None:
        """Return the age of the last report in seconds; `None` before that."""
        return None if self._headroom is None else now - self._observed_at

    def sent(self, tokens: int) -> RateLimitMark:
        """Count a call of about `tokens` tokens; pass the mark to `observed` with its answer."""
        self._sent_requests += 1
        self._sent_tokens += tokens
        return RateLimitMark(self._sent_requests, self._sent_tokens)

    def observed(self, headroom: RateLimitHeadroom, mark: RateLimitMark, now: float) -> None:
        """Record the report that came with the answer to the call of `mark`.

        Calls that were sent after that call are assumed not to be counted in it. Reports that
        arrive out of order are ignored.
        """
        if mark.requests < self._reported_mark:
            return
        self._reported_mark = mark.requests
        self._headroom = headroom
        self._observed_at = now
        if headroom.remaining_requests is not None:
            self._requests = _ReportedLimit(
                remaining=headroom.remaining_requests,
                limit=headroom.limit_requests,
                reset=_stated(headroom.requests_reset),
                at=now,
                sent=mark.requests,
            )
        if headroom.remaining_tokens is not None:
            self._tokens = _ReportedLimit(
                remaining=headroom.remaining_tokens,
                limit=headroom.limit_tokens,
                reset=_stated(headroom.tokens_reset),
                at=now,
                sent=mark.tokens,
            )

    def wait(self, tokens: int, now: float) -> float:
        """Return the seconds until a call with `tokens` tokens would not be refused, 0 for now."""
        wait = 0.0
        if self._requests is not None:
            wait = self._requests.wait(1, self._sent_requests, now)
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(tokens, self._sent_tokens, now))
        return wait


def _stated(reset: float | None) -> float:
    return UNSTATED_RESET if reset is None else reset


LONGEST_WAIT = 86_400.0
"""Seconds; a daily quota waits no longer, so a longer wait is a broken header."""

LONGEST_REST = 60.0
"""Seconds after which a single call probes whether a provider still wants its pause."""


class RateLimitGate:
    """Keeps calls away for as long as a provider asked, with a probe every `LONGEST_REST`.

    The end of the pause only moves forward. Where it is further away than `LONGEST_REST`, one call
    is let through each time that much has passed: the wait may be a daily quota that an operator
    has raised since, or a broken header. An answer ends the pause. Calls may pass from `opens_at`
    on.
    """

    __slots__ = ("_until", "opens_at")

    def __init__(self) -> None:
        self._until = -math.inf
        self.opens_at = -math.inf

    def close_for(self, wait: float, now: float) -> None:
        """Let no call pass for `wait` seconds; a gate that opens later stays as it is.

        Waits above `LONGEST_WAIT` are cut to it; NaN and waits that are over are ignored.
        """
        if not wait > 0:
            return
        self._until = max(self._until, now + min(wait, LONGEST_WAIT))
        self.opens_at = max(self.opens_at, min(self._until, now + LONGEST_REST))

    def call_starts(self, now: float) -> bool:
        """Record the start of a call; return whether it is a probe, which keeps others away."""
        if not self.opens_at <= now < self._until:
            return False
        self.opens_at = min(self._until, now + LONGEST_REST)
        return True

    def probe_ended(self, now: float) -> None:
        """Let the next call probe: the probe ended without an outcome."""
        self.opens_at = min(self.opens_at, now)

    def answered(self) -> None:
        """End a pause that was to last longer: a probe was answered."""
        self._until = self.opens_at = -math.inf

    def is_open(self, now: float) -> bool:
        """Whether calls may pass."""
        return now >= self.opens_at

    def closed_for(self, now: float) -> float:
        """Return the seconds until calls may pass, 0 where they may now."""
        return max(0.0, self.opens_at - now)
