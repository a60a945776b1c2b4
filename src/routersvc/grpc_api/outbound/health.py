"""Converts the health of deployments."""

from __future__ import annotations

from llmrouter.v1 import health_pb2
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.breaker_health import BreakerHealth
from routersvc.domain.fleet.health import DeploymentHealth, HealthCheckResult, Quantiles
from routersvc.engine.reload_status import ReloadStatus
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.reports import deployment_name_of
from routersvc.grpc_api.outbound.times import duration_of, optional_duration_of, timestamp_of


def health_of(health: DeploymentHealth, *, now: float) -> health_pb2.DeploymentHealth:
    """Return the health of a deployment; `now` (seconds since the epoch) dates its ages."""
    return health_pb2.DeploymentHealth(
        deployment=deployment_name_of(health.deployment),
        state=enums_out.HEALTH_STATES[health.state],
        breaker=_breaker(health.breaker),
        success_rate=health.success_rate,
        outcomes=health.outcomes,
        window=duration_of(health.window),
        time_to_first_content=_quantiles(health.time_to_first_content),
        duration=_quantiles(health.duration),
        output_tokens_per_second=health.output_tokens_per_second,
        in_flight=health.in_flight,
        concurrency_limit=health.concurrency_limit,
        queued=health.queued,
        rate_limit_headroom=_headroom(health.headroom, health.headroom_age, now),
        not_before_delay=optional_duration_of(health.not_before_delay),
        last_failure=_last_failure(health, now),
        last_probe=_last_probe(health.last_probe, now),
        attempts_total=health.attempts_total,
        served_total=health.served_total,
        failures_total=[
            health_pb2.FailureCount(
                failure_class=enums_out.FAILURE_CLASSES[failure_class], count=count
            )
            for failure_class, count in health.failures_total.items()
            if count
        ],
        cancelled_total=health.cancelled_total,
        disabled_description=health.disabled_description,
    )


def configuration_of(status: ReloadStatus) -> health_pb2.ConfigurationStatus:
    """Return which configuration is in force. Every tenant sees it, so it names no key."""
    failed_at = status.failed_at
    return health_pb2.ConfigurationStatus(
        digest=status.digest,
        in_force_since=timestamp_of(status.in_force_since),
        last_failed_time=None if failed_at is None else timestamp_of(failed_at),
        last_failed_problems=status.problems,
        needs_restart=bool(status.waiting_for_restart),
    )


def _breaker(breaker: BreakerHealth) -> health_pb2.BreakerStatus:
    return health_pb2.BreakerStatus(
        state=enums_out.BREAKER_STATES[breaker.state],
        next_probe_delay=optional_duration_of(breaker.next_probe_delay),
        consecutive_failures=breaker.consecutive_failures,
        opened_total=breaker.opened_total,
    )


def _quantiles(quantiles: Quantiles | None) -> health_pb2.Quantiles | None:
    if quantiles is None:
        return None
    return health_pb2.Quantiles(
        p50=duration_of(quantiles.p50),
        p90=duration_of(quantiles.p90),
        p95=duration_of(quantiles.p95),
        p99=duration_of(quantiles.p99),
        samples=quantiles.samples,
    )


def _headroom(
    headroom: RateLimitHeadroom | None, age: float | None, now: float
) -> health_pb2.RateLimitHeadroom | None:
    if headroom is None:
        return None
    return health_pb2.RateLimitHeadroom(
        remaining_requests=headroom.remaining_requests,
        limit_requests=headroom.limit_requests,
        remaining_tokens=headroom.remaining_tokens,
        limit_tokens=headroom.limit_tokens,
        observed_time=None if age is None else timestamp_of(now - age),
    )


def _last_failure(health: DeploymentHealth, now: float) -> health_pb2.LastFailure | None:
    if health.last_failure is None:
        return None
    age = health.last_failure_age
    return health_pb2.LastFailure(
        failure_class=enums_out.FAILURE_CLASSES[health.last_failure],
        time=None if age is None else timestamp_of(now - age),
    )


def _last_probe(probe: HealthCheckResult | None, now: float) -> health_pb2.LastProbe | None:
    if probe is None:
        return None
    return health_pb2.LastProbe(
        time=timestamp_of(now - probe.age),
        succeeded=probe.succeeded,
        duration=duration_of(probe.duration),
    )
