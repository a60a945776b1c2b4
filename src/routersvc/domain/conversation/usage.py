"""Token counts of an answer, as the provider states them."""

from __future__ import annotations

from routersvc.domain.values import Value


class Usage(Value, frozen=True, kw_only=True):
    """Tokens of one attempt or the sum of several.

    `input_tokens` includes cached and cache-written ones, `output_tokens` includes reasoning.
    `cache_write_tokens` includes `cache_write_hour_tokens`, which the provider keeps for an hour.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_hour_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """Return the sum of two usages; it is estimated if either is."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_write_hour_tokens=self.cache_write_hour_tokens + other.cache_write_hour_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            input_audio_tokens=self.input_audio_tokens + other.input_audio_tokens,
            output_audio_tokens=self.output_audio_tokens + other.output_audio_tokens,
            estimated=self.estimated or other.estimated,
        )


class UsageCounted(Value, frozen=True, kw_only=True):
    """What the provider counted so far; a later count of the same attempt replaces it.

    Where it told only one of input and output, or told one that cannot be read, the other is 0,
    `estimated` is set, and the engine, which knows the prompt, estimates it.
    """

    usage: Usage
    knows_input: bool = True
    knows_output: bool = True

    def __add__(self, other: UsageCounted) -> UsageCounted:
        """Return the sum of two counts."""
        return UsageCounted(
            usage=self.usage + other.usage,
            knows_input=self.knows_input and other.knows_input,
            knows_output=self.knows_output and other.knows_output,
        )
