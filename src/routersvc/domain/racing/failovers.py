"""Whether and where a request is attempted again after a failure, by the failure table."""

from __future__ import annotations

import random as random_module
from collections.abc import Iterable

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.policies import RetryRule
from routersvc.domain.outcomes.failure_rules import FailoverRule, FailureClass, SameDeploymentRule
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt

_FAR = 2
"""How many times the expected tokens fit into a window where the window cannot be the reason."""


def may_differ(
    deployment: Deployment, failed: Deployment, failure: Failure, *, tokens: int = 0
) -> bool:
    """Whether `deployment` may succeed after `failed` failed in this way.

    `tokens` are those that the request is expected to need, 0 where nothing is known. Where they
    are far from filling the window that the catalogue states, the server has a smaller one than
    stated, and another server may have it.
    """
    match failure.rule.failover:
        case FailoverRule.OTHER_CREDENTIAL:
            return (deployment.provider.name, deployment.credential) != (
                failed.provider.name,
                failed.credential,
            )
        case FailoverRule.OTHER_MODEL:
            return (deployment.provider.name, deployment.wire_model) != (
                failed.provider.name,
                failed.wire_model,
            )
        case FailoverRule.LARGER_CONTEXT:
            window = failed.model.context_window
            if deployment.model.context_window > window:
                return True
            return 0 < tokens <= window // _FAR and (
                deployment.provider.name,
                deployment.wire_model,
            ) != (failed.provider.name, failed.wire_model)
        case _:
            return True


def forbids_another(
    attempt: Attempt, failure: Failure, *, plan: Plan, classes: Iterable[FailureClass]
) -> bool:
    """Whether the failure would repeat itself anywhere, or the request must not be repeated.

    `classes` are those of all failures of the request so far, this one included.
    """
    has_begun = attempt.first_content_at is not None or failure.rule.may_have_begun
    if plan.has_side_effects and has_begun:
        return True
    match failure.rule.failover:
        case FailoverRule.NONE:
            return True
        case FailoverRule.IF_POLICY_ALLOWS:
            return not plan.failover_on_refusal
        case FailoverRule.ONCE:
            return list(classes).count(failure.failure_class) > 1
        case _:
            return False


def retry_pause(
    failure: Failure, *, made: int, rule: RetryRule, random: random_module.Random
) -> float | None:
    """Return the seconds to wait before the next retry; `None` where none may follow.

    `made` counts the retries of this deployment for this request so far.
    """
    failure_rule = failure.rule
    if not failure_rule.retry_backs_off or made >= rule.max_retries:
        return None
    if failure_rule.same_deployment is SameDeploymentRule.ONCE_IF_DELAY_FITS and made > 0:
        return None
    if failure.retry_after is not None:
        return failure.retry_after
    return random.uniform(0.0, min(rule.max_delay, rule.base_delay * 2**made))
