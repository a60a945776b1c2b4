"""Log probabilities of the tokens of an answer."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AlternativeLogprob:
    """An alternative token, with the natural logarithm of its probability."""

    token: str = dataclasses.field(repr=False)
    logprob: float
    token_bytes: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenLogprob:
    """The natural logarithm of one token's probability, with its likeliest alternatives."""

    token: str = dataclasses.field(repr=False)
    logprob: float
    token_bytes: bytes = dataclasses.field(default=b"", repr=False)
    alternatives: tuple[AlternativeLogprob, ...] = dataclasses.field(default=(), repr=False)
