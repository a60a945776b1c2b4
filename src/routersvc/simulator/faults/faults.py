"""A fault: an effect from the catalogue, and the requests it applies to."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.simulator.faults.effects import Effect, InsteadOfAnswer


class Operations(enum.Enum):
    """The operations that a fault applies to."""

    COMPLETIONS = "completions"
    MODELS = "models"
    ANY = "any"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An effect and the requests it applies to.

    `count` is the number of requests it applies to before it is used up (`None`: unlimited),
    `probability` that of applying to a matching request, `delay` the seconds before it takes
    effect. `streaming` and `model` restrict it; `operations` can add the model list, which
    health checks request.
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
            raise ValueError("`count` must be at least 1; omit it for no limit")
        if not 0 < self.probability <= 1:
            raise ValueError("`probability` must be above 0 and at most 1")
        if self.delay < 0:
            raise ValueError("`delay` must be at least 0")
        if self.operations is not Operations.COMPLETIONS and not isinstance(
            self.effect, InsteadOfAnswer
        ):
            raise ValueError(
                f"`operations`: `{self.effect.kind}` needs a completion; "
                "only a fault that replaces the whole answer can apply to the model list"
            )
