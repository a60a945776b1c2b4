"""What the numbers of the contract's enums mean in a request.

`None` stands for a number that leaves the choice to somebody else. A number that is missing here
is not known to this version, and a request that carries it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llmrouter.v1 import explanation_pb2, health_pb2, prompt_pb2, routing_pb2
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
from routersvc.domain.conversation.messages import (
    Role,
)
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    ImageDetail,
    Modality,
)
from routersvc.domain.conversation.prompts import (
    ServiceTier,
    Verbosity,
)
from routersvc.domain.conversation.reasoning import (
    ReasoningEffort,
    ReasoningVisibility,
)
from routersvc.domain.conversation.tools import (
    ToolChoiceMode,
)
from routersvc.domain.fleet.health import (
    HealthState,
)
from routersvc.grpc_api.outbound import enums as enums_out

ROLES: Mapping[int, Role] = MappingProxyType(
    {
        prompt_pb2.ROLE_SYSTEM: Role.SYSTEM,
        prompt_pb2.ROLE_DEVELOPER: Role.DEVELOPER,
        prompt_pb2.ROLE_USER: Role.USER,
        prompt_pb2.ROLE_ASSISTANT: Role.ASSISTANT,
        prompt_pb2.ROLE_TOOL: Role.TOOL,
    }
)

CACHE_LIFETIMES: Mapping[int, CacheLifetime] = MappingProxyType(
    {
        prompt_pb2.PROMPT_CACHE_LIFETIME_UNSPECIFIED: CacheLifetime.DEFAULT,
        prompt_pb2.PROMPT_CACHE_LIFETIME_SHORT: CacheLifetime.SHORT,
        prompt_pb2.PROMPT_CACHE_LIFETIME_LONG: CacheLifetime.LONG,
    }
)

IMAGE_DETAILS: Mapping[int, ImageDetail | None] = MappingProxyType(
    {
        prompt_pb2.IMAGE_DETAIL_UNSPECIFIED: None,
        prompt_pb2.IMAGE_DETAIL_LOW: ImageDetail.LOW,
        prompt_pb2.IMAGE_DETAIL_HIGH: ImageDetail.HIGH,
    }
)

TOOL_CHOICE_MODES: Mapping[int, ToolChoiceMode] = MappingProxyType(
    {
        prompt_pb2.TOOL_CHOICE_MODE_UNSPECIFIED: ToolChoiceMode.AUTO,
        prompt_pb2.TOOL_CHOICE_MODE_AUTO: ToolChoiceMode.AUTO,
        prompt_pb2.TOOL_CHOICE_MODE_NONE: ToolChoiceMode.NONE,
        prompt_pb2.TOOL_CHOICE_MODE_REQUIRED: ToolChoiceMode.REQUIRED,
        prompt_pb2.TOOL_CHOICE_MODE_FUNCTION: ToolChoiceMode.FUNCTION,
    }
)

REASONING_EFFORTS: Mapping[int, ReasoningEffort | None] = MappingProxyType(
    {
        prompt_pb2.REASONING_EFFORT_UNSPECIFIED: None,
        prompt_pb2.REASONING_EFFORT_NONE: ReasoningEffort.NONE,
        prompt_pb2.REASONING_EFFORT_MINIMAL: ReasoningEffort.MINIMAL,
        prompt_pb2.REASONING_EFFORT_LOW: ReasoningEffort.LOW,
        prompt_pb2.REASONING_EFFORT_MEDIUM: ReasoningEffort.MEDIUM,
        prompt_pb2.REASONING_EFFORT_HIGH: ReasoningEffort.HIGH,
        prompt_pb2.REASONING_EFFORT_MAXIMUM: ReasoningEffort.MAXIMUM,
    }
)

REASONING_VISIBILITIES: Mapping[int, ReasoningVisibility | None] = MappingProxyType(
    {
        prompt_pb2.REASONING_VISIBILITY_UNSPECIFIED: None,
        prompt_pb2.REASONING_VISIBILITY_HIDDEN: ReasoningVisibility.HIDDEN,
        prompt_pb2.REASONING_VISIBILITY_SUMMARY: ReasoningVisibility.SUMMARY,
        prompt_pb2.REASONING_VISIBILITY_FULL: ReasoningVisibility.FULL,
    }
)

MODALITIES: Mapping[int, Modality] = MappingProxyType(
    {
        prompt_pb2.MODALITY_TEXT: Modality.TEXT,
        prompt_pb2.MODALITY_IMAGE: Modality.IMAGE,
        prompt_pb2.MODALITY_AUDIO: Modality.AUDIO,
        prompt_pb2.MODALITY_FILE: Modality.FILE,
        prompt_pb2.MODALITY_VIDEO: Modality.VIDEO,
    }
)

VERBOSITIES: Mapping[int, Verbosity | None] = MappingProxyType(
    {
        prompt_pb2.VERBOSITY_UNSPECIFIED: None,
        prompt_pb2.VERBOSITY_LOW: Verbosity.LOW,
        prompt_pb2.VERBOSITY_MEDIUM: Verbosity.MEDIUM,
        prompt_pb2.VERBOSITY_HIGH: Verbosity.HIGH,
    }
)

SERVICE_TIERS: Mapping[int, ServiceTier | None] = MappingProxyType(
    {
        prompt_pb2.SERVICE_TIER_UNSPECIFIED: None,
        prompt_pb2.SERVICE_TIER_FLEX: ServiceTier.FLEX,
        prompt_pb2.SERVICE_TIER_STANDARD: ServiceTier.STANDARD,
        prompt_pb2.SERVICE_TIER_PRIORITY: ServiceTier.PRIORITY,
    }
)

PRIORITIES: Mapping[int, Priority] = MappingProxyType(
    {
        routing_pb2.PRIORITY_UNSPECIFIED: Priority.NORMAL,
        routing_pb2.PRIORITY_LOW: Priority.LOW,
        routing_pb2.PRIORITY_NORMAL: Priority.NORMAL,
        routing_pb2.PRIORITY_HIGH: Priority.HIGH,
    }
)

TASKS: Mapping[int, Task | None] = MappingProxyType(
    {
        routing_pb2.TASK_UNSPECIFIED: None,
        routing_pb2.TASK_CHAT: Task.CHAT,
        routing_pb2.TASK_CODE: Task.CODE,
        routing_pb2.TASK_REASONING: Task.REASONING,
        routing_pb2.TASK_MATHS: Task.MATHS,
        routing_pb2.TASK_EXTRACTION: Task.EXTRACTION,
        routing_pb2.TASK_SUMMARISATION: Task.SUMMARISATION,
        routing_pb2.TASK_CREATIVE: Task.CREATIVE,
        routing_pb2.TASK_TRANSLATION: Task.TRANSLATION,
        routing_pb2.TASK_VISION: Task.VISION,
        routing_pb2.TASK_AUDIO: Task.AUDIO,
        routing_pb2.TASK_LONG_DOCUMENT: Task.LONG_DOCUMENT,
        routing_pb2.TASK_TOOL_USE: Task.TOOL_USE,
    }
)

CONSISTENCY_MODES: Mapping[int, ConsistencyMode | None] = MappingProxyType(
    {
        routing_pb2.CONSISTENCY_MODE_UNSPECIFIED: None,
        routing_pb2.CONSISTENCY_MODE_ANY: ConsistencyMode.ANY,
        routing_pb2.CONSISTENCY_MODE_EQUIVALENT: ConsistencyMode.EQUIVALENT,
        routing_pb2.CONSISTENCY_MODE_PINNED: ConsistencyMode.PINNED,
    }
)

HEDGING_MODES: Mapping[int, HedgingMode | None] = MappingProxyType(
    {
        routing_pb2.HEDGING_MODE_UNSPECIFIED: None,
        routing_pb2.HEDGING_MODE_OFF: HedgingMode.OFF,
        routing_pb2.HEDGING_MODE_PARALLEL: HedgingMode.PARALLEL,
        routing_pb2.HEDGING_MODE_DELAYED: HedgingMode.DELAYED,
        routing_pb2.HEDGING_MODE_AUTO: HedgingMode.AUTO,
    }
)

STREAM_RECOVERY_MODES: Mapping[int, StreamRecoveryMode | None] = MappingProxyType(
    {
        routing_pb2.STREAM_RECOVERY_MODE_UNSPECIFIED: None,
        routing_pb2.STREAM_RECOVERY_MODE_FAIL: StreamRecoveryMode.FAIL,
        routing_pb2.STREAM_RECOVERY_MODE_RESTART: StreamRecoveryMode.RESTART,
        routing_pb2.STREAM_RECOVERY_MODE_RESUME: StreamRecoveryMode.RESUME,
    }
)

HEALTH_STATES: Mapping[int, HealthState | None] = MappingProxyType(
    {
        health_pb2.HEALTH_STATE_UNSPECIFIED: None,
        health_pb2.HEALTH_STATE_UNKNOWN: HealthState.UNKNOWN,
        health_pb2.HEALTH_STATE_HEALTHY: HealthState.HEALTHY,
        health_pb2.HEALTH_STATE_DEGRADED: HealthState.DEGRADED,
        health_pb2.HEALTH_STATE_UNAVAILABLE: HealthState.UNAVAILABLE,
        health_pb2.HEALTH_STATE_DISABLED: HealthState.DISABLED,
    }
)

CAPABILITIES: Mapping[int, Capability | None] = MappingProxyType(
    {
        explanation_pb2.CAPABILITY_UNSPECIFIED: None,
        **{number: capability for capability, number in enums_out.CAPABILITIES.items()},
    }
)
