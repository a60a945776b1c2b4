"""The vendors of the chat completions format, one dialect each.

Nothing else in this package asks who the vendor is. Each fact was seen in recorded traffic, the
vendor's schema or its documentation; without evidence, the cautious value stands. Another
compatible vendor is one of these dialects and a base URL, or one more entry here: what it can
express, and the error codes and phrases that only it uses. `maker_dialects`, `host_dialects` and
`server_dialects` have more of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors.vendor_errors import VendorErrors
from routersvc.providers.formats.openai_chat.dialects import (
    COMMON_CAPABILITIES,
    CacheMarkerForm,
    ComplianceForm,
    FileForm,
    OpenAiDialect,
    PrefillForm,
    ReasoningForm,
    ThinkingSwitch,
    ThoughtForm,
    WebSearchForm,
)
from routersvc.providers.formats.openai_chat.host_dialects import HOSTS
from routersvc.providers.formats.openai_chat.maker_dialects import MAKERS, THINKING_TYPE
from routersvc.providers.formats.openai_chat.openai_dialects import AZURE, AZURE_DEPLOYMENTS, OPENAI
from routersvc.providers.formats.openai_chat.server_dialects import SERVERS, TEMPLATE_SWITCH
from routersvc.providers.formats.openai_words import ALL_EFFORTS, ALL_TIERS, NONE_TO_HIGH
from routersvc.providers.writing.call_ids import MISTRAL_CALL_ID

_ENABLED = ThinkingSwitch(adaptive=MappingProxyType({"enabled": True}))
"""Thinking at the vendor's default, as a field of its object `reasoning`."""

_GENERIC = OpenAiDialect(
    name="generic", thought_form=ThoughtForm.REASONING_CONTENT, extra_content=True
)

_VLLM = OpenAiDialect(
    name="vllm",
    capabilities=COMMON_CAPABILITIES
    | {Capability.AUDIO_INPUT, Capability.TOP_K, Capability.MIN_P, Capability.PREFILL},
    max_stop_sequences=None,
    thinking=TEMPLATE_SWITCH,
    thought_form=ThoughtForm.REASONING,
    prefill_form=PrefillForm.CONTINUE_FLAG,
    errors=VendorErrors(
        codes={FailureClass.MODEL_NOT_FOUND: frozenset({"notfounderror"})},
        decisive_codes=frozenset({"notfounderror"}),
        broad_codes={
            FailureClass.SERVER_ERROR: frozenset({"internalservererror"}),
            FailureClass.INVALID_REQUEST: frozenset({"badrequesterror"}),
        },
        phrases={
            FailureClass.CONTEXT_LENGTH: (
                r"context length (?:is only|exceeded|of)",
                r"maximum (?:prompt|input|sequence) length",
                r"longer than the (?:maximum model length|model's context length)",
                r"too long to fit into the model",
                r"^input length \(?\d+(?: tokens\))? exceeds (?:the )?maximum (?:allowed )?length",
                r"^prompt length \(\d+\) plus query length",
            ),
            FailureClass.CAPABILITY_MISMATCH: (
                r"tool choice requires --",
                r"requires? --(?:enable|tool|reasoning|chat)-[\w-]+",
            ),
        },
    ),
)

_GROQ = OpenAiDialect(
    name="groq",
    capabilities=(COMMON_CAPABILITIES | {Capability.SERVICE_TIER})
    - {Capability.LOGPROBS, Capability.LOGIT_BIAS},
    max_tokens_field="max_completion_tokens",
    # Qwen takes `none` and `default`, which thinks as much as the model finds necessary.
    efforts=MappingProxyType({**NONE_TO_HIGH, ReasoningEffort.ADAPTIVE: "default"}),
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "on_demand",
            ServiceTier.PRIORITY: "performance",
        }
    ),
    thought_form=ThoughtForm.REASONING,
    cancel_stops_billing=False,
    errors=VendorErrors(
        codes={
            FailureClass.MODEL_NOT_FOUND: frozenset(
                {"model_decommissioned", "model_terms_required"}
            ),
            FailureClass.BAD_ANSWER: frozenset(
                {"json_validate_failed", "output_parse_failed", "tool_use_failed"}
            ),
            FailureClass.OVERLOADED: frozenset({"capacity_exceeded"}),
        },
        decisive_codes=frozenset({"model_decommissioned", "model_terms_required"}),
        broad_codes={FailureClass.SERVER_ERROR: frozenset({"internal_server_error"})},
        phrases={
            FailureClass.PERMISSION: (r"^organization has been restricted\.",),
            FailureClass.MODEL_NOT_FOUND: (
                r"^the model \S{0,120} ?has been decommissioned",
                r"\bmodel\b.{0,120}?\bdecommissioned",
            ),
        },
        statuses={498: FailureClass.OVERLOADED},
    ),
)

_MISTRAL = OpenAiDialect(
    name="mistral",
    capabilities=(
        COMMON_CAPABILITIES
        | {
            Capability.AUDIO_INPUT,
            Capability.FILE_INPUT,
            Capability.PREFILL,
            Capability.PREDICTED_OUTPUT,
        }
    )
    - {Capability.LOGPROBS, Capability.LOGIT_BIAS},
    seed_field="random_seed",
    call_ids=MISTRAL_CALL_ID,
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
    errors=VendorErrors(
        codes={
            FailureClass.MODEL_NOT_FOUND: frozenset({"invalid_model", "unknown_model"}),
            FailureClass.OVERLOADED: frozenset({"service_tier_capacity_exceeded"}),
        },
        broad_codes={FailureClass.RATE_LIMITED: frozenset({"rate_limited"})},
        phrases={FailureClass.CONTEXT_LENGTH: (r"too large for model",)},
        remaining_requests=(
            "x-ratelimit-remaining-req-10-second",
            "x-ratelimit-remaining-req-minute",
        ),
        remaining_tokens=("x-ratelimit-remaining-tokens-minute", "ratelimitbysize-remaining"),
    ),
)

_DEEPSEEK = OpenAiDialect(
    name="deepseek",
    capabilities=COMMON_CAPABILITIES
    - {
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.LOGIT_BIAS,
        Capability.PARALLEL_TOOL_CALLS,
    },
    max_stop_sequences=16,
    # The vendor maps what its models lack to the next effort that they have.
    efforts=MappingProxyType(
        {effort: word for effort, word in ALL_EFFORTS.items() if effort is not ReasoningEffort.NONE}
    ),
    thinking=THINKING_TYPE,
    thought_form=ThoughtForm.REASONING_CONTENT,
    errors=VendorErrors(
        phrases={
            FailureClass.CONTENT_FILTERED: (r"^content exists risk$",),
            FailureClass.OVERLOADED: (r"(?:server|service|engine) is (?:too )?busy",),
        }
    ),
)

_XAI = OpenAiDialect(
    name="xai",
    capabilities=COMMON_CAPABILITIES - {Capability.LOGIT_BIAS},
    efforts=NONE_TO_HIGH,
    thought_form=ThoughtForm.REASONING_CONTENT,
    errors=VendorErrors(
        phrases={
            FailureClass.QUOTA_EXHAUSTED: (r"^your newly created team doesn't have any credits",),
            FailureClass.CONTENT_FILTERED: (
                r"^content violates usage guidelines\.",
                r"failed check: safety_check_type_\w+$",
            ),
        }
    ),
)

_TOGETHER = OpenAiDialect(
    name="together",
    capabilities=(COMMON_CAPABILITIES | {Capability.TOP_K, Capability.MIN_P})
    - {Capability.LOGPROBS},
    stream_options=False,
    thinking=ThinkingSwitch(
        off=MappingProxyType({"reasoning": {"enabled": False}}),
        adaptive=MappingProxyType({"reasoning": {"enabled": True}}),
    ),
    thought_form=ThoughtForm.REASONING,
    errors=VendorErrors(
        codes={FailureClass.MODEL_NOT_FOUND: frozenset({"model_not_available"})},
        decisive_codes=frozenset({"model_not_available"}),
        phrases={FailureClass.MODEL_NOT_FOUND: (r"^unable to access (?:non-serverless )?model",)},
        remaining_requests=("x-ratelimit-remaining",),
    ),
)

_OPENROUTER = OpenAiDialect(
    name="openrouter",
    resells=True,
    capabilities=COMMON_CAPABILITIES
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
        Capability.HOSTED_TOOLS,
    },
    web_search_form=WebSearchForm.SERVER_TOOL,
    refusal_field=True,
    prompt_cache_key=True,
    images_in_tool_results=True,
    efforts=ALL_EFFORTS,
    reasoning_form=ReasoningForm.OBJECT,
    thinking=_ENABLED,
    service_tiers=ALL_TIERS,
    thought_form=ThoughtForm.REASONING_DETAILS,
    prefill_form=PrefillForm.PLAIN,
    file_form=FileForm.FILE_OR_URL,
    cache_marker_form=CacheMarkerForm.CACHE_CONTROL,
    compliance_form=ComplianceForm.PROVIDER_PREFERENCES,
    errors=VendorErrors(
        codes={
            FailureClass.QUOTA_EXHAUSTED: frozenset({"insufficient_credits", "payment_required"}),
            FailureClass.CONTENT_FILTERED: frozenset({"refusal"}),
            FailureClass.CONTEXT_LENGTH: frozenset(
                {
                    "max_tokens_exceeded",
                    "payload_too_large",
                    "string_too_long",
                    "token_limit_exceeded",
                }
            ),
            FailureClass.AUTHENTICATION: frozenset({"authentication"}),
            FailureClass.PERMISSION: frozenset({"privacy_restricted"}),
            FailureClass.OVERLOADED: frozenset({"provider_overloaded", "provider_unavailable"}),
        },
        # What the account can pay for depends on the size of the request.
        request_phrases=(
            r"requires more credits, or fewer max_tokens",
            r"^prompt tokens limit exceeded",
        ),
        broad_codes={
            FailureClass.SERVER_ERROR: frozenset({"server", "timeout"}),
            FailureClass.INVALID_REQUEST: frozenset({"unprocessable"}),
        },
        phrases={
            FailureClass.CONTENT_FILTERED: (r"request blocked", r"prompt injection"),
            FailureClass.PERMISSION: (r"data policy",),
            FailureClass.CAPABILITY_MISMATCH: (
                r"supports at most",
                r"no endpoints found that support",
            ),
            FailureClass.MODEL_NOT_FOUND: (r"no endpoints found for", r"not a valid model"),
            FailureClass.OVERLOADED: (r"request limit reached",),
        },
        remaining_requests=("x-ratelimit-remaining",),
    ),
)

_OLLAMA = OpenAiDialect(
    name="ollama",
    capabilities=COMMON_CAPABILITIES
    - {
        Capability.TOOL_CHOICE,
        Capability.PARALLEL_TOOL_CALLS,
        Capability.LOGPROBS,
        Capability.LOGIT_BIAS,
    },
    image_addresses=False,
    images_in_tool_results=True,
    max_stop_sequences=None,
    efforts=NONE_TO_HIGH,
    thought_form=ThoughtForm.REASONING,
    errors=VendorErrors(
        phrases={
            FailureClass.CONTEXT_LENGTH: (
                r"max context length",
                r"^the input length exceeds the context length",
            ),
            FailureClass.OVERLOADED: (r"server busy",),
        }
    ),
)

# It serves models with vLLM or SGLang and hands the request on to them.
_GPUSTACK = dataclasses.replace(_GENERIC, name="gpustack", thinking=TEMPLATE_SWITCH)
_CEREBRAS = dataclasses.replace(
    _GENERIC,
    name="cerebras",
    efforts=NONE_TO_HIGH,
    thought_form=ThoughtForm.REASONING,
    errors=VendorErrors(
        remaining_requests=(
            "x-ratelimit-remaining-requests-minute",
            "x-ratelimit-remaining-requests-day",
        ),
        remaining_tokens=("x-ratelimit-remaining-tokens-minute",),
    ),
)
_VERCEL_GATEWAY = dataclasses.replace(
    _GENERIC,
    name="vercel_gateway",
    capabilities=COMMON_CAPABILITIES | {Capability.PROMPT_CACHE},
    efforts=ALL_EFFORTS,
    reasoning_form=ReasoningForm.OBJECT,
    thinking=_ENABLED,
    thought_form=ThoughtForm.REASONING_DETAILS,
    cache_marker_form=CacheMarkerForm.CACHE_CONTROL,
    resells=True,
)
_SNOWFLAKE = dataclasses.replace(
    _GENERIC,
    name="snowflake",
    reasoning_form=ReasoningForm.OBJECT,
    finish_reason_required=False,
    errors=VendorErrors(phrases={FailureClass.CONTEXT_LENGTH: (r"^max tokens of \d+ exceeded",)}),
)

DIALECTS: Mapping[str, OpenAiDialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            OPENAI,
            AZURE,
            AZURE_DEPLOYMENTS,
            _GENERIC,
            _VLLM,
            _GROQ,
            _MISTRAL,
            _CEREBRAS,
            _DEEPSEEK,
            _XAI,
            _TOGETHER,
            _OPENROUTER,
            _OLLAMA,
            _GPUSTACK,
            _SNOWFLAKE,
            _VERCEL_GATEWAY,
            *MAKERS,
            *HOSTS,
            *SERVERS,
        )
    }
)
"""The dialects by the names that the configuration uses."""
