"""What a prompt holds, collected in one pass over its parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.conversation.parts import (
    CacheLifetime,
    ImageDetail,
    ImagePart,
    Modality,
    Part,
    TextPart,
)
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.profiling.prompt_reading import (
    modality_of,
    texts_of_fields,
    texts_of_part,
    with_inner_parts,
)
from routersvc.domain.profiling.token_estimates import TokenEstimate

TOKENS_PER_MESSAGE = 4
"""Tokens of role and separators around a message in the chat formats."""

IMAGE_TOKENS = TokenEstimate(low=85, likely=765, high=1600)
"""A picture: by OpenAI's published rule 85 in low detail, 765 at 1024 × 1024 in high detail; about
1,600 for the largest that Anthropic takes without scaling it down."""

_LOW_DETAIL = TokenEstimate.exactly(IMAGE_TOKENS.low)
_TEXT = frozenset({Modality.TEXT})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PromptContents:
    """The texts of a prompt and what else profiles depend on; parts in tool results included.

    `texts` are those that the model reads, in order. `frames` are the tokens beside them, without
    audio and binary documents. `cache_lifetime` is the longest for which a part is marked for the
    prompt cache, `None` where none is.
    """

    texts: tuple[str, ...] = dataclasses.field(repr=False)
    frames: TokenEstimate
    modalities: frozenset[Modality]
    cache_lifetime: CacheLifetime | None


def contents_of(prompt: Prompt) -> PromptContents:
    """Return the contents of a prompt."""
    texts: list[str] = []
    others: list[Part] = []
    lifetimes: list[CacheLifetime] = []
    has_text = False
    for message in prompt.messages:
        for part in message.parts:
            if isinstance(part, TextPart):
                # The common case.
                has_text = True
                texts.append(part.text)
                if part.cache is not None:
                    lifetimes.append(part.cache)
            else:
                texts.extend(texts_of_part(part))
                others.extend(with_inner_parts(part))
    texts.extend(texts_of_fields(prompt))
    frames = TokenEstimate.exactly(TOKENS_PER_MESSAGE * len(prompt.messages))
    modalities = _TEXT if has_text else frozenset[Modality]()
    if others:
        modalities |= frozenset(map(modality_of, others))
        for part in others:
            if part.cache is not None:
                lifetimes.append(part.cache)
            if isinstance(part, ImagePart):
                frames += _LOW_DETAIL if part.detail is ImageDetail.LOW else IMAGE_TOKENS
    return PromptContents(
        texts=tuple(texts),
        frames=frames,
        modalities=modalities,
        cache_lifetime=_longest(lifetimes) if lifetimes else None,
    )


def _longest(lifetimes: Sequence[CacheLifetime]) -> CacheLifetime:
    return CacheLifetime.LONG if CacheLifetime.LONG in lifetimes else CacheLifetime.DEFAULT
