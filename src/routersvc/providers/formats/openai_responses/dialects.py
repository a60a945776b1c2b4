"""In what vendors of the Responses format differ, as facts.

Nothing else in this package asks who the vendor is. A fact is here because recorded traffic, the
vendor's schema or its documentation shows it; where none of them does, the cautious value stands.
The router keeps nothing at a vendor: every request carries its whole conversation and says
`store: false`, so that no dialect needs to know of stored answers.
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
    ALL_TIERS,
    LOW_TO_HIGH,
    NO_TIERS,
    NONE_TO_MAX,
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
"""What nearly every vendor of the format understands."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ResponsesDialect(Dialect):
    """How one vendor speaks the Responses format.

    `capabilities` is what a request can ask for. `encrypted_thoughts`: thoughts come encrypted
    where that is asked for, and go back so. `plain_thoughts`: thoughts that came as plain text
    go back as such. `strict_required`: a tool says whether its schema is kept strictly, be it that
    it does not care. `hosted_custom_calls`: custom tool calls are the vendor's own doing, never
    the caller's. `cancel_stops_billing`: what the vendor generates after a stream was closed is not
    billed.
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


_OPENAI = ResponsesDialect(
    name="openai",
    capabilities=_COMMON | {Capability.PROMPT_CACHE, Capability.VERBOSITY, Capability.SERVICE_TIER},
    strict_required=True,
    cache_breakpoints=True,
    end_user_field="safety_identifier",
    min_output_tokens=16,
    efforts=NONE_TO_MAX,
    service_tiers=ALL_TIERS,
)

_AZURE = dataclasses.replace(
    _OPENAI,
    name="azure",
    credential_header=CredentialHeader(name="api-key", scheme=""),
    capabilities=_OPENAI.capabilities - {Capability.PROMPT_CACHE},
    cache_breakpoints=False,
    end_user_field="user",
    service_tiers=TIERS_WITHOUT_FLEX,
)

_XAI = ResponsesDialect(
    name="xai",
    capabilities=_COMMON - {Capability.FILE_INPUT},
    hosted_custom_calls=True,
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
