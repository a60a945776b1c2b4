"""By which numbers the contract's enums tell what the router knows.

Every member of a domain enum stands here; a number that the contract has beyond them is one that
this version never sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llmrouter.v1 import explanation_pb2 as explanation
from llmrouter.v1 import (
    health_pb2,
    prompt_pb2,
    report_pb2,
    routing_pb2,
    stream_pb2,
)
from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.policies import (
    Priority,
)
from routersvc.domain.catalogue.tasks import (
    Task,
)
from routersvc.domain.conversation.finish_reasons import (
    FinishReason,
)
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    Modality,
)
from routersvc.domain.fleet.breaker_health import (
    BreakerState,
)
from routersvc.domain.fleet.health import (
    HealthState,
)
from routersvc.domain.fleet.leases import (
    Obstacle,
)
from routersvc.domain.outcomes.attempt_reports import (
    AttemptOutcome,
    AttemptReason,
)
from routersvc.domain.outcomes.degradations import (
    DegradationRung,
)
from routersvc.domain.outcomes.failure_rules import (
    FailureClass,
)
from routersvc.domain.planning.exclusion_reasons import (
    ExclusionReason,
)
from routersvc.engine.call_events import RecoveryKind

FINISH_REASONS: Mapping[FinishReason, stream_pb2.FinishReason.ValueType] = MappingProxyType(
    {
        FinishReason.STOP: stream_pb2.FINISH_REASON_STOP,
        FinishReason.LENGTH: stream_pb2.FINISH_REASON_LENGTH,
        FinishReason.TOOL_CALLS: stream_pb2.FINISH_REASON_TOOL_CALLS,
        FinishReason.CONTENT_FILTER: stream_pb2.FINISH_REASON_CONTENT_FILTER,
        FinishReason.REFUSAL: stream_pb2.FINISH_REASON_REFUSAL,
        FinishReason.OTHER: stream_pb2.FINISH_REASON_OTHER,
    }
)

MODALITIES: Mapping[Modality, prompt_pb2.Modality.ValueType] = MappingProxyType(
    {
        Modality.TEXT: prompt_pb2.MODALITY_TEXT,
        Modality.IMAGE: prompt_pb2.MODALITY_IMAGE,
        Modality.AUDIO: prompt_pb2.MODALITY_AUDIO,
        Modality.FILE: prompt_pb2.MODALITY_FILE,
        Modality.VIDEO: prompt_pb2.MODALITY_VIDEO,
    }
)

CACHE_LIFETIMES: Mapping[CacheLifetime, prompt_pb2.PromptCacheLifetime.ValueType] = (
    MappingProxyType(
        {
            CacheLifetime.DEFAULT: prompt_pb2.PROMPT_CACHE_LIFETIME_UNSPECIFIED,
            CacheLifetime.SHORT: prompt_pb2.PROMPT_CACHE_LIFETIME_SHORT,
            CacheLifetime.LONG: prompt_pb2.PROMPT_CACHE_LIFETIME_LONG,
        }
    )
)

ATTEMPT_REASONS: Mapping[AttemptReason, report_pb2.AttemptReason.ValueType] = MappingProxyType(
    {
        AttemptReason.FIRST: report_pb2.ATTEMPT_REASON_FIRST,
        AttemptReason.FAILOVER: report_pb2.ATTEMPT_REASON_FAILOVER,
        AttemptReason.HEDGE: report_pb2.ATTEMPT_REASON_HEDGE,
        AttemptReason.RETRY: report_pb2.ATTEMPT_REASON_RETRY,
        AttemptReason.RESCUE: report_pb2.ATTEMPT_REASON_RESCUE,
        AttemptReason.RECOVERY: report_pb2.ATTEMPT_REASON_RECOVERY,
    }
)

ATTEMPT_OUTCOMES: Mapping[AttemptOutcome, report_pb2.AttemptOutcome.ValueType] = MappingProxyType(
    {
        AttemptOutcome.RUNNING: report_pb2.ATTEMPT_OUTCOME_UNSPECIFIED,
        AttemptOutcome.SERVED: report_pb2.ATTEMPT_OUTCOME_SERVED,
        AttemptOutcome.FAILED: report_pb2.ATTEMPT_OUTCOME_FAILED,
        AttemptOutcome.LOST: report_pb2.ATTEMPT_OUTCOME_LOST,
        AttemptOutcome.CANCELLED: report_pb2.ATTEMPT_OUTCOME_CANCELLED,
        AttemptOutcome.BROKEN: report_pb2.ATTEMPT_OUTCOME_BROKEN,
        AttemptOutcome.REFUSED_LOCALLY: report_pb2.ATTEMPT_OUTCOME_REFUSED_LOCALLY,
    }
)

FAILURE_CLASSES: Mapping[FailureClass, report_pb2.FailureClass.ValueType] = MappingProxyType(
    {
        FailureClass.CONNECT: report_pb2.FAILURE_CLASS_CONNECT,
        FailureClass.RESET: report_pb2.FAILURE_CLASS_RESET,
        FailureClass.SERVER_ERROR: report_pb2.FAILURE_CLASS_SERVER_ERROR,
        FailureClass.OVERLOADED: report_pb2.FAILURE_CLASS_OVERLOADED,
        FailureClass.RATE_LIMITED: report_pb2.FAILURE_CLASS_RATE_LIMITED,
        FailureClass.QUOTA_EXHAUSTED: report_pb2.FAILURE_CLASS_QUOTA_EXHAUSTED,
        FailureClass.AUTHENTICATION: report_pb2.FAILURE_CLASS_AUTHENTICATION,
        FailureClass.PERMISSION: report_pb2.FAILURE_CLASS_PERMISSION,
        FailureClass.MODEL_NOT_FOUND: report_pb2.FAILURE_CLASS_MODEL_NOT_FOUND,
        FailureClass.INVALID_REQUEST: report_pb2.FAILURE_CLASS_INVALID_REQUEST,
        FailureClass.CAPABILITY_MISMATCH: report_pb2.FAILURE_CLASS_CAPABILITY_MISMATCH,
        FailureClass.CONTEXT_LENGTH: report_pb2.FAILURE_CLASS_CONTEXT_LENGTH,
        FailureClass.CONTENT_FILTERED: report_pb2.FAILURE_CLASS_CONTENT_FILTERED,
        FailureClass.BAD_ANSWER: report_pb2.FAILURE_CLASS_BAD_ANSWER,
        FailureClass.FIRST_CONTENT_TIMEOUT: report_pb2.FAILURE_CLASS_FIRST_CONTENT_TIMEOUT,
        FailureClass.STALLED: report_pb2.FAILURE_CLASS_STALLED,
        FailureClass.TRUNCATED: report_pb2.FAILURE_CLASS_TRUNCATED,
        FailureClass.ATTEMPT_TIMEOUT: report_pb2.FAILURE_CLASS_ATTEMPT_TIMEOUT,
        FailureClass.LOCAL_LIMIT: report_pb2.FAILURE_CLASS_LOCAL_LIMIT,
    }
)

DEGRADATION_RUNGS: Mapping[DegradationRung, report_pb2.DegradationRung.ValueType] = (
    MappingProxyType(
        {
            DegradationRung.LOWER_TIER: report_pb2.DEGRADATION_RUNG_LOWER_TIER,
            DegradationRung.CACHED: report_pb2.DEGRADATION_RUNG_CACHED,
        }
    )
)

CAPABILITIES: Mapping[Capability, explanation.Capability.ValueType] = MappingProxyType(
    {
        Capability.TOOLS: explanation.CAPABILITY_TOOLS,
        Capability.PARALLEL_TOOL_CALLS: explanation.CAPABILITY_PARALLEL_TOOL_CALLS,
        Capability.TOOL_CHOICE: explanation.CAPABILITY_TOOL_CHOICE,
        Capability.JSON_OBJECT: explanation.CAPABILITY_JSON_OBJECT,
        Capability.JSON_SCHEMA: explanation.CAPABILITY_JSON_SCHEMA,
        Capability.IMAGE_INPUT: explanation.CAPABILITY_IMAGE_INPUT,
        Capability.AUDIO_INPUT: explanation.CAPABILITY_AUDIO_INPUT,
        Capability.FILE_INPUT: explanation.CAPABILITY_FILE_INPUT,
        Capability.AUDIO_OUTPUT: explanation.CAPABILITY_AUDIO_OUTPUT,
        Capability.IMAGE_OUTPUT: explanation.CAPABILITY_IMAGE_OUTPUT,
        Capability.REASONING: explanation.CAPABILITY_REASONING,
        Capability.LOGPROBS: explanation.CAPABILITY_LOGPROBS,
        Capability.SEED: explanation.CAPABILITY_SEED,
        Capability.SAMPLING: explanation.CAPABILITY_SAMPLING,
        Capability.TOP_K: explanation.CAPABILITY_TOP_K,
        Capability.PENALTIES: explanation.CAPABILITY_PENALTIES,
        Capability.STOP_SEQUENCES: explanation.CAPABILITY_STOP_SEQUENCES,
        Capability.LOGIT_BIAS: explanation.CAPABILITY_LOGIT_BIAS,
        Capability.PREFILL: explanation.CAPABILITY_PREFILL,
        Capability.STREAMING: explanation.CAPABILITY_STREAMING,
        Capability.PROMPT_CACHE: explanation.CAPABILITY_PROMPT_CACHE,
        Capability.PREDICTED_OUTPUT: explanation.CAPABILITY_PREDICTED_OUTPUT,
        Capability.HOSTED_TOOLS: explanation.CAPABILITY_HOSTED_TOOLS,
        Capability.MIN_P: explanation.CAPABILITY_MIN_P,
        Capability.VERBOSITY: explanation.CAPABILITY_VERBOSITY,
        Capability.SERVICE_TIER: explanation.CAPABILITY_SERVICE_TIER,
        Capability.SYSTEM_PROMPT: explanation.CAPABILITY_SYSTEM_PROMPT,
    }
)

EXCLUSION_REASONS: Mapping[ExclusionReason, explanation.ExclusionReason.ValueType] = (
    MappingProxyType(
        {
            ExclusionReason.CAPABILITY: explanation.EXCLUSION_REASON_CAPABILITY,
            ExclusionReason.MODALITY: explanation.EXCLUSION_REASON_MODALITY,
            ExclusionReason.CONTEXT_WINDOW: explanation.EXCLUSION_REASON_CONTEXT_WINDOW,
            ExclusionReason.REGION: explanation.EXCLUSION_REASON_REGION,
            ExclusionReason.DATA_CLASS: explanation.EXCLUSION_REASON_DATA_CLASS,
            ExclusionReason.RETENTION: explanation.EXCLUSION_REASON_RETENTION,
            ExclusionReason.TRAINING: explanation.EXCLUSION_REASON_TRAINING,
            ExclusionReason.PROVIDER_NOT_ALLOWED: explanation.EXCLUSION_REASON_PROVIDER_NOT_ALLOWED,
            ExclusionReason.PROVIDER_DENIED: explanation.EXCLUSION_REASON_PROVIDER_DENIED,
            ExclusionReason.NOT_PINNED: explanation.EXCLUSION_REASON_NOT_PINNED,
            ExclusionReason.MODEL_NOT_REQUIRED: explanation.EXCLUSION_REASON_MODEL_NOT_REQUIRED,
            ExclusionReason.COST_CEILING: explanation.EXCLUSION_REASON_COST_CEILING,
            ExclusionReason.TENANT_BUDGET: explanation.EXCLUSION_REASON_TENANT_BUDGET,
            ExclusionReason.CREDENTIAL_DISABLED: explanation.EXCLUSION_REASON_CREDENTIAL_DISABLED,
            ExclusionReason.MODEL_DISABLED: explanation.EXCLUSION_REASON_MODEL_DISABLED,
            ExclusionReason.NOT_EQUIVALENT: explanation.EXCLUSION_REASON_NOT_EQUIVALENT,
            ExclusionReason.NOT_IN_POLICY: explanation.EXCLUSION_REASON_NOT_IN_POLICY,
            ExclusionReason.OUTPUT_LIMIT: explanation.EXCLUSION_REASON_OUTPUT_LIMIT,
            ExclusionReason.WIRE_FORMAT: explanation.EXCLUSION_REASON_WIRE_FORMAT,
            ExclusionReason.OPERATOR_DISABLED: explanation.EXCLUSION_REASON_OPERATOR_DISABLED,
            ExclusionReason.LOWER_TIER: explanation.EXCLUSION_REASON_LOWER_TIER,
        }
    )
)

OBSTACLES: Mapping[Obstacle, explanation.ObstacleReason.ValueType] = MappingProxyType(
    {
        Obstacle.CREDENTIAL_DISABLED: explanation.OBSTACLE_REASON_CREDENTIAL_DISABLED,
        Obstacle.MODEL_DISABLED: explanation.OBSTACLE_REASON_MODEL_DISABLED,
        Obstacle.GATED: explanation.OBSTACLE_REASON_GATED,
        Obstacle.NO_HEADROOM: explanation.OBSTACLE_REASON_NO_HEADROOM,
        Obstacle.BREAKER_OPEN: explanation.OBSTACLE_REASON_BREAKER_OPEN,
        Obstacle.UNREACHABLE: explanation.OBSTACLE_REASON_UNREACHABLE,
        Obstacle.FULL: explanation.OBSTACLE_REASON_FULL,
        Obstacle.BUDGET_SPENT: explanation.OBSTACLE_REASON_BUDGET_SPENT,
    }
)

TASKS: Mapping[Task, routing_pb2.Task.ValueType] = MappingProxyType(
    {
        Task.CHAT: routing_pb2.TASK_CHAT,
        Task.CODE: routing_pb2.TASK_CODE,
        Task.REASONING: routing_pb2.TASK_REASONING,
        Task.MATHS: routing_pb2.TASK_MATHS,
        Task.EXTRACTION: routing_pb2.TASK_EXTRACTION,
        Task.SUMMARISATION: routing_pb2.TASK_SUMMARISATION,
        Task.CREATIVE: routing_pb2.TASK_CREATIVE,
        Task.TRANSLATION: routing_pb2.TASK_TRANSLATION,
        Task.VISION: routing_pb2.TASK_VISION,
        Task.AUDIO: routing_pb2.TASK_AUDIO,
        Task.LONG_DOCUMENT: routing_pb2.TASK_LONG_DOCUMENT,
        Task.TOOL_USE: routing_pb2.TASK_TOOL_USE,
    }
)

PRIORITIES: Mapping[Priority, routing_pb2.Priority.ValueType] = MappingProxyType(
    {
        Priority.LOW: routing_pb2.PRIORITY_LOW,
        Priority.NORMAL: routing_pb2.PRIORITY_NORMAL,
        Priority.HIGH: routing_pb2.PRIORITY_HIGH,
    }
)

CONSISTENCY_MODES: Mapping[ConsistencyMode, routing_pb2.ConsistencyMode.ValueType] = (
    MappingProxyType(
        {
            ConsistencyMode.ANY: routing_pb2.CONSISTENCY_MODE_ANY,
            ConsistencyMode.EQUIVALENT: routing_pb2.CONSISTENCY_MODE_EQUIVALENT,
            ConsistencyMode.PINNED: routing_pb2.CONSISTENCY_MODE_PINNED,
        }
    )
)

HEDGING_MODES: Mapping[HedgingMode, routing_pb2.HedgingMode.ValueType] = MappingProxyType(
    {
        HedgingMode.OFF: routing_pb2.HEDGING_MODE_OFF,
        HedgingMode.PARALLEL: routing_pb2.HEDGING_MODE_PARALLEL,
        HedgingMode.DELAYED: routing_pb2.HEDGING_MODE_DELAYED,
        HedgingMode.AUTO: routing_pb2.HEDGING_MODE_AUTO,
    }
)

STREAM_RECOVERY_MODES: Mapping[StreamRecoveryMode, routing_pb2.StreamRecoveryMode.ValueType] = (
    MappingProxyType(
        {
            StreamRecoveryMode.FAIL: routing_pb2.STREAM_RECOVERY_MODE_FAIL,
            StreamRecoveryMode.RESTART: routing_pb2.STREAM_RECOVERY_MODE_RESTART,
            StreamRecoveryMode.RESUME: routing_pb2.STREAM_RECOVERY_MODE_RESUME,
        }
    )
)

HEALTH_STATES: Mapping[HealthState, health_pb2.HealthState.ValueType] = MappingProxyType(
    {
        HealthState.UNKNOWN: health_pb2.HEALTH_STATE_UNKNOWN,
        HealthState.HEALTHY: health_pb2.HEALTH_STATE_HEALTHY,
        HealthState.DEGRADED: health_pb2.HEALTH_STATE_DEGRADED,
        HealthState.UNAVAILABLE: health_pb2.HEALTH_STATE_UNAVAILABLE,
        HealthState.DISABLED: health_pb2.HEALTH_STATE_DISABLED,
    }
)

BREAKER_STATES: Mapping[BreakerState, health_pb2.BreakerState.ValueType] = MappingProxyType(
    {
        BreakerState.CLOSED: health_pb2.BREAKER_STATE_CLOSED,
        BreakerState.OPEN: health_pb2.BREAKER_STATE_OPEN,
        BreakerState.HALF_OPEN: health_pb2.BREAKER_STATE_HALF_OPEN,
    }
)

RECOVERY_KINDS: Mapping[RecoveryKind, stream_pb2.RecoveryKind.ValueType] = MappingProxyType(
    {
        RecoveryKind.RESTARTED: stream_pb2.RECOVERY_KIND_RESTARTED,
        RecoveryKind.RESUMED: stream_pb2.RECOVERY_KIND_RESUMED,
    }
)
