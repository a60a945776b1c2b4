"""Converts explanations."""

from __future__ import annotations

from collections.abc import Mapping

from llmrouter.v1 import explanation_pb2, routing_pb2
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.fleet.leases import LeaseRefusal
from routersvc.domain.planning.candidates import Candidate, ScorePart
from routersvc.domain.planning.exclusion_reasons import Exclusion
from routersvc.domain.planning.plans import Plan
from routersvc.domain.profiling.profiles import Profile
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.reports import deployment_name_of, report_of
from routersvc.grpc_api.outbound.times import duration_of, optional_duration_of, timestamp_of


def explanation_of(explanation: Explanation) -> explanation_pb2.Explanation:
    """Return an explanation."""
    plan = explanation.plan
    return explanation_pb2.Explanation(
        profile=profile_of(explanation.profile),
        policy_choice=explanation_pb2.PolicyChoice(
            policy=explanation.policy.name, description=explanation.policy_choice
        ),
        constraints=[
            explanation_pb2.EffectiveConstraint(
                name=constraint.name, value=constraint.value, source=constraint.source
            )
            for constraint in explanation.constraints
        ],
        candidates=_candidates(explanation),
        plan=None if plan is None else _plan(plan, explanation.obstacles),
        snapshot_time=timestamp_of(explanation.snapshot_at),
        configuration_digest=explanation.configuration_digest,
        report=None if explanation.report is None else report_of(explanation.report),
    )


def profile_of(profile: Profile) -> explanation_pb2.Profile:
    """Return a profile. The members of sets are sorted by number."""
    return explanation_pb2.Profile(
        task=routing_pb2.TASK_UNSPECIFIED
        if profile.task is None
        else enums_out.TASKS[profile.task],
        complexity=profile.complexity or 0.0,
        input_tokens=profile.input_tokens,
        input_tokens_exact=profile.input_tokens_exact,
        output_tokens=profile.output_tokens,
        modalities=sorted(enums_out.MODALITIES[modality] for modality in profile.modalities),
        capabilities=sorted(
            enums_out.CAPABILITIES[capability] for capability in profile.capabilities
        ),
        data_classes=sorted(profile.data_classes),
        evidence=[
            explanation_pb2.Evidence(
                finding=evidence.finding,
                description=evidence.description,
                weight=evidence.weight,
            )
            for evidence in profile.evidence
        ],
        priority=enums_out.PRIORITIES[profile.priority],
    )


def _candidates(explanation: Explanation) -> list[explanation_pb2.Candidate]:
    """Return the candidates in order; the eligible ones come first, with ranks starting at 1."""
    return [
        _candidate(
            candidate,
            rank=place if candidate.eligible else 0,
            obstacle=explanation.obstacles.get(candidate.deployment.name),
        )
        for place, candidate in enumerate(explanation.candidates, start=1)
    ]


def _candidate(
    candidate: Candidate, *, rank: int, obstacle: LeaseRefusal | None
) -> explanation_pb2.Candidate:
    return explanation_pb2.Candidate(
        deployment=deployment_name_of(candidate.deployment),
        eligible=candidate.eligible,
        rank=rank,
        score=candidate.score,
        score_parts=[score_part_of(part) for part in candidate.score_parts],
        exclusions=[exclusion_of(exclusion) for exclusion in candidate.exclusions],
        expected_cost_usd=candidate.expected_cost_usd,
        expected_time_to_first_content=optional_duration_of(candidate.expected_first_content),
        changes_needed=candidate.changes_needed,
        obstacle=None if obstacle is None else _obstacle(obstacle),
    )


def _obstacle(refusal: LeaseRefusal) -> explanation_pb2.Obstacle:
    return explanation_pb2.Obstacle(
        reason=enums_out.OBSTACLES[refusal.obstacle],
        description=f"it {refusal.description}",
        wait=optional_duration_of(refusal.wait),
    )


def score_part_of(part: ScorePart) -> explanation_pb2.ScorePart:
    """Return one part of a score."""
    return explanation_pb2.ScorePart(
        name=part.name, value=part.value, weight=part.weight, description=part.description
    )


def exclusion_of(exclusion: Exclusion) -> explanation_pb2.Exclusion:
    """Return one reason for an exclusion."""
    return explanation_pb2.Exclusion(
        reason=enums_out.EXCLUSION_REASONS[exclusion.reason],
        description=exclusion.description,
        eligible_if=exclusion.eligible_if,
    )


def _plan(plan: Plan, obstacles: Mapping[str, LeaseRefusal]) -> explanation_pb2.Plan:
    return explanation_pb2.Plan(
        steps=[
            explanation_pb2.PlanStep(
                deployment=deployment_name_of(deployment),
                condition="when the one before fails" if place else "first",
                not_before_delay=None
                if (obstacle := obstacles.get(deployment.name)) is None
                else optional_duration_of(obstacle.wait),
            )
            for place, deployment in enumerate(plan.deployments)
        ],
        max_attempts=plan.max_attempts,
        timeout=duration_of(plan.timeout),
        first_content_timeout=duration_of(plan.timeouts.first_content),
        idle_timeout=duration_of(plan.timeouts.idle),
        hedging_mode=enums_out.HEDGING_MODES[plan.hedging.mode],
        hedge_delay=optional_duration_of(plan.hedging.delay),
        hedging_description=plan.hedging.description,
        stream_recovery_mode=enums_out.STREAM_RECOVERY_MODES[plan.stream_recovery],
        consistency_mode=enums_out.CONSISTENCY_MODES[plan.consistency],
        cache_mode=routing_pb2.CACHE_MODE_OFF,
    )
