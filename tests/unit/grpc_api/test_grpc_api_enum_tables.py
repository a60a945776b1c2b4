"""The tables between the enums of the contract and those of the domain are whole, both ways."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import pytest
from google.protobuf.descriptor import EnumDescriptor

from llmrouter.v1 import (
    explanation_pb2,
    health_pb2,
    prompt_pb2,
    report_pb2,
    routing_pb2,
    stream_pb2,
)
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedStatus
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.parts import CacheLifetime, ImageDetail, Modality
from routersvc.domain.conversation.prompts import ServiceTier, Verbosity
from routersvc.domain.conversation.proofs import LeftOutKind
from routersvc.domain.conversation.reasoning import ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.tools import ToolChoiceMode
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.degradations import DegradationRung
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.engine.call_events import RecoveryKind
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.outbound import enums as enums_out

IN = {
    "ROLES": (prompt_pb2.Role.DESCRIPTOR, Role),
    "CACHE_LIFETIMES": (prompt_pb2.PromptCacheLifetime.DESCRIPTOR, CacheLifetime),
    "HOSTED_STATUSES": (prompt_pb2.HostedActivityStatus.DESCRIPTOR, HostedStatus),
    "IMAGE_DETAILS": (prompt_pb2.ImageDetail.DESCRIPTOR, ImageDetail),
    "TOOL_CHOICE_MODES": (prompt_pb2.ToolChoiceMode.DESCRIPTOR, ToolChoiceMode),
    "REASONING_EFFORTS": (prompt_pb2.ReasoningEffort.DESCRIPTOR, ReasoningEffort),
    "REASONING_VISIBILITIES": (prompt_pb2.ReasoningVisibility.DESCRIPTOR, ReasoningVisibility),
    "MODALITIES": (prompt_pb2.Modality.DESCRIPTOR, Modality),
    "VERBOSITIES": (prompt_pb2.Verbosity.DESCRIPTOR, Verbosity),
    "SERVICE_TIERS": (prompt_pb2.ServiceTier.DESCRIPTOR, ServiceTier),
    "TASKS": (routing_pb2.Task.DESCRIPTOR, Task),
    "PRIORITIES": (routing_pb2.Priority.DESCRIPTOR, Priority),
    "CONSISTENCY_MODES": (routing_pb2.ConsistencyMode.DESCRIPTOR, ConsistencyMode),
    "HEDGING_MODES": (routing_pb2.HedgingMode.DESCRIPTOR, HedgingMode),
    "STREAM_RECOVERY_MODES": (routing_pb2.StreamRecoveryMode.DESCRIPTOR, StreamRecoveryMode),
    "HEALTH_STATES": (health_pb2.HealthState.DESCRIPTOR, HealthState),
    "CAPABILITIES": (explanation_pb2.Capability.DESCRIPTOR, Capability),
}

OUT = {
    "FINISH_REASONS": (stream_pb2.FinishReason.DESCRIPTOR, FinishReason),
    "MODALITIES": (prompt_pb2.Modality.DESCRIPTOR, Modality),
    "CACHE_LIFETIMES": (prompt_pb2.PromptCacheLifetime.DESCRIPTOR, CacheLifetime),
    "HOSTED_STATUSES": (prompt_pb2.HostedActivityStatus.DESCRIPTOR, HostedStatus),
    "REASONING_EFFORTS": (prompt_pb2.ReasoningEffort.DESCRIPTOR, ReasoningEffort),
    "SERVICE_TIERS": (prompt_pb2.ServiceTier.DESCRIPTOR, ServiceTier),
    "ATTEMPT_REASONS": (report_pb2.AttemptReason.DESCRIPTOR, AttemptReason),
    "ATTEMPT_OUTCOMES": (report_pb2.AttemptOutcome.DESCRIPTOR, AttemptOutcome),
    "FAILURE_CLASSES": (report_pb2.FailureClass.DESCRIPTOR, FailureClass),
    "LEFT_OUT_KINDS": (report_pb2.LeftOutKind.DESCRIPTOR, LeftOutKind),
    "DEGRADATION_RUNGS": (report_pb2.DegradationRung.DESCRIPTOR, DegradationRung),
    "CAPABILITIES": (explanation_pb2.Capability.DESCRIPTOR, Capability),
    "EXCLUSION_REASONS": (explanation_pb2.ExclusionReason.DESCRIPTOR, ExclusionReason),
    "OBSTACLES": (explanation_pb2.ObstacleReason.DESCRIPTOR, Obstacle),
    "TASKS": (routing_pb2.Task.DESCRIPTOR, Task),
    "PRIORITIES": (routing_pb2.Priority.DESCRIPTOR, Priority),
    "CONSISTENCY_MODES": (routing_pb2.ConsistencyMode.DESCRIPTOR, ConsistencyMode),
    "HEDGING_MODES": (routing_pb2.HedgingMode.DESCRIPTOR, HedgingMode),
    "STREAM_RECOVERY_MODES": (routing_pb2.StreamRecoveryMode.DESCRIPTOR, StreamRecoveryMode),
    "HEALTH_STATES": (health_pb2.HealthState.DESCRIPTOR, HealthState),
    "BREAKER_STATES": (health_pb2.BreakerState.DESCRIPTOR, BreakerState),
    "RECOVERY_KINDS": (stream_pb2.RecoveryKind.DESCRIPTOR, RecoveryKind),
}

OTHER_NAMES: Mapping[enum.Enum, str] = {
    AttemptOutcome.RUNNING: "UNSPECIFIED",
    CacheLifetime.DEFAULT: "UNSPECIFIED",
}
"""Members whose word in the contract is that of the unset enum."""


def prefix(descriptor: EnumDescriptor) -> str:
    """Return what all names of an enum begin with."""
    return descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")


def word(member: enum.Enum) -> str:
    """Return the word that the contract uses for a member."""
    return OTHER_NAMES.get(member, member.name)


def tables(module: object) -> set[str]:
    """Return the names of all tables of a module."""
    return {name for name in vars(module) if name.isupper()}


def test_all_tables_are_tried() -> None:
    """A new table needs a row here."""
    assert (tables(enums_in), tables(enums_out)) == (set(IN), set(OUT))


@pytest.mark.parametrize("name", IN)
def test_every_number_of_the_contract_is_understood(name: str) -> None:
    """By the word of its name; only an unset enum may mean nothing of its own."""
    descriptor, members = IN[name]
    table: Mapping[int, enum.Enum | None] = getattr(enums_in, name)
    words = {
        value.number: value.name.removeprefix(prefix(descriptor)) for value in descriptor.values
    }

    understood = {number: word(member) for number, member in table.items() if number and member}

    assert understood == {number: word for number, word in words.items() if number}
    assert set(table.values()) >= set(members)
    assert table.keys() - words.keys() == set()


@pytest.mark.parametrize("name", OUT)
def test_every_member_of_the_domain_is_converted(name: str) -> None:
    """By the number that has its name."""
    descriptor, members = OUT[name]
    table: Mapping[enum.Enum, int] = getattr(enums_out, name)

    told = {member: descriptor.values_by_number[number].name for member, number in table.items()}

    assert told == {member: prefix(descriptor) + word(member) for member in members}


@pytest.mark.parametrize(
    "name",
    [name for name in OUT if name not in {"CACHE_LIFETIMES", "ATTEMPT_OUTCOMES"}],
)
def test_domain_knows_every_number_that_may_be_sent(name: str) -> None:
    """A number of the contract without a member could never be sent."""
    descriptor, _ = OUT[name]
    table: Mapping[enum.Enum, int] = getattr(enums_out, name)

    assert set(table.values()) == {value.number for value in descriptor.values if value.number}
