"""The dialects of OpenAI, whose format it is, and of Azure OpenAI."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.errors.vendor_errors import VendorErrors
from routersvc.providers.formats.openai_chat.dialects import (
    COMMON_CAPABILITIES,
    CacheMarkerForm,
    ComplianceForm,
    FileForm,
    OpenAiDialect,
    WebSearchForm,
)
from routersvc.providers.formats.openai_words import (
    ALL_EFFORTS,
    ALL_TIERS,
    NO_TIERS,
    TIERS_WITHOUT_FLEX,
)
from routersvc.providers.writing.call_ids import CHAT_CALL_ID

_LIMITS_OF_REQUESTS = frozenset(
    {
        "array_above_max_length",
        "decimal_above_max_value",
        "empty_image_file",
        "failed_to_download_image",
        "image_file_not_found",
        "image_file_too_large",
        "image_parse_error",
        "image_too_large",
        "image_too_small",
        "integer_above_max_value",
        "invalid_base64_image",
        "invalid_function_parameters",
        "invalid_image",
        "invalid_image_format",
        "invalid_image_mode",
        "invalid_image_url",
        "invalid_json_schema",
        "invalid_schema",
        "object_above_max_properties",
        "unknown_parameter",
        "unsupported_file",
        "unsupported_image_media_type",
        "unsupported_parameter",
        "unsupported_value",
    }
)
"""Codes of limits that other vendors do not share, and of pictures that others may still read."""

OPENAI = OpenAiDialect(
    name="openai",
    capabilities=COMMON_CAPABILITIES
    | {
        Capability.AUDIO_INPUT,
        Capability.FILE_INPUT,
        Capability.AUDIO_OUTPUT,
        Capability.PROMPT_CACHE,
        Capability.PREDICTED_OUTPUT,
        Capability.VERBOSITY,
        Capability.SERVICE_TIER,
        Capability.HOSTED_TOOLS,
    },
    web_search_form=WebSearchForm.OPTIONS,
    max_tokens_field="max_completion_tokens",
    developer_role=True,
    refusal_field=True,
    call_ids=CHAT_CALL_ID,
    prompt_cache_key=True,
    efforts=ALL_EFFORTS,
    service_tiers=ALL_TIERS,
    file_form=FileForm.FILE,
    cache_marker_form=CacheMarkerForm.BREAKPOINT,
    compliance_form=ComplianceForm.STORE_FALSE,
    errors=VendorErrors(
        codes={
            FailureClass.QUOTA_EXHAUSTED: frozenset(
                {
                    "billing_hard_limit_reached",
                    "billing_not_active",
                    "credit_balance_exhausted",
                    "insufficient_quota",
                    "organization_spend_limit_exceeded",
                    "project_spend_limit_exceeded",
                }
            ),
            FailureClass.CONTENT_FILTERED: frozenset(
                {
                    "bio_policy",
                    "content_filter",
                    "content_policy_violation",
                    "cyber_policy",
                    "cyber_policy_violation",
                    "image_content_policy_violation",
                    "invalid_prompt",
                    "misalignment_policy",
                    "misalignment_policy_violation",
                    "moderation_blocked",
                    "safety_violation",
                }
            ),
            FailureClass.CONTEXT_LENGTH: frozenset({"context_length_exceeded"}),
            FailureClass.MODEL_NOT_FOUND: frozenset({"model_not_found"}),
            FailureClass.AUTHENTICATION: frozenset({"invalid_api_key"}),
            FailureClass.PERMISSION: frozenset(
                {
                    "access_terminated",
                    "account_deactivated",
                    "organization_deactivated",
                    "unsupported_country_region_territory",
                }
            ),
            FailureClass.CAPABILITY_MISMATCH: _LIMITS_OF_REQUESTS,
            FailureClass.OVERLOADED: frozenset({"server_is_overloaded", "slow_down"}),
        },
        broad_codes={
            FailureClass.RATE_LIMITED: frozenset({"rate_limit_exceeded"}),
            FailureClass.OVERLOADED: frozenset({"service_unavailable_error"}),
            FailureClass.SERVER_ERROR: frozenset({"server_error"}),
            FailureClass.INVALID_REQUEST: frozenset({"invalid_request_error"}),
        },
        decisive_codes=frozenset(
            {
                "access_terminated",
                "account_deactivated",
                "billing_hard_limit_reached",
                "billing_not_active",
                "credit_balance_exhausted",
                "insufficient_quota",
                "invalid_api_key",
                "model_not_found",
                "organization_deactivated",
                "organization_spend_limit_exceeded",
                "project_spend_limit_exceeded",
            }
        ),
        request_phrases=(
            r"^no such (?:file|vector store|container|image)",
            r"^(?:file|previous response|item|container|vector store)\b.{0,200}?\bnot found",
        ),
        proof_codes=frozenset({"invalid_encrypted_content"}),
        proof_phrases=(
            r"encrypted content\b.{0,200}?could not be (?:verified|decrypted)",
            r"^could not decrypt the provided encrypted_content",
            r"\bwas provided without its required\b",
        ),
        phrases={
            FailureClass.CONTENT_FILTERED: (
                r"usage policy",
                r"violat\w+ (?:our|the) (?:\w+ )?polic",
            ),
            FailureClass.CONTEXT_LENGTH: (
                r"request too large",
                # The text of a message, in characters; other fields have short limits.
                r"string too long\. expected a string with maximum length \d{6,}",
            ),
            FailureClass.CAPABILITY_MISMATCH: (
                r"unsupported (?:parameter|value)",
                r"^invalid schema for (?:response_format|function|tool)",
                r"\b(?:string|array|object) too long\. expected an? (?:string|array|object) with",
                r"^(?:timeout|error) while downloading\b",
            ),
        },
        remaining_requests=("x-ratelimit-remaining-requests",),
        remaining_tokens=("x-ratelimit-remaining-tokens",),
    ),
)

AZURE = dataclasses.replace(
    OPENAI,
    name="azure",
    credential_header=CredentialHeader(name="api-key", scheme=""),
    capabilities=OPENAI.capabilities - {Capability.PROMPT_CACHE, Capability.HOSTED_TOOLS},
    web_search_form=WebSearchForm.NONE,
    service_tiers=TIERS_WITHOUT_FLEX,
    cache_marker_form=CacheMarkerForm.NONE,
    errors=VendorErrors(
        codes={
            FailureClass.CONTENT_FILTERED: frozenset({"responsibleaipolicyviolation"}),
            FailureClass.MODEL_NOT_FOUND: frozenset({"deploymentnotfound"}),
        },
        decisive_codes=frozenset({"deploymentnotfound"}),
        broad_codes={FailureClass.RATE_LIMITED: frozenset({"ratelimitreached"})},
        phrases={FailureClass.CONTENT_FILTERED: (r"content management policy",)},
    ),
)

_AZURE_API_VERSION = "2024-10-21"
"""The last stable version of the classic surface; a provider's `query` may name another one."""

AZURE_DEPLOYMENTS = dataclasses.replace(
    AZURE,
    name="azure_deployments",
    path="/openai/deployments/{model}/chat/completions?api-version=" + _AZURE_API_VERSION,
    probe_path="/openai/models?api-version=" + _AZURE_API_VERSION,
    capabilities=AZURE.capabilities
    - {
        Capability.FILE_INPUT,
        Capability.PREDICTED_OUTPUT,
        Capability.SERVICE_TIER,
        Capability.VERBOSITY,
    },
    service_tiers=NO_TIERS,
    developer_role=False,
    prompt_cache_key=False,
    file_form=FileForm.NONE,
    compliance_form=ComplianceForm.NONE,
)
