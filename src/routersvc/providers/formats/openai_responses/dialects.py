"""The facts in which vendors of the Responses format differ.

Nothing else in this package asks who the vendor is. Each fact was seen in recorded traffic, the
vendor's schema or its documentation; without evidence, the cautious value stands. The router stores
nothing at a vendor: every request carries the whole conversation and `store: false`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.dialects import Dialect
from routersvc.providers.formats.openai_words import (
    ALL_EFFORTS,
    ALL_TIERS,
    LOW_TO_HIGH,
    NO_TIERS,
    NONE_TO_HIGH,
    TIERS_WITHOUT_FLEX,
)

WIRE_FORMAT = "openai_responses"
"""The format's name in the configuration and in wire extensions."""


_COMMON = frozenset(
    {
        Capability.TOOLS,
        Capability.PARALLEL_TOOL_CALLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.FILE_INPUT,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.SAMPLING,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
        Capability.HOSTED_TOOLS,
    }
)
"""What nearly every vendor of the format supports."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ResponsesDialect(Dialect):
    """How one vendor speaks the Responses format.

    `encrypted_thoughts`: encrypted thoughts can be requested and sent back. `plain_thoughts`:
    plain-text thoughts are sent back. `strict_required`: every tool has the field `strict`, null if
    the caller did not set it. `hosted_custom_calls`: custom tool calls are the vendor's own, never
    the caller's. `maker` names whose encrypted thoughts these are; empty: the provider's own.
    `phases`: the phase of an earlier answer's text is sent back.
    `code_container`: where code runs unless the caller says it; empty for vendors without a choice.
    """

    wire_format: str = WIRE_FORMAT
    capabilities: frozenset[Capability] = _COMMON
    path: str = "/responses"
    probe_path: str = "/models"
    developer_role: bool = True
    encrypted_thoughts: bool = True
    plain_thoughts: bool = False
    strict_required: bool = False
    cache_breakpoints: bool = False
    prompt_cache_key: bool = True
    end_user_field: str = "user"
    min_output_tokens: int = 1
    efforts: Mapping[ReasoningEffort, str] = dataclasses.field(default_factory=lambda: LOW_TO_HIGH)
    summaries: bool = True
    service_tiers: Mapping[ServiceTier, str] = dataclasses.field(default_factory=lambda: NO_TIERS)
    hosted_custom_calls: bool = False
    maker: str = ""
    blocked_domains_field: str = "blocked_domains"
    code_container: str = "auto"
    phases: bool = False


_OPENAI = ResponsesDialect(
    name="openai",
    maker="openai",
    capabilities=_COMMON | {Capability.PROMPT_CACHE, Capability.VERBOSITY, Capability.SERVICE_TIER},
    strict_required=True,
    cache_breakpoints=True,
    end_user_field="safety_identifier",
    min_output_tokens=16,
    efforts=ALL_EFFORTS,
    service_tiers=ALL_TIERS,
    phases=True,
)

_AZURE = dataclasses.replace(
    _OPENAI,
    name="azure",
    maker="azure",
    credential_header=CredentialHeader(name="api-key", scheme=""),
    capabilities=_OPENAI.capabilities - {Capability.PROMPT_CACHE},
    cache_breakpoints=False,
    end_user_field="user",
    service_tiers=TIERS_WITHOUT_FLEX,
)

_XAI = ResponsesDialect(
    name="xai",
    maker="xai",
    capabilities=_COMMON - {Capability.FILE_INPUT},
    # Only the multi-agent models take `xhigh`.
    efforts=MappingProxyType({**NONE_TO_HIGH, ReasoningEffort.XHIGH: "xhigh"}),
    hosted_custom_calls=True,
    blocked_domains_field="excluded_domains",
    code_container="",
)

_DEEPSEEK = ResponsesDialect(
    name="deepseek",
    capabilities=_COMMON
    - {
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.FILE_INPUT,
        Capability.LOGPROBS,
        Capability.PARALLEL_TOOL_CALLS,
    },
    developer_role=False,
    encrypted_thoughts=False,
    plain_thoughts=True,
    prompt_cache_key=False,
    # The vendor maps what its models lack to the next effort that they have.
    efforts=ALL_EFFORTS,
    summaries=False,
)

_GENERIC = ResponsesDialect(
    name="generic",
    developer_role=False,
    encrypted_thoughts=False,
    plain_thoughts=True,
    prompt_cache_key=False,
)

DIALECTS: Mapping[str, ResponsesDialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (_OPENAI, _AZURE, _XAI, _DEEPSEEK, _GENERIC)}
)
"""The dialects by the names that the configuration uses."""
