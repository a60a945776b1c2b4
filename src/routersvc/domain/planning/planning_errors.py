"""Why no deployment may serve a request."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import ExclusionReason


class NoEligibleDeploymentError(RefusedError):
    """Constraints exclude every deployment."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        listing = "; ".join(
            f"{candidate.deployment.name}: {', '.join(e.description for e in candidate.exclusions)}"
            for candidate in self.candidates
        )
        super().__init__(f"no deployment may serve this request ({listing})")

    @property
    def only_context_window(self) -> bool:
        """Whether every deployment would be eligible were the prompt short enough."""
        return all(
            exclusion.reason is ExclusionReason.CONTEXT_WINDOW
            for candidate in self.candidates
            for exclusion in candidate.exclusions
        )


class TenantBudgetExhaustedError(RefusedError):
    """The rest of the tenant's budget covers no deployment that may serve.

    `retry_after` is seconds until it may cover one, `None` if the whole budget is too small.
    """

    def __init__(self, candidates: Sequence[Candidate], *, retry_after: float | None) -> None:
        self.candidates = tuple(candidates)
        self.retry_after = retry_after
        super().__init__("the tenant's budget does not cover any deployment that may serve")
