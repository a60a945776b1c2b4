"""The health of a deployment in one word: calls count first, then checks."""

from __future__ import annotations

from routersvc.domain.fleet.active_checks import CheckRecord
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.measures.success_rates import SuccessRate

DEGRADED_BELOW = 0.95
"""A success rate below this is called degraded: one in twenty calls needs a failover."""


def health_state(
    outcomes: SuccessRate,
    *,
    breaker: BreakerState,
    is_paused: bool,
    checks: CheckRecord,
    is_disabled: bool,
) -> HealthState:
    """Return the health of a deployment; without recent calls a good check counts."""
    if is_disabled:
        return HealthState.DISABLED
    if breaker is not BreakerState.CLOSED or is_paused or checks.is_unreachable:
        return HealthState.UNAVAILABLE
    if outcomes.success_rate is None:
        return HealthState.HEALTHY if checks.has_succeeded else HealthState.UNKNOWN
    if outcomes.success_rate < DEGRADED_BELOW:
        return HealthState.DEGRADED
    return HealthState.HEALTHY
