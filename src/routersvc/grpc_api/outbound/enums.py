"""The numbers of the contract's enums that answers are written with.

Numbers of the contract without a member in the domain are never sent by this version.
"""

from __future__ import annotations

from llmrouter.v1 import explanation_pb2 as explanation
from llmrouter.v1 import health_pb2, prompt_pb2, report_pb2, routing_pb2, stream_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedStatus
from routersvc.domain.conversation.parts import CacheLifetime, Modality
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.proofs import LeftOutKind
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.degradations import DegradationRung
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.engine.call_events import RecoveryKind
from routersvc.grpc_api.enum_numbers import numbers_of

FINISH_REASONS = numbers_of(FinishReason, "FINISH_REASON", stream_pb2.FinishReason.Value)
MODALITIES = numbers_of(Modality, "MODALITY", prompt_pb2.Modality.Value)
CACHE_LIFETIMES = numbers_of(
    CacheLifetime,
    "PROMPT_CACHE_LIFETIME",
    prompt_pb2.PromptCacheLifetime.Value,
    unspecified=CacheLifetime.DEFAULT,
)
HOSTED_STATUSES = numbers_of(
    HostedStatus, "HOSTED_ACTIVITY_STATUS", prompt_pb2.HostedActivityStatus.Value
)
REASONING_EFFORTS = numbers_of(
    ReasoningEffort, "REASONING_EFFORT", prompt_pb2.ReasoningEffort.Value
)
SERVICE_TIERS = numbers_of(ServiceTier, "SERVICE_TIER", prompt_pb2.ServiceTier.Value)
ATTEMPT_REASONS = numbers_of(AttemptReason, "ATTEMPT_REASON", report_pb2.AttemptReason.Value)
ATTEMPT_OUTCOMES = numbers_of(
    AttemptOutcome,
    "ATTEMPT_OUTCOME",
    report_pb2.AttemptOutcome.Value,
    unspecified=AttemptOutcome.RUNNING,
)
FAILURE_CLASSES = numbers_of(FailureClass, "FAILURE_CLASS", report_pb2.FailureClass.Value)
LEFT_OUT_KINDS = numbers_of(LeftOutKind, "LEFT_OUT_KIND", report_pb2.LeftOutKind.Value)
DEGRADATION_RUNGS = numbers_of(
    DegradationRung, "DEGRADATION_RUNG", report_pb2.DegradationRung.Value
)
CAPABILITIES = numbers_of(Capability, "CAPABILITY", explanation.Capability.Value)
EXCLUSION_REASONS = numbers_of(
    ExclusionReason, "EXCLUSION_REASON", explanation.ExclusionReason.Value
)
OBSTACLES = numbers_of(Obstacle, "OBSTACLE_REASON", explanation.ObstacleReason.Value)
TASKS = numbers_of(Task, "TASK", routing_pb2.Task.Value)
PRIORITIES = numbers_of(Priority, "PRIORITY", routing_pb2.Priority.Value)
CONSISTENCY_MODES = numbers_of(
    ConsistencyMode, "CONSISTENCY_MODE", routing_pb2.ConsistencyMode.Value
)
HEDGING_MODES = numbers_of(HedgingMode, "HEDGING_MODE", routing_pb2.HedgingMode.Value)
STREAM_RECOVERY_MODES = numbers_of(
    StreamRecoveryMode, "STREAM_RECOVERY_MODE", routing_pb2.StreamRecoveryMode.Value
)
HEALTH_STATES = numbers_of(HealthState, "HEALTH_STATE", health_pb2.HealthState.Value)
BREAKER_STATES = numbers_of(BreakerState, "BREAKER_STATE", health_pb2.BreakerState.Value)
RECOVERY_KINDS = numbers_of(RecoveryKind, "RECOVERY_KIND", stream_pb2.RecoveryKind.Value)
