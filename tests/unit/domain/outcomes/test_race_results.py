"""What the caller hears when nothing is left to try."""

from __future__ import annotations

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.race_results import exhausted_result


def test_call_without_an_attempt_says_that_no_deployment_could_be_called() -> None:
    """No attempt was made, and nothing refused one: that too is told in the table's words."""
    result = exhausted_result([])

    assert result.failure.failure_class is FailureClass.LOCAL_LIMIT
    assert result.failure.message == "no deployment could be called now"
    assert result.retry_after is None
