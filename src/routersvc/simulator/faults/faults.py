"""A fault: an effect from the catalogue, and the requests it strikes."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.simulator.faults.effects import Effect, InsteadOfAnswer


class Operations(enum.Enum):
    """Which requests a fault is for."""

    COMPLETIONS = "completions"
    MODELS = "models"
    ANY = "any"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An effect and the requests it strikes.

    `count` is how many requests it strikes before it is used up (nothing: no end),
    `probability` how likely it strikes one that matches, `delay` the seconds before
    it strikes. `streaming` and `model` narrow it down; `operations` widens it to the
    model list, which health checks ask for.
    """

    effect: Effect = dataclasses.field(metadata={"inline": True})
    count: int | None = None
    probability: float = 1.0
    streaming: bool | None = None
    model: str | None = None
    operations: Operations = Operations.COMPLETIONS
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ValueError("`count` must be at least 1; leave it out for no end")
        if not 0 < self.probability <= 1:
            raise ValueError("`probability` must be above 0 and at most 1")
        if self.delay < 0:
            raise ValueError("`delay` must be at least 0")
        if self.operations is not Operations.COMPLETIONS and not isinstance(
            self.effect, InsteadOfAnswer
        ):
            raise ValueError(
                f"`operations`: `{self.effect.kind}` needs a completion; "
                "only a fault that replaces the whole answer can strike the model list"
            )
