"""What other vendors' tokenizers make of a token of o200k_base.

Measured over prose, code and data as the vendors' own counts divided by those of o200k_base: the
median, and the ratio that nine texts in ten do not exceed. A window is judged by the latter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenRatio:
    """Tokens of a family of models for one of o200k_base; `marks` are found in models' names."""

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
"""Of a model that no row is about: as bad as the worst that is known."""


def conservative_ratio(names: Iterable[str]) -> float:
    """Return the ratio to judge a model's window by, from the names that it goes by."""
    lowered = [name.lower() for name in names]
    for ratio in RATIOS:
        if any(mark in name for mark in ratio.marks for name in lowered):
            return ratio.conservative
    return UNKNOWN_RATIO
