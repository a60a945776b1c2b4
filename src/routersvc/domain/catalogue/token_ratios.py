"""How many tokens other vendors' tokenizers need per token of o200k_base.

Measured over prose, code and data as the vendors' own counts divided by those of o200k_base: the
median and the 90th percentile. Context windows are checked with the latter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenRatio:
    """Tokens of a model family per token of o200k_base; `marks` are substrings of model names."""

    family: str
    marks: tuple[str, ...]
    median: float
    conservative: float


RATIOS = (
    TokenRatio(family="GPT-5", marks=("gpt-5",), median=1.05, conservative=1.09),
    TokenRatio(
        family="o200k",
        marks=("gpt-4o", "gpt-4.1", "chatgpt-4o", "gpt-oss"),
        median=1.0,
        conservative=1.0,
    ),
    TokenRatio(family="Claude", marks=("claude",), median=1.13, conservative=1.35),
    TokenRatio(family="Gemini", marks=("gemini",), median=1.05, conservative=1.23),
    TokenRatio(
        family="Mistral",
        marks=("mistral", "ministral", "codestral", "magistral", "devstral", "pixtral", "mixtral"),
        median=1.05,
        conservative=1.16,
    ),
    TokenRatio(
        family="Cohere", marks=("command-", "cohere", "c4ai"), median=1.06, conservative=1.17
    ),
)

UNKNOWN_RATIO = max(ratio.conservative for ratio in RATIOS)
"""The ratio of unknown models: the highest of the known ones."""


def conservative_ratio(names: Iterable[str]) -> float:
    """Return the ratio to check a model's context window with, found by its names."""
    lowered = [name.lower() for name in names]
    for ratio in RATIOS:
        if any(mark in name for mark in ratio.marks for name in lowered):
            return ratio.conservative
    return UNKNOWN_RATIO
