"""Reads log probabilities as the formats of OpenAI write them."""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.providers.reading.json_values import JsonObject


def read_logprobs(tokens: Iterable[JsonObject]) -> tuple[TokenLogprob, ...]:
    """Return the tokens of a list, each with its likeliest alternatives."""
    return tuple(
        TokenLogprob(
            token=token["token"],
            logprob=token["logprob"],
            token_bytes=bytes(token.get("bytes") or ()),
            alternatives=tuple(
                AlternativeLogprob(
                    token=other["token"],
                    logprob=other["logprob"],
                    token_bytes=bytes(other.get("bytes") or ()),
                )
                for other in token.get("top_logprobs") or ()
            ),
        )
        for token in tokens
    )
