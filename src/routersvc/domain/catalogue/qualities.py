"""How good a model's answers are expected to be, by task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.tasks import (
    Task,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """How good a model's answers are, from 0 to 1: in general, and for kinds of task."""

    general: float = 0.5
    of_tasks: Mapping[Task, float] = dataclasses.field(
        default_factory=dict[Task, float], hash=False
    )

    def __post_init__(self) -> None:
        for value in (self.general, *self.of_tasks.values()):
            if not 0 <= value <= 1:
                raise ValueError(f"a quality lies between 0 and 1, not {value}")

    def expected(self, task: Task, complexity: float) -> float:
        """Return the quality to expect of an answer to a task of this complexity.

        The model's own value at a complexity of one half, 1 for a trivial task that everybody
        masters, its square for the hardest: differences matter where a task is hard.
        """
        return float(self.of_tasks.get(task, self.general) ** (2 * complexity))


NO_QUALITY_KNOWN = Quality()
"""Of a model that nobody has judged: neither good nor bad."""
