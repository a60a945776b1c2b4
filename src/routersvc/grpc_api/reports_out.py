"""From the domain's report of a request to the contract's."""

from __future__ import annotations

from llmrouter.v1 import report_pb2
from routersvc.domain.answers import Usage
from routersvc.domain.catalogue import Deployment
from routersvc.domain.reports import AttemptReport, Cost, Degradation, RouteReport, Served
from routersvc.grpc_api import enums_out
from routersvc.grpc_api.times_out import duration_of, optional_duration_of, timestamp_of

_NOTHING_USED = Usage()


def report_of(report: RouteReport) -> report_pb2.RouteReport:
    """Return what became of a request."""
    return report_pb2.RouteReport(
        decision_id=report.decision_id,
        served_by=None if report.served is None else _served_by(report.served),
        attempts=[_attempt(attempt) for attempt in report.attempts],
        policy=report.policy,
        hedged=report.hedged,
        degradation=None if report.degradation is None else _degradation(report.degradation),
        recovered=report.recovered,
        total_usage=usage_of(report.total_usage),
        total_cost=None if report.total_cost is None else _cost(report.total_cost),
        received_time=timestamp_of(report.received_at),
        planning_duration=duration_of(report.planning_duration),
        time_to_first_content=optional_duration_of(report.time_to_first_content),
        duration=optional_duration_of(report.duration),
        tenant=report.tenant,
    )


def usage_of(usage: Usage) -> report_pb2.Usage:
    """Return counts of tokens."""
    return report_pb2.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        estimated=usage.estimated,
    )


def deployment_name_of(deployment: Deployment) -> report_pb2.DeploymentName:
    """Return the names by which a deployment is known."""
    return report_pb2.DeploymentName(
        deployment=deployment.name,
        provider=deployment.provider.name,
        model=deployment.model.name,
        region=deployment.compliance.region or "",
    )


def _served_by(served: Served) -> report_pb2.ServedBy:
    return report_pb2.ServedBy(
        deployment=deployment_name_of(served.deployment),
        model_version=served.model_version,
        provider_response_id=served.response_id,
    )


def _attempt(attempt: AttemptReport) -> report_pb2.Attempt:
    failure = attempt.failure
    return report_pb2.Attempt(
        number=attempt.number,
        deployment=deployment_name_of(attempt.deployment),
        reason=enums_out.ATTEMPT_REASONS[attempt.reason],
        outcome=enums_out.ATTEMPT_OUTCOMES[attempt.outcome],
        failure_class=report_pb2.FAILURE_CLASS_UNSPECIFIED
        if failure is None
        else enums_out.FAILURE_CLASSES[failure.failure_class],
        http_status=None if failure is None else failure.http_status,
        start_delay=duration_of(attempt.start_delay),
        time_to_first_content=optional_duration_of(attempt.time_to_first_content),
        duration=optional_duration_of(attempt.duration),
        usage=None if attempt.usage == _NOTHING_USED else usage_of(attempt.usage),
        cost=None if attempt.cost is None else _cost(attempt.cost),
        failure_message="" if failure is None else failure.message,
        caused_by=attempt.caused_by,
    )


def _cost(cost: Cost) -> report_pb2.Cost:
    return report_pb2.Cost(usd=cost.usd, wasted_usd=cost.wasted_usd, estimated=cost.estimated)


def _degradation(degradation: Degradation) -> report_pb2.Degradation:
    return report_pb2.Degradation(
        rung=enums_out.DEGRADATION_RUNGS[degradation.rung], description=degradation.description
    )
