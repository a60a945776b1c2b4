"""When deployments are health-checked actively, and what the last check found.

Outcomes of calls are worth more than any check, so only deployments without recent calls, with an
open breaker or with a disabled credential are checked. By default a check is free: it lists the
provider's models. That shows that provider and credential work, not that the model answers, so a
good check lets the next call probe at once and never closes a breaker itself. Nor does a failed
check show that the model does not answer: it puts the deployment last among its equals and blocks
nothing, because a call may be forced and one per check interval is let through.
"""

from __future__ import annotations

import dataclasses
import enum
import math

from routersvc.domain.fleet.health import HealthCheckResult
from routersvc.domain.outcomes.failure_rules import BreakerEffect
from routersvc.domain.outcomes.failures import Failure


class CheckMethod(enum.Enum):
    """What a check calls."""

    OFF = "off"
    FREE = "free"
    COMPLETION = "completion"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CheckRule:
    """When deployments are checked; times are seconds.

    A deployment without an outcome for `idle_after` is checked every `interval`, and has `timeout`
    to answer. `COMPLETION` asks the model for one token, which is billed.
    """

    method: CheckMethod = CheckMethod.FREE
    interval: float = 10.0
    idle_after: float = 30.0
    timeout: float = 5.0

    def __post_init__(self) -> None:
        for name in ("interval", "idle_after", "timeout"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be above 0 seconds, not {getattr(self, name)}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What one check found: `failure` is `None` for a good answer. `duration` is seconds."""

    failure: Failure | None
    duration: float

    @property
    def is_unreachable(self) -> bool:
        """Whether nothing answered that could serve; a provider that refuses is reachable."""
        return self.failure is not None and is_unreachable(self.failure)


def is_unreachable(failure: Failure) -> bool:
    """Whether a failure means that nothing answered; a refusal for load is an answer."""
    return not failure.rule.refused_for_load and failure.rule.breaker in {
        BreakerEffect.FAILURE,
        BreakerEffect.SLOW_CALL,
    }


class CheckRecord:
    """The last check of one deployment, and what calls have shown since.

    Calls outweigh checks. Checks that fail count until a call is answered. From then on they count
    again only after a call that failed, because the check itself may be what is broken. While they
    count, one call per check interval is let through, so that it can be answered.
    """

    __slots__ = (
        "_answered_at",
        "_called_at",
        "_ended_at",
        "_failed_at",
        "_failing_since",
        "_let_through_at",
        "_result",
        "_rule",
        "_started_at",
    )

    def __init__(self, rule: CheckRule | None = None) -> None:
        self._rule = rule or CheckRule()
        self._called_at = -math.inf
        self._answered_at = -math.inf
        self._failed_at = -math.inf
        self._let_through_at = -math.inf
        self._started_at = -math.inf
        self._ended_at = -math.inf
        self._failing_since = math.inf
        self._result: CheckResult | None = None

    def reconfigure(self, rule: CheckRule) -> None:
        """Go on under another rule."""
        self._rule = rule

    def call_answered(self, now: float) -> None:
        """Record that a call was answered, if only by a refusal."""
        self._called_at = now
        self._answered_at = now

    def call_failed(self, now: float) -> None:
        """Record that a call got no answer."""
        self._called_at = now
        self._failed_at = now

    def call_started(self, now: float) -> None:
        """Record that a call is let through."""
        self._let_through_at = now

    def started(self, now: float) -> None:
        """Record that a check starts."""
        self._started_at = now

    def ended(self, result: CheckResult, now: float) -> None:
        """Record the result of a check."""
        self._ended_at = now
        self._result = result
        if not result.is_unreachable:
            self._failing_since = math.inf
        elif self._failing_since == math.inf:
            self._failing_since = now

    def is_idle(self, now: float) -> bool:
        """Whether the last outcome of a call is so old that a check is worth it."""
        return now - self._called_at >= self._rule.idle_after

    def is_due(self, now: float) -> bool:
        """Whether the last check started long enough ago."""
        return now - self._started_at >= self._rule.interval

    @property
    def is_failing(self) -> bool:
        """Whether the last check failed in any way."""
        return self._result is not None and self._result.failure is not None

    @property
    def has_succeeded(self) -> bool:
        """Whether the last check succeeded."""
        return self._result is not None and self._result.failure is None

    @property
    def is_unreachable(self) -> bool:
        """Whether checks get no answer and no call has shown that they are wrong."""
        if self._failing_since == math.inf:
            return False
        if self._answered_at < self._failing_since:
            return True
        return self._answered_at < self._failed_at < self._ended_at

    def lets_call_through(self, now: float) -> bool:
        """Whether the next call may show that failing checks are wrong."""
        return now - self._let_through_at >= self._rule.interval

    def result(self, now: float) -> HealthCheckResult | None:
        """Return what operators see; `None` before the first check."""
        if self._result is None:
            return None
        return HealthCheckResult(
            age=now - self._ended_at,
            succeeded=self._result.failure is None,
            duration=self._result.duration,
        )
