"""How much a model reasons before it answers, and what of that is returned."""

from __future__ import annotations

import dataclasses
import enum


class ReasoningEffort(enum.Enum):
    """How much a model thinks before it answers; `ADAPTIVE` leaves that to the model."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAXIMUM = "maximum"
    ADAPTIVE = "adaptive"


class ReasoningVisibility(enum.Enum):
    """How much of the model's thoughts the answer contains."""

    HIDDEN = "hidden"
    SUMMARY = "summary"
    FULL = "full"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reasoning:
    """How much the model reasons and how much of that is returned; unset: the model's default."""

    effort: ReasoningEffort | None = None
    max_tokens: int | None = None
    visibility: ReasoningVisibility | None = None
