"""Converts records of the decision log to explanations."""

from __future__ import annotations

from llmrouter.v1 import explanation_pb2, report_pb2, routing_pb2
from routersvc.domain.explaining.recorded_decisions import (
    DecisionRecord,
    RecordedAttempt,
    RecordedCandidate,
    RecordedDeployment,
    RecordedPlan,
)
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.explanations import exclusion_of, profile_of, score_part_of
from routersvc.grpc_api.outbound.reports import write_cost, write_usage
from routersvc.grpc_api.outbound.times import (
    duration_of,
    optional_duration_of,
    timestamp_of,
    write_duration,
)


def explanation_of_record(record: DecisionRecord) -> explanation_pb2.Explanation:
    """Return the explanation of a logged decision, with its report.

    Candidates that the policy does not list are not in the log.
    """
    received = timestamp_of(record.received_time.timestamp())
    return explanation_pb2.Explanation(
        profile=profile_of(record.profile),
        policy_choice=explanation_pb2.PolicyChoice(
            policy=record.policy, description=record.policy_choice
        ),
        constraints=[
            explanation_pb2.EffectiveConstraint(name=one.name, value=one.value, source=one.source)
            for one in record.constraints
        ],
        candidates=[_candidate(candidate) for candidate in record.candidates],
        plan=None if record.plan is None else _plan(record.plan, record.candidates),
        snapshot_time=received,
        configuration_digest=record.configuration_digest,
        report=_report(record),
    )


def _name(deployment: RecordedDeployment) -> report_pb2.DeploymentName:
    return report_pb2.DeploymentName(
        deployment=deployment.deployment,
        provider=deployment.provider,
        model=deployment.model,
        region=deployment.region,
    )


def _candidate(candidate: RecordedCandidate) -> explanation_pb2.Candidate:
    obstacle = candidate.obstacle
    return explanation_pb2.Candidate(
        deployment=_name(candidate.deployment),
        eligible=not candidate.exclusions,
        rank=candidate.rank,
        score=candidate.score,
        score_parts=map(score_part_of, candidate.score_parts),
        exclusions=map(exclusion_of, candidate.exclusions),
        expected_cost_usd=candidate.expected_cost_usd,
        expected_time_to_first_content=optional_duration_of(
            candidate.expected_time_to_first_content_seconds
        ),
        changes_needed=dict.fromkeys(each.eligible_if for each in candidate.exclusions),
        obstacle=None
        if obstacle is None
        else explanation_pb2.Obstacle(
            reason=enums_out.OBSTACLES[obstacle.reason],
            description=obstacle.description,
            wait=optional_duration_of(obstacle.wait_seconds),
        ),
    )


def _plan(plan: RecordedPlan, candidates: tuple[RecordedCandidate, ...]) -> explanation_pb2.Plan:
    known = {candidate.deployment.deployment: candidate for candidate in candidates}
    steps: list[explanation_pb2.PlanStep] = []
    for place, name in enumerate(plan.deployments):
        candidate = known.get(name)
        obstacle = None if candidate is None else candidate.obstacle
        steps.append(
            explanation_pb2.PlanStep(
                deployment=report_pb2.DeploymentName(deployment=name)
                if candidate is None
                else _name(candidate.deployment),
                condition="when the one before fails" if place else "first",
                not_before_delay=None
                if obstacle is None
                else optional_duration_of(obstacle.wait_seconds),
            )
        )
    return explanation_pb2.Plan(
        steps=steps,
        max_attempts=plan.max_attempts,
        timeout=duration_of(plan.timeout_seconds),
        first_content_timeout=duration_of(plan.first_content_timeout_seconds),
        idle_timeout=duration_of(plan.idle_timeout_seconds),
        hedging_mode=enums_out.HEDGING_MODES[plan.hedging_mode],
        hedge_delay=optional_duration_of(plan.hedge_delay_seconds),
        hedging_description=plan.hedging_description,
        stream_recovery_mode=enums_out.STREAM_RECOVERY_MODES[plan.stream_recovery],
        consistency_mode=enums_out.CONSISTENCY_MODES[plan.consistency],
        cache_mode=routing_pb2.CACHE_MODE_OFF,
    )


def _report(record: DecisionRecord) -> report_pb2.RouteReport:
    report = report_pb2.RouteReport(
        decision_id=record.decision_id,
        policy=record.policy,
        tenant=record.tenant,
        received_time=timestamp_of(record.received_time.timestamp()),
        planning_duration=duration_of(record.planning_seconds),
        time_to_first_content=optional_duration_of(record.time_to_first_content_seconds),
        duration=optional_duration_of(record.duration_seconds),
        hedged=record.hedged,
        recovered=record.recovered,
    )
    if record.served_by is not None:
        report.served_by.deployment.CopyFrom(_name(record.served_by))
        report.served_by.model_version = record.model_version
        report.served_by.provider_response_id = record.provider_response_id
    for attempt in record.attempts:
        _write_attempt(attempt, report.attempts.add())
    if record.degradation is not None:
        report.degradation.rung = enums_out.DEGRADATION_RUNGS[record.degradation.rung]
        report.degradation.description = record.degradation.description
    write_usage(record.usage, report.total_usage)
    if record.cost is not None:
        write_cost(record.cost, report.total_cost)
    return report


def _write_attempt(attempt: RecordedAttempt, into: report_pb2.Attempt) -> None:
    into.number = attempt.number
    into.caused_by = attempt.caused_by
    into.reason = enums_out.ATTEMPT_REASONS[attempt.reason]
    into.outcome = enums_out.ATTEMPT_OUTCOMES[attempt.outcome]
    into.deployment.CopyFrom(_name(attempt.deployment))
    write_duration(attempt.start_seconds, into.start_delay)
    if attempt.time_to_first_content_seconds is not None:
        write_duration(attempt.time_to_first_content_seconds, into.time_to_first_content)
    if attempt.duration_seconds is not None:
        write_duration(attempt.duration_seconds, into.duration)
    if attempt.failure_class is not None:
        into.failure_class = enums_out.FAILURE_CLASSES[attempt.failure_class]
        into.failure_message = attempt.failure_message
    if attempt.http_status is not None:
        into.http_status = attempt.http_status
    write_usage(attempt.usage, into.usage)
    if attempt.cost is not None:
        write_cost(attempt.cost, into.cost)
