"""The expected quality of a model's answers, by task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.tasks import Task


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """The quality of a model's answers, from 0 to 1: in general, and by task."""

    general: float = 0.5
    of_tasks: Mapping[Task, float] = dataclasses.field(
        default_factory=dict[Task, float], hash=False
    )

    def __post_init__(self) -> None:
        for value in (self.general, *self.of_tasks.values()):
            if not 0 <= value <= 1:
                raise ValueError(f"a quality must be between 0 and 1, not {value}")

    def expected(self, task: Task, complexity: float) -> float:
        """Return the quality to expect of an answer to a task of this complexity.

        The value of the model at complexity 0.5, 1 for trivial tasks (complexity 0), its square
        for the hardest (complexity 1): models differ more the harder a task is.
        """
        return float(self.of_tasks.get(task, self.general) ** (2 * complexity))


NO_QUALITY_KNOWN = Quality()
"""The default for models without a configured quality."""
