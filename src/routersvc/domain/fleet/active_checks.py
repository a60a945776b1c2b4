"""When deployments are health-checked actively, and what the last check found.

Outcomes of calls are worth more than any check, so only deployments without recent calls, with an
open breaker or with a disabled credential are checked. By default a check is free: it lists the
provider's models. That shows that provider and credential work, not that the model answers, so a
good check lets the next call probe at once and never closes a breaker itself.
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
        return self.failure is not None and self.failure.rule.breaker in {
            BreakerEffect.FAILURE,
            BreakerEffect.SLOW_CALL,
        }


class CheckRecord:
    """The last check of one deployment, and when a call last had an outcome."""

    __slots__ = ("_called_at", "_ended_at", "_result", "_started_at")

    def __init__(self) -> None:
        self._called_at = -math.inf
        self._started_at = -math.inf
        self._ended_at = -math.inf
        self._result: CheckResult | None = None

    def call_observed(self, now: float) -> None:
        """Record that a call showed the state of the deployment."""
        self._called_at = now

    def started(self, now: float) -> None:
        """Record that a check starts."""
        self._started_at = now

    def ended(self, result: CheckResult, now: float) -> None:
        """Record the result of a check."""
        self._ended_at = now
        self._result = result

    def is_idle(self, rule: CheckRule, now: float) -> bool:
        """Whether the last outcome of a call is so old that a check is worth it."""
        return now - self._called_at >= rule.idle_after

    def is_due(self, rule: CheckRule, now: float) -> bool:
        """Whether the last check started long enough ago."""
        return now - self._started_at >= rule.interval

    @property
    def is_unreachable(self) -> bool:
        """Whether the last check got no answer and no call has had an outcome since."""
        return (
            self._result is not None
            and self._result.is_unreachable
            and self._ended_at > self._called_at
        )

    def result(self, now: float) -> HealthCheckResult | None:
        """Return what operators see; `None` before the first check."""
        if self._result is None:
            return None
        return HealthCheckResult(
            age=now - self._ended_at,
            succeeded=self._result.failure is None,
            duration=self._result.duration,
        )
