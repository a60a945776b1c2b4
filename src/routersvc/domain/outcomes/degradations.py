"""How an answer was degraded."""

from __future__ import annotations

import dataclasses
import enum


class DegradationRung(enum.Enum):
    """How an answer can be degraded when nothing better is available."""

    LOWER_TIER = "lower_tier"
    CACHED = "cached"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Degradation:
    """Why and how a lower rung answered."""

    rung: DegradationRung
    description: str
