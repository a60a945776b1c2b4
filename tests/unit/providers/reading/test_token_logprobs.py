"""Log probabilities of any shape cost no answer."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.providers.reading.token_logprobs import UNLIKELY, read_logprobs


def test_tokens_are_read_with_their_alternatives() -> None:
    """As OpenAI writes them."""
    other = {"token": "b", "logprob": -2, "bytes": None}

    assert read_logprobs(
        [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [other]}]
    ) == (
        TokenLogprob(
            token="a",
            logprob=-0.5,
            token_bytes=b"a",
            alternatives=(AlternativeLogprob(token="b", logprob=-2.0),),
        ),
    )


@pytest.mark.parametrize("logprob", [None, "low", float("-inf"), True])
def test_unreadable_probability_is_an_unlikely_one(logprob: object) -> None:
    """The token is there all the same."""
    token = {"token": "a", "logprob": logprob, "bytes": [999], "top_logprobs": 5}

    assert read_logprobs([token]) == (TokenLogprob(token="a", logprob=UNLIKELY),)


@pytest.mark.parametrize("tokens", [None, "a", {"token": "a"}, [None, 5, {"logprob": -1}]])
def test_what_is_no_token_is_skipped(tokens: object) -> None:
    """They are beside the answer."""
    assert read_logprobs(tokens) == ()
