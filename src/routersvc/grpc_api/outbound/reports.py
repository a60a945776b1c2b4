"""Converts the report of a request.

Written field by field into the message that is sent: a report goes with every answer, and a
message that is handed to another one's constructor is serialised and parsed to be copied.
"""

from __future__ import annotations

from llmrouter.v1 import report_pb2
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptReport
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.times import write_duration, write_timestamp


def report_of(report: RouteReport) -> report_pb2.RouteReport:
    """Return the report of a request."""
    message = report_pb2.RouteReport()
    write_report(report, message)
    return message


def write_report(report: RouteReport, into: report_pb2.RouteReport) -> None:
    """Write the report of a request."""
    into.decision_id = report.decision_id
    into.policy = report.policy
    into.tenant = report.tenant
    into.hedged = report.hedged
    into.recovered = report.recovered
    write_timestamp(report.received_at, into.received_time)
    write_duration(report.planning_duration, into.planning_duration)
    if report.time_to_first_content is not None:
        write_duration(report.time_to_first_content, into.time_to_first_content)
    if report.duration is not None:
        write_duration(report.duration, into.duration)
    served = report.served
    if served is not None:
        served_by = into.served_by
        write_deployment_name(served.deployment, served_by.deployment)
        served_by.model_version = served.model_version
        served_by.provider_response_id = served.response_id
    for attempt in report.attempts:
        _write_attempt(attempt, into.attempts.add())
    if report.degradation is not None:
        into.degradation.rung = enums_out.DEGRADATION_RUNGS[report.degradation.rung]
        into.degradation.description = report.degradation.description
    write_usage(report.total_usage, into.total_usage)
    if report.total_cost is not None:
        write_cost(report.total_cost, into.total_cost)


def write_usage(usage: Usage, into: report_pb2.Usage) -> None:
    """Write a token usage."""
    into.input_tokens = usage.input_tokens
    into.output_tokens = usage.output_tokens
    into.cached_input_tokens = usage.cached_input_tokens
    into.cache_write_tokens = usage.cache_write_tokens
    into.cache_write_hour_tokens = usage.cache_write_hour_tokens
    into.reasoning_tokens = usage.reasoning_tokens
    into.input_audio_tokens = usage.input_audio_tokens
    into.output_audio_tokens = usage.output_audio_tokens
    into.estimated = usage.estimated


def write_deployment_name(deployment: Deployment, into: report_pb2.DeploymentName) -> None:
    """Write the name of a deployment."""
    into.deployment = deployment.name
    into.provider = deployment.provider.name
    into.model = deployment.model.name
    into.region = deployment.compliance.region or ""


def deployment_name_of(deployment: Deployment) -> report_pb2.DeploymentName:
    """Return the name of a deployment."""
    name = report_pb2.DeploymentName()
    write_deployment_name(deployment, name)
    return name


def _write_attempt(attempt: AttemptReport, into: report_pb2.Attempt) -> None:
    into.number = attempt.number
    into.caused_by = attempt.caused_by
    into.reason = enums_out.ATTEMPT_REASONS[attempt.reason]
    into.outcome = enums_out.ATTEMPT_OUTCOMES[attempt.outcome]
    write_deployment_name(attempt.deployment, into.deployment)
    write_duration(attempt.start_delay, into.start_delay)
    if attempt.time_to_first_content is not None:
        write_duration(attempt.time_to_first_content, into.time_to_first_content)
    if attempt.duration is not None:
        write_duration(attempt.duration, into.duration)
    if attempt.failure is not None:
        _write_failure(attempt.failure, into)
    write_usage(attempt.usage, into.usage)
    if attempt.cost is not None:
        write_cost(attempt.cost, into.cost)
    for left_out in attempt.left_out:
        entry = into.left_out.add()
        entry.kind = enums_out.LEFT_OUT_KINDS[left_out.kind]
        entry.maker = left_out.maker
        entry.count = left_out.count


def _write_failure(failure: Failure, into: report_pb2.Attempt) -> None:
    into.failure_class = enums_out.FAILURE_CLASSES[failure.failure_class]
    into.failure_message = failure.message
    if failure.http_status is not None:
        into.http_status = failure.http_status


def write_cost(cost: AttemptCost, into: report_pb2.Cost) -> None:
    """Write a cost."""
    into.usd = cost.usd
    into.wasted_usd = cost.wasted_usd
    into.estimated = cost.estimated
