"""An account of health tells all that is known of a deployment."""

from __future__ import annotations

import dataclasses

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from llmrouter.v1 import health_pb2, report_pb2
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.breaker_health import BreakerHealth, BreakerState
from routersvc.domain.fleet.health import (
    DeploymentHealth,
    HealthCheckResult,
    HealthState,
    Quantiles,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.grpc_api.outbound.health import health_of
from routersvc.testing.worlds import scripted_deployment

EUROPEAN = dataclasses.replace(
    scripted_deployment("d1", provider="p1"), compliance=Compliance(region="eu")
)
EUROPEAN_NAME = report_pb2.DeploymentName(
    deployment="d1", provider="p1", model="model", region="eu"
)


def unset(message: Message) -> set[str]:
    """Return the names of the fields that a message leaves at nothing."""
    return {field.name for field in message.DESCRIPTOR.fields} - {
        field.name for field, _ in message.ListFields()
    }


HEALTH = DeploymentHealth(
    deployment=EUROPEAN,
    state=HealthState.DEGRADED,
    breaker=BreakerHealth(
        state=BreakerState.OPEN, next_probe_delay=1.5, consecutive_failures=5, opened_total=2
    ),
    success_rate=0.75,
    outcomes=40,
    window=30.0,
    time_to_first_content=Quantiles(p50=0.25, p90=0.5, p95=1.0, p99=2.0, samples=40),
    duration=Quantiles(p50=1.0, p90=2.0, p95=3.0, p99=4.0, samples=40),
    output_tokens_per_second=80.0,
    in_flight=3,
    concurrency_limit=10,
    queued=1,
    headroom=RateLimitHeadroom(
        remaining_requests=9, limit_requests=10, remaining_tokens=900, limit_tokens=1_000
    ),
    headroom_age=2.0,
    not_before_delay=0.5,
    last_failure=FailureClass.RATE_LIMITED,
    last_failure_age=4.0,
    last_probe=HealthCheckResult(age=8.0, succeeded=True, duration=0.25),
    attempts_total=100,
    served_total=80,
    cancelled_total=5,
    failures_total={FailureClass.RATE_LIMITED: 15, FailureClass.RESET: 0},
    disabled_description="its credential was refused",
)


def test_health_is_told_whole() -> None:
    """Field by field; ages become instants."""
    assert health_of(HEALTH, now=1_000.0) == health_pb2.DeploymentHealth(
        deployment=EUROPEAN_NAME,
        state=health_pb2.HEALTH_STATE_DEGRADED,
        breaker=health_pb2.BreakerStatus(
            state=health_pb2.BREAKER_STATE_OPEN,
            next_probe_delay=Duration(seconds=1, nanos=500_000_000),
            consecutive_failures=5,
            opened_total=2,
        ),
        success_rate=0.75,
        outcomes=40,
        window=Duration(seconds=30),
        time_to_first_content=health_pb2.Quantiles(
            p50=Duration(nanos=250_000_000),
            p90=Duration(nanos=500_000_000),
            p95=Duration(seconds=1),
            p99=Duration(seconds=2),
            samples=40,
        ),
        duration=health_pb2.Quantiles(
            p50=Duration(seconds=1),
            p90=Duration(seconds=2),
            p95=Duration(seconds=3),
            p99=Duration(seconds=4),
            samples=40,
        ),
        output_tokens_per_second=80.0,
        in_flight=3,
        concurrency_limit=10,
        queued=1,
        rate_limit_headroom=health_pb2.RateLimitHeadroom(
            remaining_requests=9,
            limit_requests=10,
            remaining_tokens=900,
            limit_tokens=1_000,
            observed_time=Timestamp(seconds=998),
        ),
        not_before_delay=Duration(nanos=500_000_000),
        last_failure=health_pb2.LastFailure(
            failure_class=report_pb2.FAILURE_CLASS_RATE_LIMITED, time=Timestamp(seconds=996)
        ),
        last_probe=health_pb2.LastProbe(
            time=Timestamp(seconds=992), succeeded=True, duration=Duration(nanos=250_000_000)
        ),
        attempts_total=100,
        served_total=80,
        cancelled_total=5,
        failures_total=[
            health_pb2.FailureCount(failure_class=report_pb2.FAILURE_CLASS_RATE_LIMITED, count=15)
        ],
        disabled_description="its credential was refused",
    )


def test_health_leaves_nothing_out() -> None:
    """A field that the contract gains must be filled."""
    assert unset(health_of(HEALTH, now=1_000.0)) == set()


def test_unknown_health_stays_unset() -> None:
    """Unset is not zero."""
    message = health_of(
        dataclasses.replace(
            HEALTH,
            success_rate=None,
            time_to_first_content=None,
            duration=None,
            output_tokens_per_second=None,
            concurrency_limit=None,
            headroom=None,
            not_before_delay=None,
            last_failure=None,
            last_probe=None,
        ),
        now=1_000.0,
    )

    assert unset(message) == {
        "success_rate",
        "time_to_first_content",
        "duration",
        "output_tokens_per_second",
        "concurrency_limit",
        "rate_limit_headroom",
        "not_before_delay",
        "last_failure",
        "last_probe",
    }
