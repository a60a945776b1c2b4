"""Asks a deployment whether it lives where no call tells, and remembers the answer.

Passive health is worth more than any check, so only who says nothing is asked: a deployment without
an outcome for a while, one whose breaker is open, one whose credential is out of use. By default
the question costs nothing (a list of models). It shows that provider and credential work, not that
the model answers: a good answer lets a live call probe at once, and never closes a breaker itself.
"""

from __future__ import annotations

import dataclasses
import enum
import math

from routersvc.domain.fleet.health import (
    HealthCheckResult,
)
from routersvc.domain.outcomes.failure_rules import (
    BreakerEffect,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)


class CheckMethod(enum.Enum):
    """What is asked."""

    OFF = "off"
    FREE = "free"
    COMPLETION = "completion"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CheckRule:
    """When deployments are asked; times are seconds.

    One without an outcome for `idle_after` is asked every `interval`, and has `timeout` to answer.
    `COMPLETION` asks the model for one token, which is billed.
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
        """Whether nobody answered who could serve; a refusal comes from somebody who lives."""
        return self.failure is not None and self.failure.rule.breaker in {
            BreakerEffect.FAILURE,
            BreakerEffect.SLOW_CALL,
        }


class CheckRecord:
    """The last check of one deployment, and what calls have shown since."""

    __slots__ = ("_asked_at", "_checked_at", "_heard_at", "_result")

    def __init__(self) -> None:
        self._heard_at = -math.inf
        self._asked_at = -math.inf
        self._checked_at = -math.inf
        self._result: CheckResult | None = None

    def heard(self, now: float) -> None:
        """Take note that a call has told how the deployment fares."""
        self._heard_at = now

    def asked(self, now: float) -> None:
        """Take note that a check begins."""
        self._asked_at = now

    def checked(self, result: CheckResult, now: float) -> None:
        """Take note of a check."""
        self._checked_at = now
        self._result = result

    def is_idle(self, rule: CheckRule, now: float) -> bool:
        """Whether no call has told anything for so long that it is worth asking."""
        return now - self._heard_at >= rule.idle_after

    def is_due(self, rule: CheckRule, now: float) -> bool:
        """Whether the last check began long enough ago."""
        return now - self._asked_at >= rule.interval

    @property
    def is_unreachable(self) -> bool:
        """Whether the latest that is known is a check that nobody answered."""
        return (
            self._result is not None
            and self._result.is_unreachable
            and self._checked_at > self._heard_at
        )

    def result(self, now: float) -> HealthCheckResult | None:
        """Return what operators are told; `None` before the first check."""
        if self._result is None:
            return None
        return HealthCheckResult(
            age=now - self._checked_at,
            succeeded=self._result.failure is None,
            duration=self._result.duration,
        )
