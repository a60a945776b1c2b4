"""The words for reasoning efforts and service tiers in both of OpenAI's formats."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort

LOW_TO_HIGH: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.LOW: "low",
        ReasoningEffort.MEDIUM: "medium",
        ReasoningEffort.HIGH: "high",
    }
)
NONE_TO_HIGH: Mapping[ReasoningEffort, str] = MappingProxyType(
    {**LOW_TO_HIGH, ReasoningEffort.NONE: "none"}
)
ALL_EFFORTS: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        **NONE_TO_HIGH,
        ReasoningEffort.MINIMAL: "minimal",
        ReasoningEffort.XHIGH: "xhigh",
        ReasoningEffort.MAXIMUM: "max",
    }
)
"""Each model takes some of them, which is a fact of the catalogue."""

NO_TIERS: Mapping[ServiceTier, str] = MappingProxyType({})
TIERS_WITHOUT_FLEX: Mapping[ServiceTier, str] = MappingProxyType(
    {ServiceTier.STANDARD: "default", ServiceTier.PRIORITY: "priority"}
)
ALL_TIERS: Mapping[ServiceTier, str] = MappingProxyType(
    {**TIERS_WITHOUT_FLEX, ServiceTier.FLEX: "flex"}
)
