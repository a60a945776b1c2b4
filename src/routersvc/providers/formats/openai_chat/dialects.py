"""In what vendors of the chat completions format differ, as facts.

Nothing else in this package asks who the vendor is. A fact is here because recorded traffic, the
vendor's schema or its documentation shows it; where none of them does, the cautious value stands.
Another compatible vendor is one of these dialects and a base URL, or one more entry in `DIALECTS`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.conversation.parts import (
    CacheLifetime,
)
from routersvc.domain.conversation.prompts import (
    ServiceTier,
)
from routersvc.domain.conversation.reasoning import (
    ReasoningEffort,
)
from routersvc.providers.credentials.authorisations import BEARER, CredentialHeader


class ThoughtForm(enum.Enum):
    """How earlier thoughts of the model are given back to it."""

    NONE = "none"
    REASONING = "reasoning"
    REASONING_CONTENT = "reasoning_content"
    REASONING_DETAILS = "reasoning_details"
    CONTENT_CHUNKS = "content_chunks"


class ReasoningForm(enum.Enum):
    """How the request says how much to think."""

    EFFORT_FIELD = "effort_field"
    OBJECT = "object"


class PrefillForm(enum.Enum):
    """How the request says that the last message is the beginning of the answer."""

    NONE = "none"
    PLAIN = "plain"
    PREFIX_FLAG = "prefix_flag"
    CONTINUE_FLAG = "continue_flag"


class FileForm(enum.Enum):
    """How a document is given."""

    NONE = "none"
    FILE = "file"
    FILE_OR_URL = "file_or_url"
    DOCUMENT_URL = "document_url"


class CacheMarkerForm(enum.Enum):
    """How the end of a cacheable prefix is marked."""

    NONE = "none"
    BREAKPOINT = "breakpoint"
    CACHE_CONTROL = "cache_control"


class ComplianceForm(enum.Enum):
    """How the request asks the vendor to keep and learn nothing."""

    NONE = "none"
    STORE_FALSE = "store_false"
    PROVIDER_PREFERENCES = "provider_preferences"


CACHE_CONTROL_LIFETIMES: Mapping[CacheLifetime, str | None] = MappingProxyType(
    {CacheLifetime.DEFAULT: None, CacheLifetime.SHORT: "5m", CacheLifetime.LONG: "1h"}
)
"""The `ttl` beside `cache_control`, `None` where it is left to the vendor."""

_LOW_TO_HIGH: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.LOW: "low",
        ReasoningEffort.MEDIUM: "medium",
        ReasoningEffort.HIGH: "high",
    }
)
_NONE_TO_HIGH = MappingProxyType({ReasoningEffort.NONE: "none", **_LOW_TO_HIGH})
_NONE_TO_MAX = MappingProxyType(
    {
        **_NONE_TO_HIGH,
        ReasoningEffort.MINIMAL: "minimal",
        ReasoningEffort.MAXIMUM: "max",
    }
)
_WAV_AND_MP3: Mapping[str, str] = MappingProxyType(
    {
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/wave": "wav",
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
    }
)
_NO_TIERS: Mapping[ServiceTier, str] = MappingProxyType({})

_COMMON = frozenset(
    {
        Capability.TOOLS,
        Capability.PARALLEL_TOOL_CALLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.SEED,
        Capability.SAMPLING,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
        Capability.LOGIT_BIAS,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
    }
)
"""What nearly every vendor of the format understands."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiDialect:
    """How one vendor speaks the chat completions format.

    `capabilities` is what a request can ask for. `path` may hold `{model}`, where a vendor names
    the model there, and a query. `terminator_required`: a stream is complete with
    `[DONE]` only; otherwise its orderly end after a finish reason will do.
    `finish_reason_required`: an answer without one is cut off, whatever else ends it.
    `cancel_stops_billing`: what the vendor generates after a stream was closed is not billed.
    """

    name: str
    capabilities: frozenset[Capability] = _COMMON
    path: str = "/chat/completions"
    probe_path: str = "/models"
    credential_header: CredentialHeader = BEARER
    max_tokens_field: str = "max_tokens"
    seed_field: str = "seed"
    end_user_field: str | None = "user"
    developer_role: bool = False
    participant_names: bool = True
    refusal_field: bool = False
    stream_options: bool = True
    prompt_cache_key: bool = False
    image_addresses: bool = True
    images_in_tool_results: bool = False
    max_stop_sequences: int | None = 4
    audio_formats: Mapping[str, str] = dataclasses.field(default_factory=lambda: _WAV_AND_MP3)
    efforts: Mapping[ReasoningEffort, str] = dataclasses.field(default_factory=lambda: _LOW_TO_HIGH)
    reasoning_form: ReasoningForm = ReasoningForm.EFFORT_FIELD
    service_tiers: Mapping[ServiceTier, str] = dataclasses.field(default_factory=lambda: _NO_TIERS)
    thought_form: ThoughtForm = ThoughtForm.NONE
    prefill_form: PrefillForm = PrefillForm.NONE
    file_form: FileForm = FileForm.NONE
    cache_marker_form: CacheMarkerForm = CacheMarkerForm.NONE
    compliance_form: ComplianceForm = ComplianceForm.NONE
    terminator_required: bool = True
    finish_reason_required: bool = True
    cancel_stops_billing: bool = True


_OPENAI = OpenAiDialect(
    name="openai",
    capabilities=_COMMON
    | {
        Capability.AUDIO_INPUT,
        Capability.FILE_INPUT,
        Capability.AUDIO_OUTPUT,
        Capability.PROMPT_CACHE,
        Capability.PREDICTED_OUTPUT,
        Capability.VERBOSITY,
        Capability.SERVICE_TIER,
    },
    max_tokens_field="max_completion_tokens",
    developer_role=True,
    refusal_field=True,
    prompt_cache_key=True,
    efforts=_NONE_TO_MAX,
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "default",
            ServiceTier.PRIORITY: "priority",
        }
    ),
    file_form=FileForm.FILE,
    cache_marker_form=CacheMarkerForm.BREAKPOINT,
    compliance_form=ComplianceForm.STORE_FALSE,
)

_AZURE = dataclasses.replace(
    _OPENAI,
    name="azure",
    credential_header=CredentialHeader(name="api-key", scheme=""),
    capabilities=_OPENAI.capabilities - {Capability.PROMPT_CACHE},
    service_tiers=MappingProxyType(
        {ServiceTier.STANDARD: "default", ServiceTier.PRIORITY: "priority"}
    ),
    cache_marker_form=CacheMarkerForm.NONE,
)

_AZURE_API_VERSION = "2024-10-21"
"""The last stable version of the classic surface; a provider's `query` may name another one."""

_AZURE_DEPLOYMENTS = dataclasses.replace(
    _AZURE,
    name="azure_deployments",
    path="/openai/deployments/{model}/chat/completions?api-version=" + _AZURE_API_VERSION,
    probe_path="/openai/models?api-version=" + _AZURE_API_VERSION,
    capabilities=_AZURE.capabilities
    - {
        Capability.FILE_INPUT,
        Capability.PREDICTED_OUTPUT,
        Capability.SERVICE_TIER,
        Capability.VERBOSITY,
    },
    service_tiers=_NO_TIERS,
    developer_role=False,
    prompt_cache_key=False,
    file_form=FileForm.NONE,
    compliance_form=ComplianceForm.NONE,
)

_GENERIC = OpenAiDialect(name="generic", thought_form=ThoughtForm.REASONING_CONTENT)

_VLLM = OpenAiDialect(
    name="vllm",
    capabilities=_COMMON
    | {Capability.AUDIO_INPUT, Capability.TOP_K, Capability.MIN_P, Capability.PREFILL},
    max_stop_sequences=None,
    thought_form=ThoughtForm.REASONING,
    prefill_form=PrefillForm.CONTINUE_FLAG,
)

_GROQ = OpenAiDialect(
    name="groq",
    capabilities=(_COMMON | {Capability.SERVICE_TIER})
    - {Capability.LOGPROBS, Capability.LOGIT_BIAS},
    max_tokens_field="max_completion_tokens",
    efforts=_NONE_TO_HIGH,
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "on_demand",
            ServiceTier.PRIORITY: "performance",
        }
    ),
    thought_form=ThoughtForm.REASONING,
    cancel_stops_billing=False,
)

_MISTRAL = OpenAiDialect(
    name="mistral",
    capabilities=(
        _COMMON
        | {
            Capability.AUDIO_INPUT,
            Capability.FILE_INPUT,
            Capability.PREFILL,
            Capability.PREDICTED_OUTPUT,
        }
    )
    - {Capability.LOGPROBS, Capability.LOGIT_BIAS},
    seed_field="random_seed",
    end_user_field=None,
    participant_names=False,
    stream_options=False,
    prompt_cache_key=True,
    images_in_tool_results=True,
    max_stop_sequences=None,
    efforts=MappingProxyType({ReasoningEffort.NONE: "none", ReasoningEffort.HIGH: "high"}),
    thought_form=ThoughtForm.CONTENT_CHUNKS,
    prefill_form=PrefillForm.PREFIX_FLAG,
    file_form=FileForm.DOCUMENT_URL,
    cancel_stops_billing=False,
)

_DEEPSEEK = OpenAiDialect(
    name="deepseek",
    capabilities=_COMMON
    - {
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.LOGIT_BIAS,
        Capability.PARALLEL_TOOL_CALLS,
    },
    max_stop_sequences=16,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

_XAI = OpenAiDialect(
    name="xai",
    capabilities=_COMMON - {Capability.LOGIT_BIAS},
    thought_form=ThoughtForm.REASONING_CONTENT,
)

_TOGETHER = OpenAiDialect(
    name="together",
    capabilities=(_COMMON | {Capability.TOP_K, Capability.MIN_P}) - {Capability.LOGPROBS},
    stream_options=False,
    thought_form=ThoughtForm.REASONING,
)

_OPENROUTER = OpenAiDialect(
    name="openrouter",
    capabilities=_COMMON
    | {
        Capability.AUDIO_INPUT,
        Capability.FILE_INPUT,
        Capability.IMAGE_OUTPUT,
        Capability.TOP_K,
        Capability.MIN_P,
        Capability.PREFILL,
        Capability.PROMPT_CACHE,
        Capability.PREDICTED_OUTPUT,
        Capability.SERVICE_TIER,
    },
    refusal_field=True,
    prompt_cache_key=True,
    images_in_tool_results=True,
    efforts=_NONE_TO_MAX,
    reasoning_form=ReasoningForm.OBJECT,
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "default",
            ServiceTier.PRIORITY: "priority",
        }
    ),
    thought_form=ThoughtForm.REASONING_DETAILS,
    prefill_form=PrefillForm.PLAIN,
    file_form=FileForm.FILE_OR_URL,
    cache_marker_form=CacheMarkerForm.CACHE_CONTROL,
    compliance_form=ComplianceForm.PROVIDER_PREFERENCES,
)

_OLLAMA = OpenAiDialect(
    name="ollama",
    capabilities=_COMMON
    - {
        Capability.TOOL_CHOICE,
        Capability.PARALLEL_TOOL_CALLS,
        Capability.LOGPROBS,
        Capability.LOGIT_BIAS,
    },
    image_addresses=False,
    images_in_tool_results=True,
    max_stop_sequences=None,
    efforts=_NONE_TO_HIGH,
    thought_form=ThoughtForm.REASONING,
)

_GPUSTACK = dataclasses.replace(_GENERIC, name="gpustack", terminator_required=False)
_CEREBRAS = dataclasses.replace(_GENERIC, name="cerebras", thought_form=ThoughtForm.REASONING)
_VERCEL_GATEWAY = dataclasses.replace(
    _GENERIC, name="vercel_gateway", thought_form=ThoughtForm.REASONING_DETAILS
)
_SNOWFLAKE = dataclasses.replace(
    _GENERIC,
    name="snowflake",
    reasoning_form=ReasoningForm.OBJECT,
    finish_reason_required=False,
)

DIALECTS: Mapping[str, OpenAiDialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            _OPENAI,
            _AZURE,
            _AZURE_DEPLOYMENTS,
            _GENERIC,
            _VLLM,
            _GROQ,
            _MISTRAL,
            _DEEPSEEK,
            _XAI,
            _TOGETHER,
            _OPENROUTER,
            _OLLAMA,
            _CEREBRAS,
            _GPUSTACK,
            _SNOWFLAKE,
            _VERCEL_GATEWAY,
        )
    }
)
"""The dialects by the names that the configuration uses."""
