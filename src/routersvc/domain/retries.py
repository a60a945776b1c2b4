"""When the deployment that failed is tried again: backoff with full jitter, or as it asked.

Full jitter (Brooker, Exponential Backoff and Jitter, 2015) draws the pause from the whole range
up to a ceiling that doubles: callers that failed together do not come back together.
"""

from __future__ import annotations

import random as random_module

from routersvc.domain.failures import Failure, SameDeployment
from routersvc.domain.policies import RetryRule

_AGAIN_AFTER_A_PAUSE = frozenset(
    {SameDeployment.ONCE_WITHOUT_ALTERNATIVE, SameDeployment.ONCE_IF_DELAY_FITS}
)


def retry_pause(
    failure: Failure, *, made: int, rule: RetryRule, random: random_module.Random
) -> float | None:
    """Return the seconds to wait before the next retry; `None` where none may follow.

    `made` counts the retries of this deployment for this request so far.
    """
    again = failure.rule.same_deployment
    if again not in _AGAIN_AFTER_A_PAUSE or made >= rule.max_retries:
        return None
    if again is SameDeployment.ONCE_IF_DELAY_FITS and made > 0:
        return None
    if failure.retry_after is not None:
        return failure.retry_after
    return random.uniform(0.0, min(rule.max_delay, rule.base_delay * 2**made))
