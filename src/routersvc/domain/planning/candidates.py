"""A deployment considered for a request, with its score or the reasons for its exclusion."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.planning.exclusion_reasons import Exclusion


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ScorePart:
    """One part of a score: `value` from 0 (worst) to 1 (best), times `weight`."""

    name: str
    value: float
    weight: float
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A deployment considered for a request, with its score or the reasons for its exclusion."""

    deployment: Deployment
    exclusions: tuple[Exclusion, ...] = ()
    score: float = 0.0
    score_parts: tuple[ScorePart, ...] = ()
    expected_cost_usd: float | None = None
    expected_first_content: float | None = None

    @property
    def eligible(self) -> bool:
        """Whether no constraint excludes it."""
        return not self.exclusions

    @property
    def changes_needed(self) -> tuple[str, ...]:
        """The changes that together would make it eligible, without repetitions."""
        return tuple(dict.fromkeys(each.eligible_if for each in self.exclusions))
