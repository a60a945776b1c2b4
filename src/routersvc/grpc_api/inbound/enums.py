"""The meaning of the numbers of the contract's enums in a request.

`None` means unset: the policy, the provider or the router decides. A request with a number that is
missing here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llmrouter.v1 import explanation_pb2, health_pb2, prompt_pb2, routing_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.hosted_activities import HostedStatus
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.parts import CacheLifetime, ImageDetail, Modality
from routersvc.domain.conversation.prompts import ServiceTier, Verbosity
from routersvc.domain.conversation.reasoning import ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.tools import ToolChoiceMode
from routersvc.domain.fleet.health import HealthState
from routersvc.grpc_api.enum_numbers import members_of, members_or_unset
from routersvc.grpc_api.outbound import enums as enums_out

ROLES = members_of(Role, "ROLE", prompt_pb2.Role.Value)
CACHE_LIFETIMES: Mapping[int, CacheLifetime] = MappingProxyType(
    {number: member for member, number in enums_out.CACHE_LIFETIMES.items()}
)
IMAGE_DETAILS = members_or_unset(
    ImageDetail, "IMAGE_DETAIL", prompt_pb2.ImageDetail.Value, unset=None
)
TOOL_CHOICE_MODES = members_or_unset(
    ToolChoiceMode, "TOOL_CHOICE_MODE", prompt_pb2.ToolChoiceMode.Value, unset=ToolChoiceMode.AUTO
)
HOSTED_STATUSES = members_or_unset(
    HostedStatus,
    "HOSTED_ACTIVITY_STATUS",
    prompt_pb2.HostedActivityStatus.Value,
    unset=None,
)
REASONING_EFFORTS = members_or_unset(
    ReasoningEffort, "REASONING_EFFORT", prompt_pb2.ReasoningEffort.Value, unset=None
)
REASONING_VISIBILITIES = members_or_unset(
    ReasoningVisibility, "REASONING_VISIBILITY", prompt_pb2.ReasoningVisibility.Value, unset=None
)
MODALITIES = members_of(Modality, "MODALITY", prompt_pb2.Modality.Value)
VERBOSITIES = members_or_unset(Verbosity, "VERBOSITY", prompt_pb2.Verbosity.Value, unset=None)
SERVICE_TIERS = members_or_unset(
    ServiceTier, "SERVICE_TIER", prompt_pb2.ServiceTier.Value, unset=None
)
PRIORITIES = members_or_unset(
    Priority, "PRIORITY", routing_pb2.Priority.Value, unset=Priority.NORMAL
)
TASKS = members_or_unset(Task, "TASK", routing_pb2.Task.Value, unset=None)
CONSISTENCY_MODES = members_or_unset(
    ConsistencyMode, "CONSISTENCY_MODE", routing_pb2.ConsistencyMode.Value, unset=None
)
HEDGING_MODES = members_or_unset(
    HedgingMode, "HEDGING_MODE", routing_pb2.HedgingMode.Value, unset=None
)
STREAM_RECOVERY_MODES = members_or_unset(
    StreamRecoveryMode, "STREAM_RECOVERY_MODE", routing_pb2.StreamRecoveryMode.Value, unset=None
)
HEALTH_STATES = members_or_unset(
    HealthState, "HEALTH_STATE", health_pb2.HealthState.Value, unset=None
)
CAPABILITIES = members_or_unset(
    Capability, "CAPABILITY", explanation_pb2.Capability.Value, unset=None
)
