"""A report tells all that became of a request."""

from __future__ import annotations

import dataclasses
import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from llmrouter.v1 import report_pb2
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.conversation.proofs import LeftOut, LeftOutKind
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import (
    AttemptCost,
    AttemptOutcome,
    AttemptReason,
    AttemptReport,
)
from routersvc.domain.outcomes.degradations import Degradation, DegradationRung
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport, Served
from routersvc.grpc_api.outbound.reports import report_of
from routersvc.grpc_api.outbound.times import duration_of, optional_duration_of, timestamp_of
from routersvc.testing.worlds import scripted_deployment

EUROPEAN = dataclasses.replace(
    scripted_deployment("d1", provider="p1"), compliance=Compliance(region="eu")
)
OTHER = scripted_deployment("d2")
EUROPEAN_NAME = report_pb2.DeploymentName(
    deployment="d1", provider="p1", model="model", region="eu"
)
OTHER_NAME = report_pb2.DeploymentName(deployment="d2", provider="d2", model="model")
USAGE = Usage(
    input_tokens=1,
    output_tokens=2,
    cached_input_tokens=3,
    cache_write_tokens=4,
    reasoning_tokens=5,
    input_audio_tokens=6,
    output_audio_tokens=7,
    estimated=True,
)
SENT_USAGE = report_pb2.Usage(
    input_tokens=1,
    output_tokens=2,
    cached_input_tokens=3,
    cache_write_tokens=4,
    reasoning_tokens=5,
    input_audio_tokens=6,
    output_audio_tokens=7,
    estimated=True,
)
REPORT = RouteReport(
    decision_id="decision",
    policy="drill",
    tenant="team",
    received_at=1_700_000_000.25,
    planning_duration=0.001,
    attempts=(
        AttemptReport(
            number=1,
            deployment=OTHER,
            reason=AttemptReason.FIRST,
            outcome=AttemptOutcome.FAILED,
            caused_by=0,
            start_delay=0.5,
            failure=Failure(
                failure_class=FailureClass.OVERLOADED, message="it is too busy", http_status=529
            ),
            duration=0.25,
        ),
        AttemptReport(
            number=2,
            deployment=EUROPEAN,
            reason=AttemptReason.FAILOVER,
            outcome=AttemptOutcome.SERVED,
            caused_by=1,
            start_delay=0.75,
            time_to_first_content=1.5,
            duration=2.0,
            usage=USAGE,
            cost=AttemptCost(usd=0.5, wasted_usd=0.25, estimated=True),
            left_out=(LeftOut(kind=LeftOutKind.ENCRYPTED, maker="openai", count=2),),
        ),
    ),
    served=Served(deployment=EUROPEAN, model_version="model-1", response_id="response-1"),
    hedged=True,
    recovered=True,
    degradation=Degradation(rung=DegradationRung.LOWER_TIER, description="nothing better was left"),
    total_usage=USAGE,
    total_cost=AttemptCost(usd=1.0),
    time_to_first_content=2.25,
    duration=2.75,
)


def unset(message: Message) -> set[str]:
    """Return the names of the fields that a message leaves at nothing."""
    return {field.name for field in message.DESCRIPTOR.fields} - {
        field.name for field, _ in message.ListFields()
    }


def test_report_is_told_whole() -> None:
    """Field by field."""
    assert report_of(REPORT) == report_pb2.RouteReport(
        decision_id="decision",
        policy="drill",
        tenant="team",
        received_time=Timestamp(seconds=1_700_000_000, nanos=250_000_000),
        planning_duration=Duration(nanos=1_000_000),
        attempts=[
            report_pb2.Attempt(
                number=1,
                deployment=OTHER_NAME,
                reason=report_pb2.ATTEMPT_REASON_FIRST,
                outcome=report_pb2.ATTEMPT_OUTCOME_FAILED,
                failure_class=report_pb2.FAILURE_CLASS_OVERLOADED,
                http_status=529,
                start_delay=Duration(nanos=500_000_000),
                duration=Duration(nanos=250_000_000),
                usage=report_pb2.Usage(),
                failure_message="it is too busy",
            ),
            report_pb2.Attempt(
                number=2,
                deployment=EUROPEAN_NAME,
                reason=report_pb2.ATTEMPT_REASON_FAILOVER,
                outcome=report_pb2.ATTEMPT_OUTCOME_SERVED,
                caused_by=1,
                start_delay=Duration(nanos=750_000_000),
                time_to_first_content=Duration(seconds=1, nanos=500_000_000),
                duration=Duration(seconds=2),
                usage=SENT_USAGE,
                cost=report_pb2.Cost(usd=0.5, wasted_usd=0.25, estimated=True),
                left_out=[
                    report_pb2.LeftOut(
                        kind=report_pb2.LEFT_OUT_KIND_ENCRYPTED, maker="openai", count=2
                    )
                ],
            ),
        ],
        served_by=report_pb2.ServedBy(
            deployment=EUROPEAN_NAME,
            model_version="model-1",
            provider_response_id="response-1",
        ),
        hedged=True,
        recovered=True,
        degradation=report_pb2.Degradation(
            rung=report_pb2.DEGRADATION_RUNG_LOWER_TIER, description="nothing better was left"
        ),
        total_usage=SENT_USAGE,
        total_cost=report_pb2.Cost(usd=1.0),
        time_to_first_content=Duration(seconds=2, nanos=250_000_000),
        duration=Duration(seconds=2, nanos=750_000_000),
    )


def test_report_leaves_nothing_out() -> None:
    """A field that the contract gains must be filled; answers are not cached yet."""
    message = report_of(REPORT)

    assert unset(message) == {"cache_hit"}
    assert unset(message.attempts[0]) & unset(message.attempts[1]) == set()


def test_begun_report_leaves_open_what_is_open() -> None:
    """Unset is not zero."""
    report = dataclasses.replace(
        REPORT,
        attempts=(),
        served=None,
        degradation=None,
        total_cost=None,
        time_to_first_content=None,
        duration=None,
    )

    message = report_of(report)

    assert {
        "served_by",
        "attempts",
        "degradation",
        "total_cost",
        "time_to_first_content",
        "duration",
    } <= unset(message)


def test_times_are_exact() -> None:
    """To the nanosecond for lengths; what is endless or below zero is neither."""
    assert duration_of(1.000000001) == Duration(seconds=1, nanos=1)
    assert duration_of(0.9999999999) == Duration(seconds=1)
    assert duration_of(-0.25) == Duration()
    assert optional_duration_of(math.inf) is None
    assert timestamp_of(-0.5) == Timestamp(seconds=-1, nanos=500_000_000)
