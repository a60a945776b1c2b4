"""Where a request may go next after a failure: the failover column of the failure table."""

from __future__ import annotations

from routersvc.domain.catalogue import Deployment
from routersvc.domain.failures import Failover, Failure, FailureClass

NEVER_BEGUN = frozenset(
    {
        FailureClass.CONNECT,
        FailureClass.OVERLOADED,
        FailureClass.RATE_LIMITED,
        FailureClass.QUOTA_EXHAUSTED,
        FailureClass.AUTHENTICATION,
        FailureClass.PERMISSION,
        FailureClass.MODEL_NOT_FOUND,
        FailureClass.CAPABILITY_MISMATCH,
        FailureClass.CONTEXT_LENGTH,
        FailureClass.LOCAL_LIMIT,
    }
)
"""Failures after which no provider can have begun to act on the request."""


def may_differ(deployment: Deployment, failed: Deployment, failure: Failure) -> bool:
    """Whether `deployment` may succeed where `failed` failed in this way."""
    match failure.rule.failover:
        case Failover.OTHER_CREDENTIAL:
            return (deployment.provider.name, deployment.credential) != (
                failed.provider.name,
                failed.credential,
            )
        case Failover.OTHER_MODEL:
            return (deployment.provider.name, deployment.wire_model) != (
                failed.provider.name,
                failed.wire_model,
            )
        case Failover.LARGER_CONTEXT:
            return deployment.model.context_window > failed.model.context_window
        case _:
            return True
