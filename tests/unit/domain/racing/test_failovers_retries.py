"""How long the deployment that failed is left alone before it is tried again."""

from __future__ import annotations

import random

import pytest

from routersvc.domain.catalogue.policies import RetryRule
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.racing.failovers import retry_pause

RULE = RetryRule(max_retries=3, base_delay=1.0, max_delay=3.0)
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")


class Longest(random.Random):
    """Draws the end of every range."""

    def uniform(self, a: float, b: float) -> float:
        """Return the end, after a look at the beginning."""
        assert a == 0.0
        return b


def pauses(failure: Failure, rule: RetryRule = RULE, *, most: int = 4) -> list[float | None]:
    """Return the longest pause before each retry."""
    return [retry_pause(failure, made=made, rule=rule, random=Longest()) for made in range(most)]


def test_ceiling_doubles_up_to_the_longest_and_retries_are_counted() -> None:
    """A deployment in trouble is asked less and less often, and not for ever."""
    assert pauses(BROKEN) == [1.0, 2.0, 3.0, None]


def test_pause_that_a_provider_asks_for_is_kept() -> None:
    """It knows better than any draw."""
    asked = Failure(failure_class=FailureClass.SERVER_ERROR, message="503", retry_after=7.0)

    assert pauses(asked, most=1) == [7.0]


def test_refusal_for_load_is_followed_by_one_retry() -> None:
    """However many the rule has: it has already been told when to come back."""
    refused = Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=2.0)

    assert pauses(refused) == [2.0, None, None, None]


@pytest.mark.parametrize(
    "failure_class", [FailureClass.AUTHENTICATION, FailureClass.INVALID_REQUEST]
)
def test_what_repeats_itself_is_not_retried(failure_class: FailureClass) -> None:
    """The same request fails in the same way."""
    assert pauses(Failure(failure_class=failure_class, message="no")) == [None] * 4
