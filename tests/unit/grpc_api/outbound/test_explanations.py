"""An explanation tells all that the router thought of."""

from __future__ import annotations

import dataclasses

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from llmrouter.v1 import explanation_pb2, prompt_pb2, report_pb2, routing_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import Priority, RetryRule
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.fleet.leases import LeaseRefusal, Obstacle
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate, ScorePart
from routersvc.domain.planning.effective_constraints import EffectiveConstraint
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.plans import HedgingPlan, Plan
from routersvc.domain.profiling.profiles import Profile, ProfileEvidence
from routersvc.domain.profiling.token_estimates import TokenEstimate
from routersvc.grpc_api.outbound.explanations import explanation_of
from routersvc.grpc_api.outbound.reports import report_of
from routersvc.testing.worlds import scripted_deployment, scripted_policy

EUROPEAN = dataclasses.replace(
    scripted_deployment("d1", provider="p1"), compliance=Compliance(region="eu")
)
OTHER = scripted_deployment("d2")
EUROPEAN_NAME = report_pb2.DeploymentName(
    deployment="d1", provider="p1", model="model", region="eu"
)
OTHER_NAME = report_pb2.DeploymentName(deployment="d2", provider="d2", model="model")


def unset(message: Message) -> set[str]:
    """Return the names of the fields that a message leaves at nothing."""
    return {field.name for field in message.DESCRIPTOR.fields} - {
        field.name for field, _ in message.ListFields()
    }


EXPLANATION = Explanation(
    profile=Profile(
        task=Task.CODE,
        complexity=0.25,
        input_tokens=100,
        input_tokens_exact=True,
        input_bounds=TokenEstimate.exactly(100),
        output_tokens=200,
        modalities=frozenset({Modality.IMAGE, Modality.TEXT}),
        capabilities=frozenset({Capability.TOOLS, Capability.IMAGE_INPUT}),
        data_classes=frozenset({"phi", "card"}),
        priority=Priority.HIGH,
        evidence=(ProfileEvidence(finding="input_tokens", description="counted", weight=0.5),),
    ),
    policy=scripted_policy(["d1", "d2"]),
    policy_choice="by default",
    constraints=(EffectiveConstraint(name="no_training", value="required", source="policy"),),
    candidates=(
        Candidate(
            deployment=EUROPEAN,
            score=0.75,
            score_parts=(
                ScorePart(name="order", value=0.75, weight=1.0, description="first of all"),
            ),
            expected_cost_usd=0.125,
            expected_first_content=0.5,
        ),
        Candidate(
            deployment=OTHER,
            exclusions=(
                Exclusion(
                    reason=ExclusionReason.REGION,
                    description="it has no region",
                    eligible_if="it had one",
                ),
            ),
        ),
    ),
    plan=Plan(
        policy=scripted_policy(["d1", "d2"]),
        deployments=(EUROPEAN, OTHER),
        max_attempts=2,
        timeout=30.0,
        timeouts=scripted_policy(["d1"]).timeouts,
        retries=RetryRule(),
        hedging_rule=scripted_policy(["d1"]).hedging,
        hedging=HedgingPlan(
            mode=HedgingMode.DELAYED, delay=1.25, max_parallel=2, description="at the p95"
        ),
        priority=Priority.HIGH,
        previous_attempts=0,
        tokens=300,
        stream_recovery=StreamRecoveryMode.RESTART,
        consistency=ConsistencyMode.EQUIVALENT,
        streaming=True,
        has_side_effects=False,
        failover_on_refusal=False,
    ),
    obstacles={
        "d1": LeaseRefusal(
            deployment=EUROPEAN,
            obstacle=Obstacle.CREDENTIAL_DISABLED,
            wait=3.5,
            description="is out of use",
        )
    },
    snapshot_at=1_700_000_000.0,
    configuration_digest="digest",
)


REPORT = RouteReport(
    decision_id="decision", policy="drill", tenant="t", received_at=0.0, planning_duration=0.0
)


def test_explanation_is_told_whole() -> None:
    """Field by field; sets come in a fixed order."""
    assert explanation_of(EXPLANATION) == explanation_pb2.Explanation(
        profile=explanation_pb2.Profile(
            task=routing_pb2.TASK_CODE,
            complexity=0.25,
            input_tokens=100,
            input_tokens_exact=True,
            output_tokens=200,
            modalities=[prompt_pb2.MODALITY_TEXT, prompt_pb2.MODALITY_IMAGE],
            capabilities=[
                explanation_pb2.CAPABILITY_TOOLS,
                explanation_pb2.CAPABILITY_IMAGE_INPUT,
            ],
            data_classes=["card", "phi"],
            priority=routing_pb2.PRIORITY_HIGH,
            evidence=[
                explanation_pb2.Evidence(finding="input_tokens", description="counted", weight=0.5)
            ],
        ),
        policy_choice=explanation_pb2.PolicyChoice(policy="drill", description="by default"),
        constraints=[
            explanation_pb2.EffectiveConstraint(
                name="no_training", value="required", source="policy"
            )
        ],
        candidates=[
            explanation_pb2.Candidate(
                deployment=EUROPEAN_NAME,
                eligible=True,
                rank=1,
                score=0.75,
                score_parts=[
                    explanation_pb2.ScorePart(
                        name="order", value=0.75, weight=1.0, description="first of all"
                    )
                ],
                expected_cost_usd=0.125,
                expected_time_to_first_content=Duration(nanos=500_000_000),
                obstacle=explanation_pb2.Obstacle(
                    reason=explanation_pb2.OBSTACLE_REASON_CREDENTIAL_DISABLED,
                    description="it is out of use",
                    wait=Duration(seconds=3, nanos=500_000_000),
                ),
            ),
            explanation_pb2.Candidate(
                deployment=OTHER_NAME,
                exclusions=[
                    explanation_pb2.Exclusion(
                        reason=explanation_pb2.EXCLUSION_REASON_REGION,
                        description="it has no region",
                        eligible_if="it had one",
                    )
                ],
                changes_needed=["it had one"],
            ),
        ],
        plan=explanation_pb2.Plan(
            steps=[
                explanation_pb2.PlanStep(
                    deployment=EUROPEAN_NAME,
                    condition="first",
                    not_before_delay=Duration(seconds=3, nanos=500_000_000),
                ),
                explanation_pb2.PlanStep(
                    deployment=OTHER_NAME, condition="when the one before fails"
                ),
            ],
            max_attempts=2,
            timeout=Duration(seconds=30),
            first_content_timeout=Duration(seconds=20),
            idle_timeout=Duration(seconds=20),
            hedging_mode=routing_pb2.HEDGING_MODE_DELAYED,
            hedge_delay=Duration(seconds=1, nanos=250_000_000),
            hedging_description="at the p95",
            stream_recovery_mode=routing_pb2.STREAM_RECOVERY_MODE_RESTART,
            consistency_mode=routing_pb2.CONSISTENCY_MODE_EQUIVALENT,
            cache_mode=routing_pb2.CACHE_MODE_OFF,
        ),
        snapshot_time=Timestamp(seconds=1_700_000_000),
        configuration_digest="digest",
    )


def test_explanation_leaves_nothing_out() -> None:
    """A field that the contract gains must be filled."""
    message = explanation_of(EXPLANATION)

    assert unset(message) == {"report"}
    assert unset(explanation_of(dataclasses.replace(EXPLANATION, report=REPORT))) == set()
    assert unset(message.profile) == set()
    assert unset(message.plan) == set()
    assert unset(message.candidates[0]) & unset(message.candidates[1]) == set()
    assert unset(message.plan.steps[0]) == set()


def test_a_past_decision_is_told_with_its_report() -> None:
    """What became of it, as its answer said."""
    message = explanation_of(dataclasses.replace(EXPLANATION, report=REPORT))

    assert message.report == report_of(REPORT)


def test_nothing_eligible_is_explained_without_a_plan() -> None:
    """There is none."""
    message = explanation_of(dataclasses.replace(EXPLANATION, plan=None))

    assert not message.HasField("plan")
