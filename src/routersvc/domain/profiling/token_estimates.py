"""Estimates the tokens of a text without a tokenizer: two bounds and a likely value.

All counts are of o200k_base; `token_ratios` converts them to those of other vendors. The bounds
hold for every text: a token of o200k_base has 1 to 128 bytes, and no token extends past the end of
an ASCII word. The likely value uses rates per writing system, measured on prose in
twenty languages, on code and on data (`tests/unit/tokenizer` holds them against the exact count).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.writing_systems import Writing, WritingSystem, writing_of
from routersvc.domain.values import Value

LONGEST_TOKEN = 128
"""Bytes of the longest tokens of o200k_base: runs of spaces."""

TOKENS_PER_CHARACTER = {
    WritingSystem.LATIN: 0.9,
    WritingSystem.GREEK: 0.43,
    WritingSystem.CYRILLIC: 0.38,
    WritingSystem.HEBREW: 0.45,
    WritingSystem.ARABIC: 0.38,
    WritingSystem.INDIC: 0.4,
    WritingSystem.SYMBOL: 0.8,
    WritingSystem.KANA: 0.86,
    WritingSystem.HAN: 0.88,
    WritingSystem.HANGUL: 0.8,
    WritingSystem.EMOJI: 1.6,
}
"""Outside of ASCII, including spaces and punctuation. Accented letters split words into tokens."""

TOKENS_PER_LETTER = 0.21
TOKENS_PER_WORD = 0.25
TOKENS_PER_DIGIT = 0.45
TOKENS_PER_MARK = 0.6

SAMPLED_ABOVE = 16_384
"""Characters above which a text is sampled: 200 KB then take as long as 16 KB."""

_WINDOWS = 16
_WINDOW = 1024

_HUGE = 128 * 1024
"""Characters of a text that is a step of its own."""

_TEXTS_IN_STEP = 64
"""Texts whose tokens are estimated in one step."""


class TokenEstimate(Value, frozen=True, kw_only=True):
    """Tokens of a text: never fewer than `low`, never more than `high`, about `likely`."""

    low: int = 0
    likely: int = 0
    high: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.likely <= self.high:
            raise ValueError("`low`, `likely` and `high` stand in this order, from 0")

    def __add__(self, other: TokenEstimate) -> TokenEstimate:
        return TokenEstimate(
            low=self.low + other.low,
            likely=self.likely + other.likely,
            high=self.high + other.high,
        )

    @classmethod
    def exactly(cls, tokens: int) -> TokenEstimate:
        """Return the estimate for an exact count."""
        return cls(low=tokens, likely=tokens, high=tokens)


def estimate_of(text: str) -> TokenEstimate:
    """Return the bounds and the likely number of a text's tokens."""
    low, likely, high = _bounds_of(text)
    return TokenEstimate(low=low, likely=likely, high=high)


def estimating(texts: Sequence[str]) -> Steps[TokenEstimate]:
    """Return the sum of the estimates of texts, in steps if they are many or huge."""
    low = likely = high = 0
    for place, text in enumerate(texts, start=1):
        if len(text) >= _HUGE:
            yield
        of_text = _bounds_of(text)
        low += of_text[0]
        likely += of_text[1]
        high += of_text[2]
        if place % _TEXTS_IN_STEP == 0:
            yield
    return TokenEstimate(low=low, likely=likely, high=high)


def _bounds_of(text: str) -> tuple[int, int, int]:
    """Return the least, the likely and the greatest number of a text's tokens."""
    if len(text) <= SAMPLED_ABOVE:
        writing = writing_of(text)
        low = max(writing.words, math.ceil(writing.size / LONGEST_TOKEN))
        return _ordered(low, likely_tokens(writing), writing.size)
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    sample = "".join(windows(text, count=_WINDOWS, size=_WINDOW))
    scale = len(text) / len(sample)
    low = math.ceil(size / LONGEST_TOKEN)
    return _ordered(low, likely_tokens(writing_of(sample)) * scale, size)


def likely_tokens(writing: Writing) -> float:
    """Return the likely number of tokens by the rates of the writing systems."""
    tokens = (
        TOKENS_PER_LETTER * writing.letters
        + TOKENS_PER_WORD * writing.words
        + TOKENS_PER_DIGIT * writing.digits
        + TOKENS_PER_MARK * writing.marks
    )
    for script, number in writing.beyond_ascii.items():
        tokens += TOKENS_PER_CHARACTER[script] * number
    return tokens


def windows(text: str, *, count: int, size: int) -> Iterator[str]:
    """Yield evenly spaced pieces of a text, the first at its start, the last at its end."""
    step = (len(text) - size) / max(1, count - 1)
    for place in range(count):
        start = round(place * step)
        yield text[start : start + size]


def _ordered(low: int, likely: float, high: int) -> tuple[int, int, int]:
    return low, min(high, max(low, round(likely))), high
