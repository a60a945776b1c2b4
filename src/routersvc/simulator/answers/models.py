"""The models that a simulated provider offers, and how long they reason."""

from __future__ import annotations

import dataclasses
import enum


class ReasoningEffort(enum.Enum):
    """How much a reasoning model reasons before it answers."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedModel:
    """A model that a simulated provider offers.

    `version` is the dated name that answers report (default: the id); requests may use
    either. `context_window` and `max_output_tokens` are in tokens.
    `created` is in seconds since 1970.
    """

    id: str
    version: str | None = None
    context_window: int = 128_000
    max_output_tokens: int = 16_384
    vision: bool = True
    audio: bool = False
    reasoning: bool = False
    owned_by: str = "simulator"
    created: int = 1_760_000_000

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("`id` must not be empty")
        if self.context_window < 1 or self.max_output_tokens < 1:
            raise ValueError("`context_window` and `max_output_tokens` must be at least 1")

    @property
    def reported_name(self) -> str:
        """The name that answers report."""
        return self.version or self.id
