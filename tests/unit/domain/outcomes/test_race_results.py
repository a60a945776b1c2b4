"""What the caller hears when nothing is left to try."""

from __future__ import annotations

from routersvc.domain.outcomes.failures import FailureClass
from routersvc.domain.outcomes.race_results import exhausted


def test_caller_of_nobody_hears_that_nobody_could_be_called() -> None:
    """No attempt was made, and nothing refused one: that too is told in the table's words."""
    verdict = exhausted([])

    assert verdict.failure.failure_class is FailureClass.LOCAL_LIMIT
    assert verdict.failure.message == "no deployment could be called now"
    assert verdict.retry_after is None
