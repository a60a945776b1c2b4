"""Reads log probabilities as the formats of OpenAI write them."""

from __future__ import annotations

import math
from typing import cast

from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.providers.reading.json_values import objects_of

UNLIKELY = -9999.0
"""The log probability of a token whose own cannot be read, as OpenAI writes it for such tokens."""


def read_logprobs(tokens: object) -> tuple[TokenLogprob, ...]:
    """Return the tokens of a list, each with its likeliest alternatives; skip what is no token."""
    return tuple(
        TokenLogprob(
            token=token["token"],
            logprob=logprob_of(token.get("logprob")),
            token_bytes=_bytes_of(token.get("bytes")),
            alternatives=_alternatives(token.get("top_logprobs")),
        )
        for token in objects_of(tokens)
        if isinstance(token.get("token"), str)
    )


def logprob_of(value: object) -> float:
    """Return a log probability, `UNLIKELY` where a vendor wrote none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return UNLIKELY


def _alternatives(tokens: object) -> tuple[AlternativeLogprob, ...]:
    return tuple(
        AlternativeLogprob(
            token=other["token"],
            logprob=logprob_of(other.get("logprob")),
            token_bytes=_bytes_of(other.get("bytes")),
        )
        for other in objects_of(tokens)
        if isinstance(other.get("token"), str)
    )


def _bytes_of(value: object) -> bytes:
    if not value or not isinstance(value, list):
        return b""
    try:
        return bytes(cast("list[int]", value))
    except (TypeError, ValueError):
        return b""
