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

    `spared_every` lets every n-th matching request pass. `beside` restricts it to requests that
    arrive while at least so many others are in flight. With `period` it applies only in the first
    `active_for` seconds of each period, counted from `offset` seconds after the injection.
    """

    effect: Effect = dataclasses.field(metadata={"inline": True})
    count: int | None = None
    probability: float = 1.0
    streaming: bool | None = None
    model: str | None = None
    operations: Operations = Operations.COMPLETIONS
    delay: float = 0.0
    spared_every: int | None = None
    beside: int = 0
    period: float | None = None
    active_for: float | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ValueError("`count` must be at least 1; omit it for no limit")
        if not 0 < self.probability <= 1:
            raise ValueError("`probability` must be above 0 and at most 1")
        if self.delay < 0:
            raise ValueError("`delay` must be at least 0")
        if self.spared_every is not None and self.spared_every < 2:  # noqa: PLR2004 - else all pass
            raise ValueError("`spared_every` must be at least 2; omit it to spare none")
        if self.beside < 0:
            raise ValueError("`beside` must be at least 0")
        if (self.period is None) is not (self.active_for is None):
            raise ValueError("`period` and `active_for` belong together")
        if self.period is not None and not 0 < (self.active_for or 0.0) < self.period:
            raise ValueError("`active_for` must be above 0 and below `period`")
        if self.offset < 0 or (self.offset and self.period is None):
            raise ValueError("`offset` must be at least 0, and belongs to `period`")
        if self.operations is not Operations.COMPLETIONS and not isinstance(
            self.effect, InsteadOfAnswer
        ):
            raise ValueError(
                f"`operations`: `{self.effect.kind}` needs a completion; "
                "only a fault that replaces the whole answer can apply to the model list"
            )

    def is_active(self, elapsed: float) -> bool:
        """Return whether it applies `elapsed` seconds after its injection."""
        if self.period is None or self.active_for is None:
            return True
        return (elapsed - self.offset) % self.period < self.active_for
