"""The failure table, row by row: what a race does next, and what the caller hears at the end.

The expectations restate the design's table; they are not read off the rules.
"""

from __future__ import annotations

import dataclasses
import random

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import (
    RULES,
    BreakerEffect,
    CallerOutcome,
    Disables,
    FailureClass,
)
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import RaceExhausted
from routersvc.domain.planning.plans import HedgingPlan, Plan
from routersvc.domain.racing.race_attempts import StartAttempt
from routersvc.domain.racing.races import Race
from routersvc.testing.worlds import scripted_deployment, scripted_policy

NO_HEDGING = HedgingPlan(mode=HedgingMode.OFF, delay=None, max_parallel=1, description="off")

ELSEWHERE = {
    FailureClass.CONNECT,
    FailureClass.RESET,
    FailureClass.SERVER_ERROR,
    FailureClass.OVERLOADED,
    FailureClass.RATE_LIMITED,
    FailureClass.QUOTA_EXHAUSTED,
    FailureClass.AUTHENTICATION,
    FailureClass.PERMISSION,
    FailureClass.MODEL_NOT_FOUND,
    FailureClass.CAPABILITY_MISMATCH,
    FailureClass.BAD_ANSWER,
    FailureClass.FIRST_CONTENT_TIMEOUT,
    FailureClass.STALLED,
    FailureClass.TRUNCATED,
    FailureClass.ATTEMPT_TIMEOUT,
    FailureClass.LOCAL_LIMIT,
}
"""Failures after which a deployment that differs in everything is tried."""

AGAIN_ALONE = {
    FailureClass.CONNECT,
    FailureClass.SERVER_ERROR,
    FailureClass.RATE_LIMITED,
    FailureClass.BAD_ANSWER,
}
"""Failures after which the same deployment is tried again where there is no other."""

CALLER_OUTCOMES = {
    FailureClass.RATE_LIMITED: CallerOutcome.RATE_LIMITED,
    FailureClass.QUOTA_EXHAUSTED: CallerOutcome.MISCONFIGURED,
    FailureClass.AUTHENTICATION: CallerOutcome.MISCONFIGURED,
    FailureClass.PERMISSION: CallerOutcome.MISCONFIGURED,
    FailureClass.MODEL_NOT_FOUND: CallerOutcome.MISCONFIGURED,
    FailureClass.INVALID_REQUEST: CallerOutcome.REJECTED,
    FailureClass.CAPABILITY_MISMATCH: CallerOutcome.REJECTED,
    FailureClass.CONTEXT_LENGTH: CallerOutcome.CONTEXT_LENGTH,
    FailureClass.CONTENT_FILTERED: CallerOutcome.CONTENT_FILTERED,
    FailureClass.BAD_ANSWER: CallerOutcome.BAD_ANSWER,
    FailureClass.LOCAL_LIMIT: CallerOutcome.LOCALLY_OVERLOADED,
}
"""What the caller hears where it is not `UNAVAILABLE`."""


def race_over(*deployments: Deployment, max_attempts: int = 3) -> Race:
    """Return a race that has begun with the first of `deployments`."""
    policy = scripted_policy([d.name for d in deployments], max_attempts=max_attempts)
    plan = Plan(
        policy=policy,
        deployments=deployments,
        max_attempts=max_attempts,
        timeout=60.0,
        timeouts=policy.timeouts,
        retries=policy.retries,
        hedging_rule=policy.hedging,
        hedging=NO_HEDGING,
        priority=Priority.NORMAL,
        previous_attempts=0,
        tokens=deployments[0].model.context_window,
        stream_recovery=policy.stream_recovery,
        consistency=ConsistencyMode.ANY,
        streaming=True,
        has_side_effects=False,
        failover_on_refusal=False,
    )
    race = Race(
        plan=plan,
        fleet=Fleet(deployments, random=random.Random(0)),
        random=random.Random(0),
        started_at=0.0,
    )
    race.begin(0.0)
    return race


def fail(race: Race, failure_class: FailureClass, *, retry_after: float | None = None) -> list[str]:
    """Fail the running attempt; return the deployments that start at once."""
    failure = Failure(failure_class=failure_class, message="it failed", retry_after=retry_after)
    steps = race.failed(race.running[0], failure, 1.0)
    return [step.attempt.deployment.name for step in steps if isinstance(step, StartAttempt)]


@pytest.mark.parametrize("failure_class", FailureClass)
def test_failover_goes_where_it_can_help(failure_class: FailureClass) -> None:
    """To a deployment that differs in everything but the size of its window."""
    race = race_over(scripted_deployment("a"), scripted_deployment("b"))

    started = fail(race, failure_class)

    assert started == (["b"] if failure_class in ELSEWHERE else [])
    assert (race.result is None) == (failure_class in ELSEWHERE)


@pytest.mark.parametrize("failure_class", FailureClass)
def test_lone_deployment_is_tried_again_only_where_it_may_help(
    failure_class: FailureClass,
) -> None:
    """After a pause, and once."""
    race = race_over(scripted_deployment("a"))

    started = fail(race, failure_class)
    retried = race.woke(race.wake_at) if race.result is None else []

    assert started == []
    assert len(retried) == (1 if failure_class in AGAIN_ALONE else 0)
    if retried:
        assert race.attempts[-1].reason is AttemptReason.RETRY
        fail(race, failure_class)
        assert race.result is not None


@pytest.mark.parametrize("failure_class", FailureClass)
def test_caller_outcome_follows_the_failure_class(failure_class: FailureClass) -> None:
    """With one attempt only, its failure is the last word."""
    race = race_over(scripted_deployment("a"), max_attempts=1)

    fail(race, failure_class, retry_after=7.0)

    result = race.result
    assert isinstance(result, RaceExhausted)
    assert result.failure.rule.caller_outcome is CALLER_OUTCOMES.get(
        failure_class, CallerOutcome.UNAVAILABLE
    )
    assert result.retry_after == 7.0


@pytest.mark.parametrize(
    "failure_class",
    [FailureClass.QUOTA_EXHAUSTED, FailureClass.AUTHENTICATION, FailureClass.PERMISSION],
)
def test_bad_credential_is_not_used_again(failure_class: FailureClass) -> None:
    """Another deployment with the same credential would fail alike."""
    race = race_over(
        scripted_deployment("a", provider="p", credential="k1"),
        scripted_deployment("b", provider="p", credential="k1"),
        scripted_deployment("c", provider="p", credential="k2"),
    )

    started = fail(race, failure_class)

    assert started == ["c"]
    assert RULES[failure_class].disables is Disables.CREDENTIAL


def test_same_name_of_a_credential_elsewhere_is_another_credential() -> None:
    """Names of credentials are a provider's own."""
    race = race_over(
        scripted_deployment("a", provider="p", credential="default"),
        scripted_deployment("b", provider="q", credential="default"),
    )

    started = fail(race, FailureClass.AUTHENTICATION)

    assert started == ["b"]


def test_unknown_model_is_not_asked_for_again() -> None:
    """Another credential does not make the provider know the model."""
    race = race_over(
        scripted_deployment("a", provider="p", credential="k1"),
        scripted_deployment("b", provider="p", credential="k2"),
        scripted_deployment("c", provider="q"),
    )

    started = fail(race, FailureClass.MODEL_NOT_FOUND)

    assert started == ["c"]
    assert RULES[FailureClass.MODEL_NOT_FOUND].disables is Disables.MODEL


def test_long_prompt_goes_to_a_larger_window_only() -> None:
    """A window of the same size would overflow as well."""
    small = scripted_deployment("a")
    larger = dataclasses.replace(small.model, name="large", context_window=1_000_000)
    race = race_over(small, scripted_deployment("b"), scripted_deployment("c", model=larger))

    started = fail(race, FailureClass.CONTEXT_LENGTH)

    assert started == ["c"]


def test_bad_answer_is_tried_elsewhere_once() -> None:
    """A request that two models cannot answer well is unlikely to fare better with a third."""
    race = race_over(scripted_deployment("a"), scripted_deployment("b"), scripted_deployment("c"))

    first = fail(race, FailureClass.BAD_ANSWER)
    second = fail(race, FailureClass.BAD_ANSWER)

    assert (first, second) == (["b"], [])
    assert race.result is not None


def test_most_hopeful_failure_decides_the_caller_outcome() -> None:
    """One provider that may recover makes a later call worth while."""
    race = race_over(scripted_deployment("a"), scripted_deployment("b"), max_attempts=2)

    fail(race, FailureClass.AUTHENTICATION)
    fail(race, FailureClass.SERVER_ERROR)

    result = race.result
    assert isinstance(result, RaceExhausted)
    assert result.failure.rule.caller_outcome is CallerOutcome.UNAVAILABLE


def test_breakers_learn_what_the_table_says() -> None:
    """429 counts for the rate only; what is not the deployment's fault counts for nothing."""
    effects = {failure_class: rule.breaker for failure_class, rule in RULES.items()}

    assert {c for c, effect in effects.items() if effect is BreakerEffect.FAILURE} == {
        FailureClass.CONNECT,
        FailureClass.RESET,
        FailureClass.SERVER_ERROR,
        FailureClass.OVERLOADED,
        FailureClass.STALLED,
        FailureClass.TRUNCATED,
    }
    assert {c for c, effect in effects.items() if effect is BreakerEffect.RATE_ONLY} == {
        FailureClass.RATE_LIMITED,
        FailureClass.BAD_ANSWER,
    }
    assert {c for c, effect in effects.items() if effect is BreakerEffect.SLOW_CALL} == {
        FailureClass.FIRST_CONTENT_TIMEOUT,
        FailureClass.ATTEMPT_TIMEOUT,
    }
