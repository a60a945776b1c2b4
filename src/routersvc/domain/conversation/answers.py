"""What an attempt yields: the events of one answer, and what they add up to.

Every provider's answer, streamed or not, is a sequence of these events:
`Started`, then deltas and `UsageCounted` in any order, then `Finished`. A sequence
without `Finished` is a broken answer and never a success.
"""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.conversation.prompts import Modality


class FinishReason(enum.Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    OTHER = "other"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one attempt or the sum of several.

    `input_tokens` includes cached and cache-written ones, `output_tokens` includes reasoning.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """Sum two usages; the sum is estimated where either is."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            input_audio_tokens=self.input_audio_tokens + other.input_audio_tokens,
            output_audio_tokens=self.output_audio_tokens + other.output_audio_tokens,
            estimated=self.estimated or other.estimated,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitHeadroom:
    """What a provider says is left of its rate limits; `None` where it did not say.

    `requests_reset` and `tokens_reset` are seconds from the moment the provider spoke.
    """

    remaining_requests: int | None = None
    limit_requests: int | None = None
    requests_reset: float | None = None
    remaining_tokens: int | None = None
    limit_tokens: int | None = None
    tokens_reset: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The provider has accepted the request. Not content: nothing commits on it."""

    model_version: str = ""
    response_id: str = ""
    headroom: RateLimitHeadroom | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """One token that might have stood there, with the natural logarithm of its probability."""

    token: str = dataclasses.field(repr=False)
    logprob: float
    token_bytes: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenLogprob:
    """The natural logarithm of one token's probability, with its likeliest alternatives."""

    token: str = dataclasses.field(repr=False)
    logprob: float
    token_bytes: bytes = dataclasses.field(default=b"", repr=False)
    alternatives: tuple[Alternative, ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextDelta:
    """Text to append to the answer; not empty, unless it only carries log probabilities."""

    text: str = dataclasses.field(repr=False)
    logprobs: tuple[TokenLogprob, ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RefusalDelta:
    """Text to append to the model's refusal."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ThoughtDelta:
    """A piece of what the model thinks; a `signature` ends a block of thought."""

    text: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    encrypted: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call with this index; the first piece carries id and name."""

    index: int
    call_id: str = ""
    name: str = ""
    arguments_json: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MediaDelta:
    """A piece of sound or of a picture."""

    modality: Modality
    media_type: str
    data: bytes = dataclasses.field(default=b"", repr=False)
    transcript: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UsageCounted:
    """What the provider counted so far; a later count of the same attempt replaces it."""

    usage: Usage


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The answer is complete, terminator included. The last event of every complete answer.

    `model_version` and `response_id` repeat what `Started` said, for formats that tell it late.
    """

    reason: FinishReason
    stop_sequence: str = dataclasses.field(default="", repr=False)
    model_version: str = ""
    response_id: str = ""


ContentDelta = TextDelta | RefusalDelta | ThoughtDelta | ToolCallDelta | MediaDelta
AnswerEvent = Started | ContentDelta | UsageCounted | Finished

CONTENT_TYPES = (TextDelta, RefusalDelta, ThoughtDelta, ToolCallDelta, MediaDelta)
"""The events that an attempt commits on, for `isinstance`."""
